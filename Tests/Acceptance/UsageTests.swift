import Testing

/// The command line itself.
struct UsageTests {
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
}
