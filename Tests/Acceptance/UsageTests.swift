import Testing

/// The command line itself.
struct UsageTests {
    @Test(arguments: [
        ["--no-such-option"], ["no-such-command"], ["host", "--no-such-option"],
        ["host", "--onion", "--direct", "127.0.0.1:0"],
        ["host", "--port", "0"], ["host", "--port", "70000"], ["host", "--max-members", "-1"], ["host", "extra"],
        ["host", "--tor", "never"], ["host", "--tor-socks", "127.0.0.1:1", "--tor-port", "1"], ["join"],
        ["join", "room", "--strict", "--accept-new-host"], ["join", "room", "--onion", "x", "--direct", "127.0.0.1:1"],
        ["join", "room", "extra"], ["host", "--log-level", "loud"], ["rooms", "extra"], ["host", "--nick="],
    ])
    func usageError(_ arguments: [String]) async throws {
        let result = try await TermTalkProcess.run(arguments, home: TestHome())
        #expect(result.status == 64)
        #expect(result.output == [])
        // An error is one line, and says what to do about it.
        #expect(result.errors.count == 2, "\(result.errors)")
        #expect(result.errors.first?.hasPrefix("termtalk: ") == true, "\(result.errors)")
        #expect(result.errors.last?.hasPrefix("hint: ") == true, "\(result.errors)")
    }

    @Test func sayingNothing() async throws {
        for (arguments, what) in [
            (["say"], "say where, by a room's id or an invite, and what"), (["say", "room"], "say what to deliver"),
        ] {
            let result = try await TermTalkProcess.run(arguments, home: TestHome())
            #expect(result.status == 64 && result.errors.first?.contains(what) == true, "\(result.errors)")
        }
    }

    @Test func usageErrorForMachines() async throws {
        let result = try await TermTalkProcess.run(["host", "--json", "--no-such-option"], home: TestHome())
        #expect(result.status == 64)
        #expect(result.events("error").map(\.code) == ["usage"])
        #expect(result.output.count == 1)
    }

    @Test func nothingToDoWithoutATerminal() async throws {
        let result = try await TermTalkProcess.run([], home: TestHome())
        #expect(result.status == 64)
        #expect(result.output == [])
        #expect(result.errors.contains { $0.contains("USAGE: termtalk") })
    }

    @Test func version() async throws {
        let result = try await TermTalkProcess.run(["--version"], home: TestHome())
        #expect(result.status == 0)
        #expect(result.errors == [])
        #expect(result.output.count == 1)
        #expect(result.output.first?.wholeMatch(of: /termtalk \d+\.\d+\.\d+/) != nil, "\(result.output)")
    }

    @Test(arguments: [
        ["--help"], ["help"], ["host", "--help"], ["help", "host"], ["join", "--help"], ["help", "join"],
        ["help", "rooms"], ["help", "config"], ["help", "doctor"], ["doctor", "--help"],
    ])
    func help(_ arguments: [String]) async throws {
        let result = try await TermTalkProcess.run(arguments, home: TestHome())
        #expect(result.status == 0)
        #expect(result.errors == [])
        #expect(result.output.contains { $0.contains("USAGE: termtalk") })
    }

    /// Options of the contract that this build has, each in the help of its command.
    @Test func optionsInHelp() async throws {
        let common = [
            "--tor-control", "--tor-socks", "--tor-port", "--tor ", "--nick", "--json", "--plain", "--no-color",
            "--log-level", "--bell", "--config", "--onion", "--direct",
        ]
        let host = try await TermTalkProcess.run(["host", "--help"], home: TestHome()).output.joined(separator: "\n")
        for option in common + [
            "--room", "--port", "--ttl", "--max-members", "--client-auth", "--invite-only", "--persist",
            "--no-passphrase",
        ] {
            #expect(host.contains(option), "host \(option)")
        }
        let join = try await TermTalkProcess.run(["join", "--help"], home: TestHome()).output.joined(separator: "\n")
        for option in common + ["--host-key", "--accept-new-host", "--strict"] {
            #expect(join.contains(option), "join \(option)")
        }
    }

    @Test(arguments: ["0", "-5", "5x", "1d1", "99999999999999999999"]) func invalidDuration(_ text: String)
        async throws
    {
        try await expectFailure(
            ["host", "--direct", "127.0.0.1:0", "--ttl=\(text)"], code: "input-invalid", status: 65)
    }

    @Test(arguments: [
        ("name:", "no port"), ("name:x", "not a number"), ("a b:1", "neither a name nor an address"),
        ("::1:80", "in brackets"),
    ])
    func invalidAddress(_ text: String, _ reason: String) async throws {
        // An address to listen on needs no port.
        let hosting = ["name", "::1:80"].contains(text) ? [] : [["host", "--direct", text]]
        for arguments in hosting + [["join", "room", "--direct", text]] {
            let result = try await TermTalkProcess.run(arguments, home: TestHome())
            #expect(result.status == 65)
            #expect(result.errors.first?.contains(reason) == true, "\(result.errors)")
            #expect(result.errors.last == "hint: write HOST:PORT, or [V6]:PORT")
        }
    }

    @Test func noAddressOfThatName() async throws {
        try await expectFailure(["host", "--direct", "300.1.1.1:0"], code: "address-invalid", status: 65)
        let result = try await TermTalkProcess.run(["host", "--direct", "300.1.1.1:0"], home: TestHome())
        #expect(result.errors.first == "termtalk: cannot listen: there is no such address or name")
    }

    @Test(arguments: ["a b", "ä", "a/b", String(repeating: "x", count: 65)])
    func invalidRoom(_ name: String) async throws {
        try await expectFailure(
            ["host", "--direct", "127.0.0.1:0", "--room=\(name)"], code: "room-invalid", status: 65)
    }
}
