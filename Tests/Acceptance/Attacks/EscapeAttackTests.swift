import Chat
import Foundation
import Room
import Testing

/// Text of peers that would like to be more than text, on real terminals.
@Suite(.enabled(if: Terminal.tmux != nil, "needs tmux"))
struct EscapeAttackTests {
    /// What each sequence would do is in `damage(to:)`, or is seen on the screen.
    private static let sequences = [
        "\u{1B}[2J\u{1B}[H", "\u{9B}2J", "\u{1B}]0;OWNED\u{7}", "\u{9D}0;OWNED\u{9C}", "\u{1B}]2;OWNED\u{1B}\\",
        "\u{1B}]52;c;T1dORUQ=\u{7}", "\u{1B}]8;;http://owned.example/\u{1B}\\link\u{1B}]8;;\u{1B}\\", "\u{1B}[31;5m",
        "\u{1B}[?1049l", "\u{1B}[?1000h", "\u{1B}[4h", "\u{1B}(0", "\u{E}", "\u{1B}[3;5r", "\u{1B}c", "\u{1B}[?25l",
        "\u{1B}P$q\"p\u{1B}\\", "\u{90}x\u{9C}", "\u{1B}[6n", "\u{5}", "\u{8}\u{8}\u{8}", "\r", "\u{7F}", "\u{85}",
        "\u{84}",
    ]
    private static let invisible = [
        "\u{202E}desrever\u{202C}", "\u{2066}x\u{2069}", "a\u{200B}b", "\u{E0041}\u{E0042}", "\u{2028}next", "\u{FEFF}",
        "\u{AD}",
    ]
    /// A line of the program, as somebody might send it.
    private static let imitation = "-!- mallory has joined (9 members)"

    private static var everything: String {
        "BEGIN" + (sequences + invisible).joined(separator: ".") + "END\n\(imitation)\ntermtalk: owned\n"
            + "z" + String(repeating: "\u{301}", count: 40) + "y"
    }

    /// What the sequences would have changed; empty when nothing.
    private func damage(to terminal: Terminal) async throws -> [String] {
        var damage: [String] = []
        if try await terminal.state("#{pane_title}").contains("OWNED") { damage.append("title") }
        for (name, format) in [
            ("mouse", "#{mouse_any_flag}"), ("insert mode", "#{insert_flag}"), ("origin", "#{origin_flag}"),
        ] where !["", "0"].contains(try await terminal.state(format)) {
            damage.append(name)
        }
        if try await terminal.state("#{scroll_region_upper}") != "0" { damage.append("scroll region") }
        let text = try await terminal.escapes().joined(separator: "\n")
        // Blinking text and links are nothing that the program draws.
        for (name, mark) in [("blink", "\u{1B}[5m"), ("link", "owned.example\u{1B}\\"), ("charset", "\u{E}")]
        where text.contains(mark) { damage.append(name) }
        return damage
    }

    /// What must not be among the bytes that the program writes to a terminal, whatever the terminal makes of it: commands to the
    /// operating system (titles, clipboard, links), device control, resets, and the eight-bit forms of all.
    private func forbidden(in recording: String) throws -> [String] {
        let recorded = try Data(contentsOf: URL(filePath: recording))
        #expect(recorded.count > 1_000)
        // The title of our own has the room's id, and a number.
        let text = String(decoding: recorded, as: UTF8.self)
        let bytes = Data(text.replacing(/\u{1B}\]2;(termtalk [0-9a-f]+( \([0-9]+\))?)?\u{07}/, with: "").utf8)
        let forbidden: [(String, [UInt8])] = [
            ("OSC", [0x1B, 0x5D]), ("DCS", [0x1B, 0x50]), ("reset", [0x1B, 0x63]),
            ("report", [0x1B, 0x5B, 0x36, 0x6E]),
            ("bidi", [0xE2, 0x80, 0xAE]), ("zero width", [0xE2, 0x80, 0x8B]), ("tag", [0xF3, 0xA0, 0x81]),
        ]
        let eightBit = (0x80...0x9F as ClosedRange<UInt8>).map { ("C1", [0xC2, $0]) }
        return (forbidden + eightBit).filter { bytes.range(of: Data($0.1)) != nil }.map(\.0)
    }

    private func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 && scalar != "\n" || (0x7F...0x9F).contains(scalar.value)
            || [0x61C, 0x200B, 0x200E, 0x200F, 0xFEFF, 0xAD].contains(scalar.value)
            || (0x2028...0x202E).contains(scalar.value) || (0x2060...0x206F).contains(scalar.value)
            || (0xE0000...0xE0FFF).contains(scalar.value)
    }

    private func json(_ text: String, to member: String? = nil) throws -> String {
        var fields = ["send": text]
        fields["to"] = member
        return String(decoding: try JSONSerialization.data(withJSONObject: fields), as: UTF8.self)
    }

    /// Messages, private messages, actions, a topic and the reason of a kick from a real host, on the full screen.
    @Test func onTheFullScreen() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "hostess"])
        let home = try TestHome()
        let recording = "\(home.path)/recording"
        // script writes down each byte that goes to the terminal.
        let command = "\(try TermTalkProcess.binary()) join \(hosted.invite) --nick victim"
        let victim = try await Terminal(
            ["-q", "-e", "-c", command, recording], home: home, width: 120, height: 60, program: "/usr/bin/script")
        try await victim.shows("/help lists the")
        hosted.host.send("marker before")
        try await victim.shows("marker before")
        hosted.host.send(try json(Self.everything))
        hosted.host.send("/me \(Self.sequences.joined())acts")
        hosted.host.send(try json("psst \(Self.everything)", to: "victim"))
        hosted.host.send("/topic \(Self.sequences.prefix(8).joined()) cats")
        hosted.host.send("marker after")
        let rows = try await victim.shows("marker after")
        #expect(try await damage(to: victim) == [])
        #expect(try await victim.state("#{alternate_on}") == "1")
        #expect(rows.contains { $0.contains("marker before") })
        // Behind the gutter, and never where the program's own lines begin.
        let imitations = rows.filter { $0.contains(Self.imitation) }
        #expect(imitations.count == 2)
        #expect(imitations.allSatisfy { $0.contains("  \(Self.imitation)") && !$0.hasPrefix("-!-") })
        #expect(!rows.contains { $0.unicodeScalars.contains(where: isControl) })
        #expect(!rows.contains { $0.hasPrefix("termtalk:") })

        hosted.host.send("/kick victim \(Self.sequences.joined()) rude")
        let end = try await victim.shows("terminal restored.")
        #expect(end.contains { $0.contains("status 77.") })
        #expect(end.contains { $0.contains("rude") })
        #expect(!end.contains { $0.unicodeScalars.contains(where: isControl) })
        #expect(try await damage(to: victim) == [])
        #expect(try forbidden(in: recording) == [])
    }

    /// The same for lines on pipes: not one byte that is not text.
    @Test func inLinesAndJSON() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "hostess"])
        let plain = try TermTalkProcess(["join", hosted.invite, "--plain", "--nick", "plain"], home: TestHome())
        let machine = try await hosted.join(["--nick", "machine"])
        try await hosted.host.events("member-joined", count: 2) { ["plain", "machine"].contains($0.nick) }
        hosted.host.send(try json(Self.everything))
        hosted.host.send(try json("psst \(Self.everything)", to: "plain"))
        hosted.host.send("/topic \(Self.sequences.joined())".prefix(390).description)
        hosted.host.send("/kick plain \(Self.sequences.joined()) rude")
        hosted.host.send("/kick machine \(Self.sequences.joined()) rude")
        for process in [plain, machine] {
            let result = try await process.result()
            #expect(result.status == 77)
            let text = (result.output + result.errors).joined(separator: "\n")
            #expect(text.contains("rude"))
            #expect(!text.unicodeScalars.contains(where: isControl))
        }
        let lines = try await plain.result().output
        #expect(lines.filter { $0.contains(Self.imitation) }.allSatisfy { $0 == "  \(Self.imitation)" })
        #expect(lines.contains("  \(Self.imitation)"))
    }

    /// A host that says itself who is called what: nicks, topics and reasons that no honest host lets through.
    @Test func fromAHostileHost() async throws {
        for arguments in [[], ["--plain"]] {
            let host = try HostileHost(nick: "a\u{1B}]0;OWNED\u{7}\u{202E}")
            let victim = try await Terminal(
                ["join", host.invite] + arguments, home: TestHome(), width: 120, height: 40)
            try await victim.shows(arguments.isEmpty ? "/help lists the" : "joined room")
            for sequence in Self.sequences + Self.invisible {
                host.say(.topicChanged("topic \(sequence) x"))
            }
            host.say(.nickChanged(HostileHost.other, String(Self.everything.prefix(80))))
            host.say(.nickChanged(HostileHost.other, Self.sequences.prefix(12).joined()))
            host.say(.left(HostileHost.other, .quit))
            host.say(.topicChanged("marker after"))
            let rows = try await victim.shows("marker after")
            #expect(try await damage(to: victim) == [])
            #expect(!rows.contains { $0.unicodeScalars.contains(where: isControl) })
            host.say(.removed(.kicked, "\(Self.sequences.joined())rude"))
            let end = try await victim.shows("status 77.")
            #expect(end.contains { $0.contains("rude") })
            #expect(!end.contains { $0.unicodeScalars.contains(where: isControl) })
            #expect(try await damage(to: victim) == [])
        }
    }
}
