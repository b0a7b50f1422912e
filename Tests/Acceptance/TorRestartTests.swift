import PrivateTorNetwork
import Testing

/// Rooms outlive their tor.
@Suite(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
struct TorRestartTests {
    @Test func hostingTorIsKilledAndStartedAgain() async throws {
        let network = try await PrivateTorNetwork.shared()
        // Of its own, so that other rooms are not disturbed.
        let tor = try await network.startClient()
        let hosted = try await HostedRoom.onion(tor.controlFlags, ["--nick", "host"])
        let member = try await hosted.join(network.client.socksFlags + ["--nick", "member"])
        let id = try await member.event("joined-room").member
        hosted.host.send("before")
        try await member.event("message") { $0.text == "before" }

        tor.kill()
        let host = hosted.host
        #expect(try await host.event("warning").code == "tor-control-lost")
        let retry = try await host.event("connection") { $0.state == "reconnecting" }
        #expect(retry.attempt == 1)
        #expect(retry.retryInMilliseconds != nil)
        #expect(try await member.event("connection") { $0.state == "reconnecting" }.retryInMilliseconds != nil)
        // Said by both while there is no way between them.
        host.send("host in between")
        member.send("member in between")

        try tor.restart()
        try await tor.waitBootstrapped()
        try await host.event("connection") { $0.state == "connected" }
        try await member.event("connection") { $0.state == "connected" }
        try await host.event("message") { $0.text == "member in between" }
        try await member.event("message") { $0.text == "host in between" }
        member.send("after")
        try await host.event("message") { $0.text == "after" }
        host.send("after, too")
        try await member.event("message") { $0.text == "after, too" }

        // A newcomer gets in by the same invite, and finds the member by its old name.
        let newcomer = try await hosted.join(network.client.socksFlags)
        let present = try #require(try await newcomer.event("joined-room").members)
        #expect(present.contains { $0.id == id && $0.nick == "member" })
        #expect(present.count == 3)

        for process in [host, member] {
            let messages = process.eventsSoFar.filter { $0.event == "message" }
            #expect(messages.map(\.seq) == Array(1...5))
            #expect(Set(messages.compactMap(\.text)).count == 5)
            #expect(process.eventsSoFar.filter { $0.event == "error" }.isEmpty)
        }
        #expect(!host.eventsSoFar.contains { $0.event == "member-left" })
        #expect(member.eventsSoFar.filter { $0.event == "joined-room" }.count == 1)
        host.send("/quit")
        #expect(try await host.result().status == 0)
        #expect(try await member.result().events("closed").map(\.reason) == ["host-quit"])
        tor.terminate()
    }

    /// Only the control connection breaks: tor takes the service away, and the program publishes it again.
    @Test func controlConnectionBreaks() async throws {
        let network = try await PrivateTorNetwork.shared()
        let relay = try FakePeer(.forwards(to: try #require(network.client.controlPort)))
        let hosted = try await HostedRoom.onion(["--tor-control", relay.address])
        let start = hosted.host.eventCount
        relay.closeConnections()
        #expect(try await hosted.host.event("warning", from: start).code == "tor-control-lost")
        try await hosted.host.event("connection", from: start) { $0.state == "reconnecting" }
        try await hosted.host.event("connection", from: start) { $0.state == "connected" }
        // Who was given the descriptor of before is told to try again.
        let member: TermTalkProcess
        do {
            member = try await hosted.join(network.client.socksFlags)
        } catch {
            member = try await hosted.join(network.client.socksFlags)
        }
        member.send("hello")
        try await hosted.host.event("message") { $0.text == "hello" }
    }

    /// What a person or another program does to tor while a room goes on.
    @Test func newIdentityAndDormantMode() async throws {
        let network = try await PrivateTorNetwork.shared()
        let tors = [try await network.startClient(), try await network.startClient()]
        let hosted = try await HostedRoom.onion(tors[0].controlFlags)
        let member = try await hosted.join(tors[1].controlFlags)
        var said = 0
        for signal in ["NEWNYM", "DORMANT", "ACTIVE"] {
            for tor in tors {
                try tor.command("SIGNAL \(signal)")
                said += 1
                member.send("\(said)")
                hosted.host.send("\(said)")
                try await hosted.host.events("message", count: 2 * said)
                try await member.events("message", count: 2 * said)
            }
        }
        // A member that comes in through a tor that is dormant wakes it.
        try tors[1].command("SIGNAL DORMANT")
        let newcomer = try await hosted.join(tors[1].controlFlags)
        newcomer.send("awake")
        try await hosted.host.event("message") { $0.text == "awake" }
        let seen = member.eventsSoFar.filter { $0.event == "message" }.compactMap(\.seq)
        #expect(Array(seen.prefix(2 * said)) == Array(1...2 * said))
        for tor in tors { tor.terminate() }
    }

    /// The network of the host was gone. tor builds the same introduction points again, and tells no directory; whose tor
    /// asked for them meanwhile would not ask them again for two minutes.
    @Test func allCircuitsOfTheHostAreClosed() async throws {
        let network = try await PrivateTorNetwork.shared()
        let tor = try await network.startClient()
        let hosted = try await HostedRoom.onion(tor.controlFlags)
        let member = try await hosted.join(network.client.socksFlags)
        let control = try tor.control()
        try control.command("SETEVENTS HS_DESC")
        try tor.closeCircuits()
        // Published anew.
        _ = try control.event("HS_DESC UPLOADED \(hosted.address.prefix(56))")
        member.send("after")
        try await hosted.host.event("message") { $0.text == "after" }
        #expect(!hosted.host.eventsSoFar.contains { $0.event == "member-left" })
        #expect(hosted.host.eventsSoFar.filter { $0.event == "ready" }.count == 1)
        tor.terminate()
    }

    /// The member's circuit breaks, and no tor dies.
    @Test func circuitsAreClosed() async throws {
        let network = try await PrivateTorNetwork.shared()
        let tor = try await network.startClient()
        let hosted = try await HostedRoom.onion(network.host.controlFlags)
        let member = try await hosted.join(tor.socksFlags)
        for round in 0..<3 {
            let start = member.eventCount
            try tor.closeCircuits()
            for number in 0..<20 {
                member.send("member \(round) \(number)")
                hosted.host.send("host \(round) \(number)")
            }
            try await member.event("connection", from: start) { $0.state == "connected" }
            try await member.events("message", count: 40 * (round + 1))
        }
        let seen = member.eventsSoFar.filter { $0.event == "message" }
        let heard = try await hosted.host.events("message", count: 120)
        #expect(seen.map(\.seq) == Array(1...120))
        #expect(heard.map(\.id) == seen.map(\.id))
        #expect(Set(seen.compactMap(\.text)).count == 120)
        tor.terminate()
    }
}
