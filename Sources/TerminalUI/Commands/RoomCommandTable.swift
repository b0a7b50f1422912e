/// The commands of a room, each with its name, its arguments, its help and who may use it: what the parser knows, `/help`
/// tells, Tab completes, and the manual page prints.
package enum RoomCommandTable {
    /// Who may use a command.
    package enum Audience: String, Sendable {
        case everyone
        /// The host, and whom it made a moderator.
        case moderators
    }

    /// What Tab completes as a command's first argument.
    enum Completes: Sendable {
        case nothing, members, waiting, commands
    }

    package struct Entry: Sendable {
        /// With the slash.
        package let name: String
        /// How it is written, and what that does: one element a form.
        package let forms: [(arguments: String, help: String)]
        package let audience: Audience
        let completes: Completes
        let parse: @Sendable (Substring) -> ChatInput

        init(
            _ name: String, _ forms: [(arguments: String, help: String)], _ audience: Audience = .everyone,
            completes: Completes = .nothing, parse: @escaping @Sendable (Substring) -> ChatInput
        ) {
            self.name = name
            self.forms = forms
            self.audience = audience
            self.completes = completes
            self.parse = parse
        }

        /// How the command is written, for whoever wrote it otherwise.
        var usage: String {
            forms.map { $0.arguments.isEmpty ? name : "\(name) \($0.arguments)" }.joined(separator: ", or ")
        }

        /// A line a form.
        func helpLines() -> [String] {
            forms.map { form in
                let written = form.arguments.isEmpty ? name : "\(name) \(form.arguments)"
                return written + String(repeating: " ", count: max(2, 24 - written.count)) + form.help
            }
        }
    }

    package static let entries: [Entry] =
        [
            Entry("/help", [("", "this list"), ("COMMAND", "one command")], completes: .commands) { arguments in
                arguments.isEmpty ? .help(nil) : oneWord(arguments).map { .help($0) } ?? usage("/help")
            },
            Entry("/who", [("", "who is here")]) { $0.isEmpty ? .who : usage("/who") },
            Entry("/nick", [("NAME", "take another name")]) { arguments in
                oneWord(arguments).map { .nick($0) } ?? usage("/nick")
            },
            Entry("/me", [("ACTION", "say what you do")]) { arguments in
                arguments.isEmpty ? usage("/me") : InputParser.text(String(arguments)) { .action($0) }
            },
            Entry("/msg", [("MEMBER TEXT", "to one member only; nobody else can read it")], completes: .members) {
                arguments in
                let (member, message) = InputParser.firstWord(of: arguments)
                guard !member.isEmpty, !message.isEmpty else { return usage("/msg") }
                return InputParser.text(String(message)) { .private(to: String(member), text: $0) }
            },
            Entry(
                "/verify",
                [
                    ("", "the room words, and everybody's fingerprint"),
                    ("MEMBER", "words to compare with a member over another channel"),
                    ("MEMBER yes", "they are the same (no: they are not): yes marks the member as verified"),
                ], completes: .members, parse: RoomCommandParser.verify),
            Entry(
                "/ignore", [("MEMBER", "show nothing more of what a member says"), ("", "who is ignored")],
                completes: .members
            ) {
                arguments in
                arguments.isEmpty ? .ignored : oneWord(arguments).map { .ignore($0) } ?? usage("/ignore")
            },
            Entry("/unignore", [("MEMBER", "show it again")], completes: .members) { arguments in
                oneWord(arguments).map { .unignore($0) } ?? usage("/unignore")
            },
            Entry(
                "/invite",
                [
                    ("[--qr|--copy]", "the invite of this room; as a QR code, or to the clipboard"),
                    ("--once", "a further one, for one member; --uses N, --expires D"),
                    ("--list", "all invites"), ("--revoke N", "invite N is no longer valid"),
                ], parse: RoomCommandParser.invite),
            Entry(
                "/topic",
                [("", "what the room is about"), ("TEXT", "say what it is about"), ("-delete", "no topic any more")]
            ) {
                RoomCommandParser.topic($0)
            },
            files("/send", [("FILE [MEMBER]", "offer a file to all, or to one member only")]),
            files("/accept", [("N [FOLDER]", "fetch file N, into the folder of downloads or another one")]),
            files("/decline", [("N", "do not want it, or do not offer it any more; what is here of it goes")]),
            files("/files", [("", "the files that are offered, and how far they have come")]),
            Entry("/lastlog", [("WORD", "what was said with that word in it")]) { arguments in
                arguments.isEmpty ? usage("/lastlog") : .lastlog(String(arguments))
            },
            Entry("/sent", [("", "how far what you said last has come")]) { $0.isEmpty ? .sent : usage("/sent") },
            Entry("/clear", [("", "clear the screen")]) { $0.isEmpty ? .clear : usage("/clear") },
            Entry("/join", [("INVITE|ROOM [OPTIONS]", "another room in a window of its own, with the options of join")])
            {
                $0.isEmpty ? usage("/join") : .join(RoomCommandParser.words($0))
            },
            Entry("/host", [("[OPTIONS]", "open another room in a window of its own, with the options of host")]) {
                .host(RoomCommandParser.words($0))
            },
            Entry("/window", [("N", "go to window N, as Alt+N does"), ("", "which there are")]) { arguments in
                guard let word = oneWord(arguments) else { return arguments.isEmpty ? .window(nil) : usage("/window") }
                return Int(word).map { .window($0) } ?? usage("/window")
            },
            Entry("/close", [("", "leave this window's room, and close the window")]) {
                $0.isEmpty ? .close : usage("/close")
            },
            Entry("/quit", [("", "leave all rooms; at the host: close the room for all, or pause it if it is kept")]) {
                $0.isEmpty ? .quit : usage("/quit")
            },
            Entry("/panic", [("", "leave at once, wipe keys and screen; at the host: the room is gone for all")]) {
                $0.isEmpty ? .panic : usage("/panic")
            },
            moderation(
                "/kick",
                [
                    ("MEMBER [REASON]", "remove a member; what invites it knows end"),
                    ("--keep-invites MEMBER [REASON]", "the same, and invites stay as they are"),
                ], completes: .members),
            moderation(
                "/ban",
                [
                    ("MEMBER [REASON]", "remove a member for good"),
                    ("--keep-invites MEMBER [REASON]", "the same, and invites stay as they are"),
                ], completes: .members),
            moderation("/op", [("MEMBER", "let a member moderate the room")], completes: .members),
            moderation("/deop", [("MEMBER", "let it moderate no more")], completes: .members),
            moderation("/lock", [("", "let nobody new in")]),
            moderation("/unlock", [("", "let people in again")]),
            moderation("/move", [("", "give the room another onion address; members follow by themselves")]),
            moderation("/approve", [("MEMBER", "let in who waits")], completes: .waiting),
            moderation("/deny", [("MEMBER", "do not let in who waits")], completes: .waiting),
            moderation("/extend", [("DURATION", "let the room live longer: 90s, 15m or 2h")]),
            moderation(
                "/slow",
                [
                    ("DURATION", "each member may say something once in that time, 1s to 1h"),
                    ("off", "as often as they like"),
                ]),
            moderation(
                "/end", [("", "the room ends for all, nothing of it is kept (the host; at a relay who moderates)")]),
        ]

    private static let byName = Dictionary(entries.map { ($0.name, $0) }) { first, _ in first }

    static func entry(_ name: String) -> Entry? { byName[name] }

    /// What `/help` answers; of what only moderators can do nothing is said to others.
    package static func helpLines(isModerator: Bool) -> [String] {
        let offered = entries.filter { $0.audience == .everyone || isModerator && $0.audience == .moderators }
        return offered.flatMap { $0.helpLines() } + ["//TEXT                  a message that begins with a slash"]
    }

    /// What `/help COMMAND` answers; nil when there is no such command.
    package static func helpLines(about command: String) -> [String]? {
        let name = command.hasPrefix("/") ? command.lowercased() : "/\(command.lowercased())"
        guard let entry = entry(name) else { return nil }
        switch entry.audience {
        case .everyone: return entry.helpLines()
        case .moderators:
            return entry.helpLines() + ["for moderators: the host or a relay's first member, and whom they name by /op"]
        }
    }

    /// Names for completion.
    package static let names = entries.map(\.name).sorted()

    private static func moderation(
        _ name: String, _ forms: [(arguments: String, help: String)], completes: Completes = .nothing
    ) -> Entry {
        Entry(name, forms, .moderators, completes: completes) { RoomCommandParser.parse(name, $0) }
    }

    private static func files(_ name: String, _ forms: [(arguments: String, help: String)]) -> Entry {
        Entry(name, forms) { FileCommandParser.parse(name, $0) }
    }

    private static func oneWord(_ arguments: Substring) -> String? {
        let (word, rest) = InputParser.firstWord(of: arguments)
        return word.isEmpty || !rest.isEmpty ? nil : String(word)
    }

    static func usage(_ name: String) -> ChatInput { .usage(entry(name)?.usage ?? name) }
}
