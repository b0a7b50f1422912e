import Foundation
import PrivateTorNetwork
import Testing

/// Bridges of the own tor.
struct BridgeFlagTests {
    private static let transports = [
        ("obfs4", ["obfs4proxy", "lyrebird"], "obfs4proxy"), ("snowflake", ["snowflake-client"], "snowflake-client"),
        ("webtunnel", ["lyrebird", "webtunnel-client"], "lyrebird"),
    ].filter { transport in
        !transport.1.contains { FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)") }
    }

    /// Those that are not installed here.
    @Test(arguments: transports) func programThatIsMissing(_ transport: (String, [String], String)) async throws {
        let line = "\(transport.0) 192.0.2.1:443"
        for command in [["host"], ["join", "room", "--onion", Self.onion]] {
            try await expectFailure(command + ["--bridge", line], code: "bridge-failed", status: 69)
        }
        let found = try await DoctorTests.examine(["--bridge", line])
        #expect(found.lines["bridges"]?.code == "bridge-failed")
        #expect(found.lines["bridges"]?.hint == "sudo apt install \(transport.2)")
    }

    private static let onion = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"

    @Test func whatCannotBe() async throws {
        try await expectFailure(["host", "--bridge", "nonsense"], code: "input-invalid", status: 65)
        let result = try await TermTalkProcess.run(
            ["host", "--json", "--bridge", "192.0.2.1:443", "--tor", "system"], home: TestHome())
        #expect(result.status == 64)
    }

    /// tor's own words.
    @Test(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
    func refusedByTor() async throws {
        let result = try await TermTalkProcess.run(
            ["host", "--json", "--bridge", "192.0.2.1:443 not-a-fingerprint"], home: TestHome())
        #expect(result.events("error").map(\.code) == ["bridge-failed"])
        #expect(result.events("error").first?.message?.contains("ridge") == true)
        #expect(result.status == 69)
    }

    private static let obfs4Program = ["/usr/bin/obfs4proxy", "/usr/bin/lyrebird"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    @Test(
        "By a bridge that speaks obfs4, and by none whose key is another",
        .enabled(
            if: PrivateTorNetwork.isAvailable && obfs4Program != nil, "needs tor, tor-gencert, setpriv and obfs4proxy"))
    func obfs4() async throws {
        let network = try await PrivateTorNetwork.shared()
        let line = try await network.startBridge(transport: try #require(Self.obfs4Program))
        #expect(line.hasPrefix("Bridge obfs4 127.") && line.contains("cert="))
        let include = ["TERMTALK_TOR_INCLUDE": network.managedInclude.path]
        let host = try TermTalkProcess(
            ["host", "--json", "--bridge", line], home: TestHome(), environment: include)
        let ready = try await host.event("ready")
        let guest = try TermTalkProcess(
            ["join", try #require(ready.invite), "--json", "--bridge", line], home: TestHome(), environment: include)
        try await guest.event("joined-room")
        guest.send("by obfs4")
        try await host.event("message") { $0.text == "by obfs4" }
        host.send("/quit")
        #expect(try await host.result().status == 0)

        // The first bytes are those of its identity.
        let another = line.replacing(/cert=..../, with: "cert=AAAA")
        try await expectFailure(
            ["host", "--bridge", another], code: "bridge-failed", status: 69,
            environment: include.merging(["TERMTALK_TOR_STALL_SECONDS": "5"]) { $1 })
    }

    /// Nobody can meet a real broker or web server of these here: what is shown is what tor makes of the lines.
    @Test(
        "tor starts a transport's program, tells it what the line says, and goes by it only",
        .enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"),
        arguments: [
            ("snowflake", "snowflake-client", "url=https://a.example/ fronts=b.example,c.example ice=stun:d.example:1"),
            ("webtunnel", "lyrebird", "url=https://d.example/path ver=0.0.1"),
        ])
    func programThatStandsIn(transport: String, program: String, words: String) async throws {
        let network = try await PrivateTorNetwork.shared()
        let home = try TestHome()
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Tor/transport.py")
        try FileManager.default.createDirectory(atPath: "\(home.path)/bin", withIntermediateDirectories: false)
        try FileManager.default.copyItem(atPath: script.path, toPath: "\(home.path)/bin/\(program)")
        let control = try network.relays[0].control()
        func value(_ command: String) throws -> String {
            let reply = try control.command(command)
            return String(try #require(reply.first { $0.contains("=") }).split(separator: "=").last ?? "")
        }
        let port = try value("GETCONF ORPort").split(separator: ":").last ?? ""
        _ = try home.write("bin/relay", "\(try value("GETCONF Address")):\(port)\n")
        let host = try TermTalkProcess(
            ["host", "--json", "--bridge", "\(transport) 192.0.2.9:80 \(words)"], home: home,
            environment: [
                "TERMTALK_TOR_INCLUDE": network.managedInclude.path,
                "PATH": "\(home.path)/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            ])
        try await host.event("ready")
        host.send("/quit")
        #expect(try await host.result().status == 0)
        let log = try String(contentsOfFile: "\(home.path)/bin/log", encoding: .utf8).split(separator: "\n")
        #expect(log.first == "started for \(transport)")
        let told = words.split(separator: " ").joined(separator: ";")
        #expect(log.dropFirst().allSatisfy { $0 == "192.0.2.9:80 \(told)" } && log.count > 1, "\(log)")
    }

    @Test(
        "A snowflake whose broker cannot be reached is a bridge that fails, with the real program",
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: "/usr/bin/snowflake-client"), "needs snowflake-client"))
    func snowflakeWithoutABroker() async throws {
        try await expectFailure(
            ["host", "--bridge", "snowflake 192.0.2.3:80 url=https://127.0.0.1:1/ ice=stun:127.0.0.1:1"],
            code: "bridge-failed", status: 69, environment: ["TERMTALK_TOR_STALL_SECONDS": "5"])
    }

    /// A relay of the private network is a bridge as good as any; where nobody listens none is.
    @Test(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
    func goesByTheBridgeOnly() async throws {
        let network = try await PrivateTorNetwork.shared()
        let include = network.managedInclude.path
        let control = try network.relays[0].control()
        func value(_ command: String) throws -> String {
            let reply = try control.command(command)
            return String(try #require(reply.first { $0.contains("=") }).split(separator: "=").last ?? "")
        }
        let address = try value("GETCONF Address")
        let port = try value("GETCONF ORPort").split(separator: ":").last ?? ""
        let home = try TestHome()
        let file = try home.write(
            "bridges.toml", "[tor]\nbridges = [  # two\n  \"\(address):\(port)\",\n]\n")
        let host = try TermTalkProcess(
            ["host", "--json", "--config", file], home: home, environment: ["TERMTALK_TOR_INCLUDE": include])
        try await host.event("ready")
        host.send("/quit")
        #expect(try await host.result().status == 0)
        try await expectFailure(
            ["host", "--bridge", "127.0.0.1:\(try LoopbackAddress.unusedPort())"], code: "bridge-failed", status: 69,
            environment: ["TERMTALK_TOR_INCLUDE": include, "TERMTALK_TOR_STALL_SECONDS": "5"])
        let shown = try await TermTalkProcess.run(["config", "--config", file], home: home)
        #expect(shown.output.contains { $0.hasPrefix("bridges = [\"\(address):\(port)\"]  # file, line 2;") })
    }
}
