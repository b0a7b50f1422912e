import ArgumentParser
internal import TermTalk

/// What `termtalk` without arguments shows on a terminal.
enum Menu {
    static func run() throws {
        print(
            """
            TermTalk
              1  host a room
              2  join a room
              3  doctor: check tor and this machine
              q  quit
            """)
        while true {
            switch Prompt.ask("> ") {
            case "1": return try start(HostCommand.self, hostArguments())
            case "2":
                guard let arguments = joinArguments() else { return }
                return try start(JoinCommand.self, arguments)
            case "3": return try start(DoctorCommand.self, [])
            case "q", "Q", nil: return
            default: print("1, 2, 3 or q")
            }
        }
    }

    private static func start<Command: ParsableCommand>(_ type: Command.Type, _ arguments: [String]) throws {
        var command = try type.parse(arguments)
        try command.run()
    }

    private static func hostArguments() -> [String] {
        var arguments: [String] = []
        let address = answer("Onion service, or ADDR:PORT to listen on without tor", default: "onion")
        if address != "onion" {
            arguments += ["--direct", address.contains(":") ? address : "\(address):\(RoomAddress.defaultPort)"]
        }
        arguments += ["--ttl", answer("How long it lives (300, 15m, 2h, none)", default: "300")]
        let nick = answer("Your nick", default: "")
        return arguments + (nick.isEmpty ? [] : ["--nick", nick])
    }

    private static func joinArguments() -> [String]? {
        guard let room = Prompt.ask("Invite, or the room's id: "), !room.isEmpty else { return nil }
        let nick = answer("Your nick", default: "")
        return (nick.isEmpty ? [] : ["--nick", nick]) + ["--", room]
    }

    private static func answer(_ question: String, default value: String) -> String {
        let suffix = value.isEmpty ? ": " : " [\(value)]: "
        guard let text = Prompt.ask(question + suffix), !text.isEmpty else { return value }
        return text
    }
}
