import Foundation
import PrivateTorNetwork
import Testing

/// The own tor behind a proxy.
@Suite(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
struct UpstreamProxyTests {
    private static let script =
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "upstream_proxy.py").path

    private static func proxy(_ kind: String, _ user: String? = nil) async throws -> (TermTalkProcess, port: String) {
        let proxy = try TermTalkProcess(
            program: "/usr/bin/python3", [script, kind] + [user].compactMap(\.self), home: TestHome())
        return (proxy, try await proxy.line { _ in true })
    }

    private static func include() async throws -> [String: String] {
        ["TERMTALK_TOR_INCLUDE": try await PrivateTorNetwork.shared().managedInclude.path]
    }

    /// Waits until the room is open, and says what the proxy was asked for where it is not.
    private static func ready(_ host: TermTalkProcess, by proxy: TermTalkProcess) async throws {
        do {
            try await host.event("ready")
        } catch {
            Issue.record("the proxy was asked for \(proxy.outputSoFar)")
            throw error
        }
    }

    @Test(arguments: ["socks5", "http"]) func goesByTheProxy(_ kind: String) async throws {
        let (proxy, port) = try await Self.proxy(kind)
        defer { proxy.signal(SIGTERM) }
        let host = try TermTalkProcess(
            ["host", "--json", "--tor-proxy", "\(kind)://127.0.0.1:\(port)"], home: TestHome(),
            environment: try await Self.include())
        try await Self.ready(host, by: proxy)
        // A relay of the network.
        _ = try await proxy.line { $0.contains(":500") }
        host.send("/quit")
        #expect(try await host.result().status == 0)
    }

    /// Not shown, and not on the command line.
    @Test(arguments: ["socks5", "http"]) func nameAndPassword(_ kind: String) async throws {
        let (proxy, port) = try await Self.proxy(kind, "user:pass:word")
        defer { proxy.signal(SIGTERM) }
        let home = try TestHome()
        let url = "\(kind)://user:pass:word@127.0.0.1:\(port)"
        let file = try home.write("proxy.toml", "[tor]\nproxy = \"\(url)\"\n")
        let environment = try await Self.include()
        let host = try TermTalkProcess(["host", "--json", "--config", file], home: home, environment: environment)
        try await Self.ready(host, by: proxy)
        _ = try await proxy.line { $0.contains(":500") }
        host.send("/quit")
        #expect(try await host.result().status == 0)

        let shown = try await TermTalkProcess.run(["config", "--config", file], home: home)
        #expect(
            shown.output.contains { $0.hasPrefix("proxy = \"\(kind)://***@127.0.0.1:\(port)\"") }, "\(shown.output)")
        let json = try await TermTalkProcess.run(["config", "--json", "--config", file], home: home)
        #expect(!json.output.joined().contains("pass:word"))
        try await expectFailure(["host", "--tor-proxy", url], code: "input-invalid", status: 65)

        let wrong = try home.write("wrong.toml", "[tor]\nproxy = \"\(kind)://user:other@127.0.0.1:\(port)\"\n")
        try await expectFailure(
            ["host", "--config", wrong], code: "tor-bootstrap-stalled", status: 69,
            environment: environment.merging(["TERMTALK_TOR_STALL_SECONDS": "5"]) { $1 })
        _ = try await proxy.line { $0 == "refused" }
    }

    @Test("Nothing goes around a proxy that does not answer")
    func goesNowhereElse() async throws {
        let port = try LoopbackAddress.unusedPort()
        try await expectFailure(
            ["host", "--tor-proxy", "socks5://127.0.0.1:\(port)"], code: "tor-bootstrap-stalled", status: 69,
            environment: try await Self.include().merging(["TERMTALK_TOR_STALL_SECONDS": "5"]) { $1 })
    }

    @Test("A first start that gets no answer is begun again, well before it would be given up")
    func startedInVain() async throws {
        let (proxy, port) = try await Self.proxy("http")
        defer { proxy.signal(SIGTERM) }
        proxy.signal(SIGUSR1)
        _ = try await proxy.line { $0 == "deaf" }
        let host = try TermTalkProcess(
            ["host", "--json", "--tor-proxy", "http://127.0.0.1:\(port)"], home: TestHome(),
            environment: try await Self.include())
        try await host.event("starting") { $0.progress == 4 }
        let pid = try #require(host.pid)
        let first = try #require(try ManagedTorTests.children(of: pid).first)
        let deadline = ContinuousClock.now + .seconds(TermTalkProcess.patience)
        while try ManagedTorTests.children(of: pid).first ?? first == first {
            try #require(ContinuousClock.now < deadline, "it was not started again")
            try await Task.sleep(for: .milliseconds(100))
        }
        proxy.signal(SIGUSR1)
        try await host.event("ready", seconds: 300)
        #expect(!host.eventsSoFar.contains { ["error", "warning"].contains($0.event) })
        // How far it is never goes back.
        let progress = host.eventsSoFar.filter { $0.phase == "tor-bootstrap" }.compactMap(\.progress)
        #expect(progress == progress.sorted() && Set(progress).count == progress.count)
        host.send("/quit")
        #expect(try await host.result().status == 0)
    }

    /// What tor has asked while the proxy was deaf is never answered, and it would not ask again for minutes.
    @Test("Tors that were started again, and stand still, end no room: it is told, and they are helped")
    func startedAgainInVain() async throws {
        let network = try await PrivateTorNetwork.shared()
        let (proxy, port) = try await Self.proxy("socks5")
        defer { proxy.signal(SIGTERM) }
        let flags = ["--tor-proxy", "socks5://127.0.0.1:\(port)"]
        let environment = try await Self.include().merging(["TERMTALK_TOR_STALL_SECONDS": "40"]) { $1 }
        let hosted = try await HostedRoom.onion(flags, environment: environment)
        let member = try TermTalkProcess(
            ["join", hosted.invite, "--json"] + flags, home: TestHome(), environment: environment)
        try await member.event("joined-room")

        let both = [hosted.host, member]
        let starts = both.map(\.eventCount)
        proxy.signal(SIGUSR1)
        _ = try await proxy.line { $0 == "deaf" }
        for process in both {
            let pid = try #require(process.pid)
            let child = try #require(try ManagedTorTests.children(of: pid).first)
            kill(child, SIGKILL)
        }
        for (process, start) in zip(both, starts) {
            let told = try await process.event("warning", from: start) { $0.code == "tor-bootstrap-stalled" }
            #expect(told.hint != nil)
        }
        proxy.signal(SIGUSR1)
        for (process, start) in zip(both, starts) {
            // The next start after the one that was in vain: within two minutes.
            try await process.event("connection", from: start, seconds: 300) { $0.state == "connected" }
        }
        member.send("again")
        #expect(try await hosted.host.event("message").text == "again")
        let newcomer = try await hosted.join(network.client.socksFlags)
        newcomer.send("for the first time")
        try await member.event("message") { $0.text == "for the first time" }
        for process in both {
            let events = process.eventsSoFar
            #expect(events.count { $0.code == "tor-bootstrap-stalled" } == 1)
            #expect(!events.contains { ["error", "closed"].contains($0.event) })
        }
    }

    @Test func doctor() async throws {
        let found = try await DoctorTests.examine(
            ["--tor-proxy", "http://192.0.2.1:3128"], environment: ["TERMTALK_TOR_STALL_SECONDS": "5"])
        #expect(found.lines["tor-proxy"]?.message?.contains("http://192.0.2.1:3128") == true)
    }

    @Test(
        arguments: ["nonsense", "ftp://h:1", "socks5://", "socks5://h", "socks5://h:0", "http://a b:1", "http://u@h:1"])
    func whatCannotBe(_ url: String) async throws {
        try await expectFailure(["host", "--tor-proxy", url], code: "input-invalid", status: 65)
        let result = try await TermTalkProcess.run(
            ["host", "--json", "--tor-proxy", "http://h:1", "--tor", "system"], home: TestHome())
        #expect(result.status == 64)
    }
}
