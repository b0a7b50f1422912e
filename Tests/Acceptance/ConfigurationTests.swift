import Foundation
import Testing

/// The configuration file, the environment and the flags, in that order.
struct ConfigurationFileTests {
    @Test func order() async throws {
        let home = try TestHome()
        try FileManager.default.createDirectory(
            atPath: "\(home.path)/config/termtalk", withIntermediateDirectories: true)
        _ = try home.write(
            "config/termtalk/config.toml", "nick = \"from-file\"\nplain = true\n[host]\nttl = \"2h\"\nport = 80\n")
        let shown = try await TermTalkProcess.run(["config"], home: home, environment: ["TERMTALK_HOST_PORT": "81"])
        #expect(shown.status == 0)
        #expect(shown.output.contains { $0.hasPrefix("nick = \"from-file\"  # file, line 1;") }, "\(shown.output)")
        #expect(shown.output.contains { $0.hasPrefix("ttl = \"2h\"  # file, line 4;") })
        #expect(shown.output.contains { $0.hasPrefix("port = 81  # environment;") })
        #expect(shown.output.contains { $0.hasPrefix("max-members = 50  # default;") })
        #expect(!shown.output.contains { $0.contains(home.path) })

        // What it prints is a configuration file.
        let copy = try home.write("copy.toml", shown.output.joined(separator: "\n"))
        let again = try await TermTalkProcess.run(["config", "--json", "--config", copy], home: home)
        #expect(again.status == 0)
        #expect(again.output.contains(#"{"setting":"host.port","value":"81","source":"file"}"#), "\(again.output)")

        // And it is in force.
        let hosted = try await HostedRoom.direct(home: home)
        let member = try await hosted.join(["--nick", "member"])
        let joined = try #require(member.eventsSoFar.first { $0.event == "joined-room" })
        #expect(joined.members?.contains { $0.nick == "from-file" } == true)
    }

    @Test func flagsWin() async throws {
        let home = try TestHome()
        let file = try home.write("other.toml", "nick = \"from-file\"\n[host]\nttl = \"2h\"\n")
        let host = try TermTalkProcess(
            ["host", "--direct", "127.0.0.1:0", "--plain", "--config", file, "--ttl", "90s", "--nick", "from-flag"],
            home: home, environment: ["TERMTALK_HOST_TTL": "1h"])
        try await host.line { $0 == "expires in 90s" }
        host.send("/who")
        try await host.errorLine { $0.contains("from-flag") }
        host.closeInput()
        #expect(try await host.result().status == 0)
        let other = try TermTalkProcess(
            ["host", "--direct", "127.0.0.1:0", "--plain", "--config", file], home: home,
            environment: ["TERMTALK_HOST_TTL": "1h"])
        try await other.line { $0 == "expires in 3600s" }
        // A number without a unit is seconds, as after --ttl.
        let bare = try home.write("bare.toml", "[host]\nttl = 450\n")
        let third = try TermTalkProcess(
            ["host", "--direct", "127.0.0.1:0", "--plain", "--config", bare], home: home)
        try await third.line { $0 == "expires in 450s" }
    }

    @Test(arguments: ["nick = ", "nonsense = 1", "bell = \"sometimes\"", "[host]\nport = \"x\""])
    func refused(_ text: String) async throws {
        let home = try TestHome()
        let file = try home.write("bad.toml", text)
        try await expectFailure(
            ["host", "--direct", "127.0.0.1:0", "--config", file], code: "config-invalid", status: 78, home: home)
        #expect(try await TermTalkProcess.run(["config", "--config", file], home: home).status == 78)
    }

    @Test func fileThatIsNotThere() async throws {
        try await expectFailure(
            ["host", "--direct", "127.0.0.1:0", "--config", "/nonexistent"], code: "config-unreadable", status: 78)
    }
}
