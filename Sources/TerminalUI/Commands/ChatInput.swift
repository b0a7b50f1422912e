package import Room

/// What a person or a script asks for with one line of input.
package enum ChatInput: Sendable, Equatable {
    /// A message to everybody. 1 to `InputParser.maximumTextByteCount` bytes of UTF-8, as in the other cases with text.
    case text(String)
    /// `/me`: what the sender does.
    case action(String)
    /// `/msg`: for one member, named by nick or member id.
    case `private`(to: String, text: String)
    /// `/nick`: the name as typed; `Nick` decides about it.
    case nick(String)
    case who
    case help
    /// The room's invite, in a form for people.
    case invite(InviteForm)
    case verify(VerifyCommand)
    /// What only the person at the host may do.
    case room(RoomCommand)
    case clear
    case quit
    /// Leave at once and wipe.
    case panic
    /// A command, or an option of one, that the command line documents but this build lacks, as in `/kick`.
    case notInThisBuild(String)
    /// A line with a slash that names no command, as typed, without its arguments.
    case unknownCommand(String)
    /// A command with missing or superfluous arguments; how it is written.
    case usage(String)
    /// A text above the limit, of this many bytes. Nothing is sent.
    case tooLarge(byteCount: Int)
    /// An input object of the machine interface that cannot be understood; the reason for people.
    case malformed(String)

    /// The commands of the contract, for completion; some answer that they are not in this build.
    package static let commandNames = [
        "/accept", "/approve", "/ban", "/clear", "/deny", "/extend", "/help", "/invite", "/kick", "/lock", "/me",
        "/msg",
        "/nick", "/panic", "/quit", "/send", "/slow", "/topic", "/unlock", "/verify", "/who",
    ]

    /// What `/help` answers, a line a command.
    package static let helpLines = [
        "/help                 this list",
        "/who                  who is here",
        "/nick NAME            take another name",
        "/me ACTION            say what you do",
        "/msg MEMBER TEXT      to one member only; nobody else can read it",
        "/verify               the room words, and everybody's fingerprint",
        "/verify MEMBER        words to compare with a member over another channel; then",
        "/verify MEMBER yes    (or no) whether they are the same: yes marks the member as verified",
        "/invite               the invite of this room; --qr as a QR code, --copy to the clipboard",
        "/invite --once        a further one, for one member; --uses N, --expires D, --list, --revoke N",
        "/kick MEMBER [REASON] remove a member; /ban MEMBER [REASON] for good",
        "/lock, /unlock        let nobody new in",
        "/approve, /deny MEMBER  decide about who waits to come in",
        "/topic TEXT           what the room is about",
        "/extend D             let the room live longer",
        "/slow D, /slow off    each member may say something once in that time",
        "/clear                clear the screen",
        "/quit                 leave; at the host: close the room for all",
        "/panic                leave at once, wipe keys and screen; at the host: the room is gone for all",
        "//TEXT                a message that begins with a slash",
    ]
}
