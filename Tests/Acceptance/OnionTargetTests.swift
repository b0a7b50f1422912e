import PrivateTorNetwork
import TestSupport
import Testing

/// Where tor brings the streams of a room, when its loopback is not ours.
@Suite(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
struct OnionTargetTests {
    @Test func whereThePersonSays() async throws {
        let network = try await PrivateTorNetwork.shared()
        let port = try LoopbackAddress.unusedPort()
        let hosted = try await HostedRoom.onion(network.host.controlFlags, ["--onion-target", "127.0.0.3:\(port)"])
        hosted.host.send("/move")
        #expect(try await hosted.host.event("error").hint?.contains("--onion-target") == true)
        // There, and not elsewhere.
        #expect(throws: (any Error).self) { try BlockingSocket(port: port) }
        let member = try await hosted.join(network.client.socksFlags)
        member.send("/quit")
        #expect(try await member.result().status == 0)
        hosted.host.send("/quit")
        let result = try await hosted.host.result()
        #expect(result.status == 0)
        #expect(!result.events("warning").contains { $0.code == "onion-not-reachable" })
    }

    /// tor cannot come to 192.0.2.1 (RFC 5737): the room is published for nobody, and its host hears of it.
    @Test(arguments: [[], ["--client-auth"]]) func whereTorCannotReachUs(_ more: [String]) async throws {
        let network = try await PrivateTorNetwork.shared()
        let port = try LoopbackAddress.unusedPort()
        let hosted = try await HostedRoom.onion(
            network.host.controlFlags, ["--onion-target", "192.0.2.1:\(port)"] + more)
        let warning = try await hosted.host.event("warning") { $0.code == "onion-not-reachable" }
        #expect(warning.hint?.contains("--onion-target") == true)
    }

    /// An IPv4 address in the clothes of IPv6 is none of our loopback, as far as is looked.
    @Test func aTorElsewhere() async throws {
        let network = try await PrivateTorNetwork.shared()
        let port = try #require(network.client.controlPort)
        try await expectFailure(
            ["host", "--tor", "system", "--tor-control", "[::ffff:127.0.0.1]:\(port)"], code: "onion-not-reachable",
            status: 69)
        let result = try await TermTalkProcess.run(
            ["join", "room", "--onion", "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion", "--json"]
                + ["--tor", "system", "--tor-control", "[::ffff:127.0.0.1]:\(port)"], home: TestHome())
        #expect(result.events("error").map(\.code) == ["tor-unreachable"])
        #expect(result.events("error").first?.message?.contains("no SOCKS port") == true)
    }

    @Test(arguments: ["nonsense", "/run/x", "127.0.0.1"]) func whatCannotBe(_ text: String) async throws {
        try await expectFailure(["host", "--onion-target", text], code: "address-invalid", status: 65)
    }
}
