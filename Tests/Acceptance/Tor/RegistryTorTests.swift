import Foundation
import PrivateTorNetwork
import SharedLog
import TermTalk
import TestSupport
import Testing

/// Onion rooms that are found by their id from other machines.
@Suite(
    .enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"),
    .enabled(if: RedisServer.program != nil, "needs redis-server(1), 7.0 or later"))
struct RegistryTorTests {
    private static func waitForRecord(_ hosted: HostedRoom, _ server: RedisServer, isThere: Bool = true) async throws {
        let room = try #require(RoomName(hosted.room))
        let keys = try #require(RegistryKeys(room: room))
        let deadline = ContinuousClock.now + .seconds(TermTalkProcess.patience)
        while try server.ask("EXISTS \(keys.name)") != .integer(isThere ? 1 : 0) {
            try #require(ContinuousClock.now < deadline, "the record did not come, or go")
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    @Test("An onion address that a registry names says nothing of who the host is")
    func anOnionRoomByItsId() async throws {
        let network = try await PrivateTorNetwork.shared()
        let server = try RedisServer()
        try server.ask("PING")
        let flags = ["--registry", "unix:\(server.socketPath)"]
        let hosted = try await HostedRoom.onion(network.host.controlFlags, flags)
        try await Self.waitForRecord(hosted, server)
        let arguments = ["join", hosted.room, "--json"] + flags + network.client.socksFlags
        let refused = try await TermTalkProcess.run(arguments, home: TestHome())
        #expect(refused.status == 76 && refused.events("error").map(\.code) == ["host-key-unknown"])
        let member = try TermTalkProcess(arguments + ["--accept-new-host"], home: TestHome())
        let joined = try await member.event("joined-room")
        #expect(joined.trust == "new" && joined.transport == "onion" && joined.address == hosted.address)
        hosted.host.send("/quit")
        #expect(try await hosted.host.result().status == 0)
        #expect(try server.ask("DBSIZE") == .integer(0))
    }

    @Test("The host of an onion room asks a registry on another machine through tor, to the end")
    func theHostThroughTor() async throws {
        let network = try await PrivateTorNetwork.shared()
        let server = try RedisServer(onPort: true)
        try server.ask("PING")
        let proxy = try SocksStub(to: server.port ?? 0)
        let hosted = try await HostedRoom.onion(
            network.host.controlFlags + ["--tor-socks", "127.0.0.1:\(proxy.port)"],
            ["--registry", "redis://registry.example:7000"])
        try await Self.waitForRecord(hosted, server)
        #expect(proxy.asked.contains("registry.example:7000"))
        hosted.host.send("/quit")
        #expect(try await hosted.host.result().status == 0)
        #expect(try server.ask("DBSIZE") == .integer(0))
    }
}
