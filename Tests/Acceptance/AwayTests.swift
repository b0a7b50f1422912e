import Foundation
import Testing

/// Members whose connection is gone, as the others see them.
struct AwayTests {
    @Test func memberThatIsKilledIsAwayForAll() async throws {
        let hosted = try await HostedRoom.direct()
        let bob = try await hosted.join(["--nick", "bob"])
        let carol = try await hosted.join(["--nick", "carol"])
        let id = try #require(try await bob.event("joined-room").member)
        try await hosted.host.event("member-joined") { $0.nick == "carol" }
        let before = Date()
        bob.signal(SIGKILL)
        var since: [String] = []
        for process in [hosted.host, carol] {
            let away = try await process.event("member-away")
            #expect(away.id == id && away.nick == "bob")
            since.append(try #require(away.since))
            let told = try Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(away.since ?? "")
            // The clocks of both are this machine's; the room counts in whole seconds.
            #expect(abs(told.timeIntervalSince(before)) < 60)
            process.send("/who")
            let list = try #require(try await process.event("members").members)
            #expect(list.first { $0.id == id }?.awaySince == away.since)
            #expect(list.filter { $0.awaySince != nil }.count == 1)
        }
        // Whoever is present counts.
        carol.send("anybody?")
        let acknowledged = try await carol.event("acknowledged") { $0.count == 1 }
        #expect(acknowledged.of == 1 && acknowledged.missed == 0)
        // Its nick is taken, and its place is seen.
        let other = try await hosted.join(["--nick", "bob"])
        let joined = try await other.event("joined-room")
        let members = try #require(joined.members)
        #expect(members.first { $0.id == joined.member }?.nick == "bob2")
        #expect(members.first { $0.id == id }?.awaySince != nil)
        #expect(try await other.event("warning").code == "nick-taken")
    }

    @Test func memberThatCannotBeReachedIsAwayAndComesBack() async throws {
        let hosted = try await HostedRoom.direct()
        let port = try #require(UInt16(hosted.address.split(separator: ":").last ?? ""))
        let proxy = try FaultProxy(to: port)
        let member = try await hosted.join(["--nick", "bob", "--direct", proxy.address])
        let id = try await member.event("joined-room").member
        try await hosted.host.event("member-joined")
        proxy.refuse(seconds: 15)
        let away = try await hosted.host.event("member-away")
        #expect(away.id == id)
        hosted.host.send("while you were away")
        let back = try await hosted.host.event("member-back")
        #expect(back.id == id && back.nick == "bob" && back.since == away.since)
        #expect(try await member.event("message").text == "while you were away")
        // Of itself it hears by its connection.
        #expect(member.eventsSoFar.allSatisfy { !$0.event.hasPrefix("member-") })
        // Once each.
        member.send("here again")
        try await hosted.host.event("message") { $0.text == "here again" }
        #expect(hosted.host.eventsSoFar.filter { ["member-away", "member-back"].contains($0.event) }.count == 2)
    }

    @Test func linesSayWhoIsAway() async throws {
        let hosted = try await HostedRoom.direct()
        let reader = try TermTalkProcess(["join", hosted.invite, "--plain", "--nick", "reader"], home: TestHome())
        try await reader.errorLine { $0.contains("members (2)") }
        let bob = try await hosted.join(["--nick", "bob"])
        try await reader.errorLine { $0.contains("bob has joined (3 members)") }
        bob.signal(SIGKILL)
        try await reader.errorLine { $0.contains("-!- bob is away since ") }
        reader.send("/who")
        try await reader.errorLine { $0.contains(" bob (away since ") }
    }
}
