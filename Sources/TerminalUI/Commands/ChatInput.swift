package import Chat

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
    /// About one command, or about all when it is nil.
    case help(String?)
    /// The room's invite, in a form for people.
    case invite(InviteForm)
    case verify(VerifyCommand)
    /// What only the person at the host may do.
    case room(RoomCommand)
    case file(FileCommand)
    case clear
    case quit
    /// What the room is about, to be shown.
    case topic
    case ignore(String)
    case unignore(String)
    /// Who is ignored, to be shown.
    case ignored
    /// What was said with this in it, to be shown.
    case lastlog(String)
    /// How far what was said last has come.
    case sent
    /// Another room in a window of its own: the arguments of the command line's `join` or `host`.
    case join([String])
    case host([String])
    /// The window of this number is to be seen; nil for a list of them.
    case window(Int?)
    /// Leave this window's room, and close the window.
    case close
    /// Leave at once and wipe.
    case panic
    /// A line with a slash that names no command, as typed, without its arguments.
    case unknownCommand(String)
    /// A command with missing or superfluous arguments; how it is written.
    case usage(String)
    /// A text above the limit, of this many bytes. Nothing is sent.
    case tooLarge(byteCount: Int)
    /// An input object of the machine interface that cannot be understood; the reason for people.
    case malformed(String)
}
