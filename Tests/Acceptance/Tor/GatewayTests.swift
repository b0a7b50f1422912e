import Foundation
import PrivateTorNetwork
import TestSupport
import Testing

/// A tor whose loopback is not ours.
@Suite(
    .enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"),
    .enabled(if: NetworkLab.isAvailable, NetworkLab.reason))
struct GatewayTests {
    private static let profile =
        VectorFiles.packageRoot.appending(path: "torrc.d/40_termtalk.yml").path

    private func host(_ gateway: Gateway, _ more: [String]) throws -> TermTalkProcess {
        try gateway.workstation.termtalk(["host", "--json", "--ttl", "20m"] + more)
    }

    private func comesIn(_ ready: ProgramEvent, _ network: PrivateTorNetwork, _ host: TermTalkProcess) async throws {
        let guest = try TermTalkProcess(
            ["join", try #require(ready.invite), "--json"] + network.host.socksFlags, home: TestHome())
        try await guest.event("joined-room")
        guest.send("from the other side")
        try await host.event("message") { $0.text == "from the other side" }
    }

    /// The socket is in a folder that both see; what it leads to has another network.
    @Test("A control socket that is shared with a container says nothing of the loopback behind it")
    func sharedSocket() async throws {
        let network = try await PrivateTorNetwork.shared()
        let gateway = try await Gateway()
        let lost = try host(gateway, network.host.controlFlags)
        try await lost.event("ready")
        let warning = try await lost.event("warning") { $0.code == "onion-not-reachable" }
        #expect(warning.hint?.contains("--onion-target") == true)
        lost.send("/quit")
        _ = try await lost.result()

        let port = try LoopbackAddress.unusedPort()
        let reached = try host(
            gateway, network.host.controlFlags + ["--onion-target", "\(gateway.workstationAddress):\(port)"])
        try await comesIn(try await reached.event("ready"), network, reached)
        reached.send("/quit")
        #expect(try await reached.result().status == 0)
    }

    @Test(
        "Behind the real onion-grater: with our profile a room is open, without it the person hears which command is refused",
        .enabled(if: OnionGrater.path != nil, "needs onion-grater (make interop) and python3-stem, -psutil, -yaml"))
    func behindOnionGrater() async throws {
        let network = try await PrivateTorNetwork.shared()
        let gateway = try await Gateway()
        let port = try LoopbackAddress.unusedPort()
        let target = ["--onion-target", "\(gateway.workstationAddress):\(port)"]

        let (closed, closedControl) = try await gateway.startFilter(for: network.client, profiles: [])
        let refused = try await host(gateway, ["--tor", "system", "--tor-control", closedControl] + target).result()
        #expect(refused.status == 77 && refused.events("error").map(\.code) == ["tor-filtered"], "\(refused.output)")
        closed.signal(SIGKILL)

        let (filter, control) = try await gateway.startFilter(for: network.client, profiles: [Self.profile])
        defer { filter.signal(SIGKILL) }
        let room = try host(gateway, ["--tor", "system", "--tor-control", control] + target)
        let ready = try await room.event("ready")
        try await comesIn(ready, network, room)
        #expect(try network.client.introduces(try #require(ready.address)))
        room.send("/quit")
        #expect(try await room.result().status == 0)
        try await network.client.waitUntilGone(try #require(ready.address))
    }
}
