import ArgumentParser
internal import Chat
internal import Room
internal import TermTalk
internal import TerminalUI
internal import Transport

/// What `termtalk` without arguments shows on a terminal.
enum Menu {
    static func run() throws {
        while true {
            StandardOutput.print(
                """
                TermTalk
                  1  host a room
                  2  join a room
                  3  doctor: check tor and this machine
                  q  quit
                """)
            switch Prompt.ask("> ") {
            case "1":
                guard let arguments = hostArguments() else { return }
                return try start(HostCommand.self, arguments)
            case "2":
                guard let arguments = joinArguments() else { return }
                return try start(JoinCommand.self, arguments)
            case "3":
                // Its exit status says what the lines above say.
                do { try start(DoctorCommand.self, []) } catch let status as ExitCode
                    where status.rawValue != ExitStatus.interrupted.rawValue
                {}
            case "q", "Q", nil: return
            default: StandardOutput.print("1, 2, 3 or q\n")
            }
        }
    }

    private static func start<Command: ParsableCommand>(_ type: Command.Type, _ arguments: [String]) throws {
        var command = try type.parse(arguments)
        try command.run()
    }

    private static func hostArguments() -> [String]? {
        guard
            let place = answer(
                to: "Onion service, or lan, or ADDR:PORT to listen on without tor", default: "onion",
                as: placeArguments),
            let lifetime = answer(to: "How long it lives (5m, 2h, none)", default: "5m", as: lifetimeArguments),
            let nick = answer(
                to: "Your nick", as: { text throws(ChatEvent.Notice) in try nickArguments(text, isHost: true) })
        else { return nil }
        return place + lifetime + nick
    }

    private static func joinArguments() -> [String]? {
        guard
            let room = answer(to: "Invite, or the room's id", whole: wholeInvite, as: roomArguments),
            let nick = answer(
                to: "Your nick", as: { text throws(ChatEvent.Notice) in try nickArguments(text, isHost: false) })
        else { return nil }
        return nick + room
    }

    /// Asks until `arguments` takes the answer, and returns what it makes of it; nil at the end of input.
    private static func answer(
        to question: String, default value: String = "", whole: (String) -> String = { $0 },
        as arguments: (String) throws(ChatEvent.Notice) -> [String]
    ) -> [String]? {
        let suffix = value.isEmpty ? ": " : " [\(value)]: "
        while let line = Prompt.ask(question + suffix) {
            let text = whole(line)
            do throws(ChatEvent.Notice) {
                return try arguments(text.isEmpty ? value : text)
            } catch {
                StandardError.report(error)
            }
        }
        return nil
    }

    private static func placeArguments(_ text: String) throws(ChatEvent.Notice) -> [String] {
        guard text.lowercased() != "onion" else { return [] }
        guard text.lowercased() != "lan" else { return ["--lan"] }
        let place = try HostPort(checking: text, defaultPort: RoomAddress.defaultPort)
        guard case .success = DirectListener.addresses(of: place) else { throw .unknownListenAddress }
        return ["--direct=\(place)"]
    }

    private static func lifetimeArguments(_ text: String) throws(ChatEvent.Notice) -> [String] {
        _ = try HostCommand.timeToLive(text, of: "the room's time")
        return ["--ttl=\(text)"]
    }

    private static func nickArguments(_ text: String, isHost: Bool) throws(ChatEvent.Notice) -> [String] {
        guard !text.isEmpty else { return [] }
        guard let nick = try? Nick(validating: text, isHost: isHost) else { throw .nickInvalid() }
        return ["--nick=\(nick)"]
    }

    /// An invite that was pasted over several lines, from its first one.
    private static func wholeInvite(_ line: String) -> String {
        var text = line
        while InviteFinder.isMeant(text), InviteFinder.isCut(text), text.utf8.count < InviteFinder.textLimit,
            Prompt.hasMore, let more = readLine()
        {
            text += "\n" + more
        }
        return text
    }

    private static func roomArguments(_ text: String) throws(ChatEvent.Notice) -> [String] {
        guard !InviteFinder.isMeant(text) else { return ["--", try InviteFinder.invite(in: text).text] }
        _ = try RoomName(checking: text)
        return ["--", text]
    }
}
