import Foundation
import PrivateTorNetwork
import Testing

/// Tors of years ago: a real one, and before it a proxy that refuses what a version did not know.
@Suite(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
struct OldTorTests {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "old_tor.py").path

    /// A tor of that version, and the flags with which termtalk uses it.
    private static func start(_ version: String) async throws -> (TermTalkProcess, flags: [String]) {
        let tor = try await PrivateTorNetwork.shared().client
        let proxy = try TermTalkProcess(
            program: "/usr/bin/python3", [script, version, "\(try #require(tor.controlPort))"], home: TestHome())
        let port = try await proxy.line { _ in true }
        return (proxy, ["--tor", "system", "--tor-control", "127.0.0.1:\(port)"])
    }

    @Test(
        "A room is open at each of them, and what is missing is told", arguments: ["0.3.5.18", "0.4.5.16", "0.4.8.21"])
    func hosts(_ version: String) async throws {
        let (proxy, flags) = try await Self.start(version)
        defer { proxy.signal(SIGKILL) }
        let hosted = try await HostedRoom.onion(flags)
        try await hosted.host.event("warning") { $0.code == "tor-without-pow" }
        _ = try await proxy.line { $0 == "refused ADD_ONION" }
        let guest = try await hosted.join(flags)
        guest.send("by an old one")
        try await hosted.host.event("message") { $0.text == "by an old one" }
        hosted.host.send("/quit")
        #expect(try await hosted.host.result().status == 0)
    }

    @Test func withoutClientAuthorization() async throws {
        let (proxy, flags) = try await Self.start("0.4.5.16")
        defer { proxy.signal(SIGKILL) }
        try await expectFailure(
            ["host", "--client-auth"] + flags, code: "tor-without-client-auth", status: 69)
    }

    @Test func joinsNoRoomThatAsksForKeys() async throws {
        let (proxy, flags) = try await Self.start("0.3.5.18")
        defer { proxy.signal(SIGKILL) }
        let hosted = try await HostedRoom.onion(
            try await PrivateTorNetwork.shared().host.controlFlags, ["--client-auth"])
        defer { hosted.host.signal(SIGTERM) }
        let result = try await hosted.startJoin(flags).result()
        #expect(result.events("error").map(\.code) == ["tor-without-client-auth"], "\(result.output)")
    }
}
