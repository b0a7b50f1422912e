import Foundation
import PrivateTorNetwork
import Testing

/// A room that changes its onion address.
@Suite(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
struct MoveTests {
    @Test("Everybody follows, nothing is lost, the address of before goes, and new invites lead to the new one")
    func everybodyFollows() async throws {
        let network = try await PrivateTorNetwork.shared()
        let hosted = try await HostedRoom.onion(network.host.controlFlags, ["--nick", "host"])
        let members = [
            try await hosted.join(network.client.socksFlags), try await hosted.join(network.client.socksFlags),
        ]
        let (start, invited) = (hosted.host.eventCount, members.map(\.eventCount))
        hosted.host.send("/move")
        for number in 0..<20 { hosted.host.send("meanwhile \(number)") }
        let moved = try #require(try await hosted.host.event("room-moved", from: start).address)
        #expect(moved.hasSuffix(".onion:12345") && moved != hosted.address)
        let invite = try #require(try await hosted.host.event("invite", from: start).invite)
        #expect(invite.contains("@\(moved)/"))
        for (member, start) in zip(members, invited) {
            #expect(try await member.event("room-moved", from: start).address == moved)
            try await member.event("connection", from: start) { $0.state == "connected" }
        }
        // tor has one service of the room, when all have followed.
        try await network.host.waitUntilGone(hosted.address)
        #expect(try network.host.introduces(moved))

        hosted.host.send("/move")
        #expect(try await hosted.host.event("error").code == "not-permitted", "just now")
        members[0].send("after it")
        let last = { (event: ProgramEvent) in event.text == "after it" }
        for member in members {
            try await member.event("message", where: last)
            let heard = member.eventsSoFar.filter { $0.text?.hasPrefix("meanwhile") == true }.map(\.text)
            #expect(heard == (0..<20).map { "meanwhile \($0)" })
            #expect(member.eventsSoFar.filter { $0.event == "error" }.isEmpty)
        }
        let newcomer = try TermTalkProcess(["join", invite, "--json"] + network.client.socksFlags, home: TestHome())
        #expect(try await newcomer.event("joined-room").address == moved)
        let late = try await hosted.startJoin(network.client.socksFlags).result()
        #expect(late.status == 69, "\(late.output)")
        hosted.host.send("/quit")
        #expect(try await hosted.host.result().status == 0)
    }

    @Test("A kept room whose host is killed, and started again, is where it has moved, and its members are there")
    func keptRoom() async throws {
        let network = try await PrivateTorNetwork.shared()
        let options = ["--nick", "host", "--persist", "club", "--no-passphrase"]
        let first = try await HostedRoom.onion(network.host.controlFlags, options)
        let member = try await first.join(network.client.socksFlags)
        var start = member.eventCount
        first.host.send("/move")
        let moved = try #require(try await first.host.event("room-moved").address)
        #expect(try await member.event("room-moved", from: start).address == moved)
        try await member.event("connection", from: start) { $0.state == "connected" }
        first.host.signal(SIGKILL)
        _ = try await first.host.result()

        start = member.eventCount
        let second = try await HostedRoom.onion(network.host.controlFlags, options, home: first.home)
        #expect(second.address == moved && second.room == first.room && second.hostKey == first.hostKey)
        #expect(second.invite.contains("@\(moved)/"))
        try await member.event("connection", from: start) { $0.state == "connected" }
        member.send("after it")
        try await second.host.event("message") { $0.text == "after it" }
        _ = try await second.join(network.client.socksFlags)
        second.host.send("/move")
        #expect(try await second.host.event("error").code == "not-permitted", "members follow no faster")
        #expect(try !network.host.introduces(first.address))
        #expect(!member.eventsSoFar.contains { $0.event == "error" })
    }

    @Test func whatHasNoAddressToChange() async throws {
        let hosted = try await HostedRoom.direct()
        let member = try await hosted.join(["--direct", hosted.address])
        for process in [hosted.host, member] {
            process.send("/move")
            #expect(try await process.event("error").code == "not-permitted")
        }
    }
}
