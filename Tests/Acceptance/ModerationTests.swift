import Foundation
import Testing

/// Invites and moderation, with the program itself.
struct ModerationTests {
    private func invite(_ hosted: HostedRoom, _ options: String) async throws -> ProgramEvent {
        let start = hosted.host.eventCount
        hosted.host.send("/invite \(options)")
        return try await hosted.host.event("invite", from: start)
    }

    private func join(_ invite: String, _ more: [String] = []) async throws -> TermTalkProcess {
        let member = try TermTalkProcess(["join", invite, "--json"] + more, home: TestHome())
        try await member.event("joined-room")
        return member
    }

    @Test func onceLetsOneIn() async throws {
        let hosted = try await HostedRoom.direct()
        let once = try #require(try await invite(hosted, "--once").invite)
        #expect(once != hosted.invite)
        let member = try await join(once)
        // Its owner is still there: it is told that the invite is used up. Later nobody answers it any more.
        try await expectFailure(["join", once], code: "invite-used", status: 77)
        member.send("still here")
        try await hosted.host.event("message") { $0.text == "still here" }
        member.send("/quit")
        #expect(try await member.result().status == 0)
    }

    @Test func usesExpiryListAndRevocation() async throws {
        let hosted = try await HostedRoom.direct()
        let twice = try #require(try await invite(hosted, "--uses 2").invite)
        let short = try #require(try await invite(hosted, "--expires 1s").invite)
        let other = try #require(try await invite(hosted, "--expires 1h --uses 9").invite)
        let first = try await join(twice)
        let second = try await join(twice)
        try await expectFailure(["join", twice], code: "invite-used", status: 77)
        // Nobody came with the short one, and it is told apart from a wrong one all the same.
        try await expectFailure(["join", short], code: "invite-used", status: 77)
        let third = try await join(other)
        hosted.host.send("/invite --list")
        let list = try await hosted.host.event("invites")
        #expect(list.invites?.map(\.number) == [1, 4])
        #expect(list.invites?.last?.usesLeft == 8)
        #expect(list.invites?.last?.used == 1)
        #expect(list.invites?.last?.invite == other)
        hosted.host.send("/invite --revoke 4")
        #expect(try await hosted.host.event("invite-revoked").number == 4)
        try await expectFailure(["join", other], code: "invite-used", status: 77)
        hosted.host.send("/invite --revoke 4")
        try await hosted.host.event("error") { $0.code == "input-invalid" }
        // Who came with any of them is still there.
        for (number, member) in [first, second, third].enumerated() {
            member.send("here \(number)")
            try await hosted.host.event("message") { $0.text == "here \(number)" }
        }
    }

    @Test func inviteOnly() async throws {
        let hosted = try await HostedRoom.direct(["--invite-only"])
        let home = try TestHome()
        let stranger = try TermTalkProcess(
            ["join", hosted.room, "--direct", hosted.address, "--accept-new-host", "--json"], home: home)
        let member = try await hosted.join()
        member.send("/quit")
        #expect(try await member.result().status == 0)
        // Silence, to the end of its patience.
        let result = try await stranger.result()
        #expect(result.status == 69 || result.status == 76)
        #expect(result.events("joined-room").isEmpty)
    }

    /// However much was said just before, which nobody has acknowledged yet.
    @Test func whoIsRemovedHearsWhy() async throws {
        let hosted = try await HostedRoom.direct()
        for name in ["one", "two", "three"] {
            let member = try await join(
                hosted.host.eventsSoFar.compactMap(\.invite).last ?? hosted.invite, ["--nick", name])
            let invites = hosted.host.eventsSoFar.count { $0.event == "invite" }
            for _ in 0..<3 { hosted.host.send(String(repeating: name, count: 10_000)) }
            hosted.host.send("/kick \(name) because")
            let result = try await member.result()
            #expect(result.events("error").first?.message?.contains("because") == true)
            #expect(result.events("closed").map(\.reason) == ["kicked"])
            try await hosted.host.events("invite", count: invites + 1)
        }
    }

    @Test func kickAndBan() async throws {
        let hosted = try await HostedRoom.direct()
        let alice = try await join(hosted.invite, ["--nick", "alice"])
        let bob = try await join(hosted.invite, ["--nick", "bob"])
        let carol = try await join(hosted.invite, ["--nick", "carol"])
        hosted.host.send("/kick alice too loud \u{1b}[31m")
        let kicked = try await alice.result()
        #expect(kicked.status == 77)
        #expect(kicked.events("closed").map(\.reason) == ["kicked"])
        let notice = try #require(kicked.events("error").first)
        #expect(notice.code == "kicked")
        #expect(notice.message?.contains("too loud") == true)
        #expect(notice.message?.contains("\u{1b}") == false)
        try await carol.event("member-left") { $0.reason == "kicked" && $0.nick == "alice" }
        let second = try #require(try await hosted.host.event("invite").invite)
        #expect(second != hosted.invite)
        // Those who came with the same invite hear that it opens nothing any more.
        for member in [bob, carol] {
            #expect(try await member.event("warning").code == "invite-revoked")
            member.send("/invite")
            #expect(try await member.event("error").code == "invite-used")
        }

        hosted.host.send("/ban bob")
        let banned = try await bob.result()
        #expect(banned.status == 77)
        #expect(banned.events("closed").map(\.reason) == ["banned"])
        try await carol.event("member-left") { $0.reason == "banned" && $0.nick == "bob" }
        let third = try #require(try await hosted.host.events("invite", count: 2).last?.invite)
        // What both knew opens nothing, nor what was made meanwhile.
        for invite in [hosted.invite, second] {
            let again = try await TermTalkProcess.run(["join", invite, "--json"], home: TestHome())
            #expect(["invite-used", "no-such-room"].contains(again.events("error").first?.code))
        }
        let dave = try await join(third, ["--nick", "dave"])
        dave.send("hello")
        try await carol.event("message") { $0.text == "hello" }
        hosted.host.send("/kick nobody")
        try await hosted.host.event("error") { $0.code == "no-such-member" }
    }

    @Test func approval() async throws {
        let hosted = try await HostedRoom.direct(["--approve"])
        let alice = try hosted.startJoin(["--nick", "alice"])
        try await alice.event("starting") { $0.phase == "approval" }
        let bob = try hosted.startJoin(["--nick", "bob"])
        let asked = try await hosted.host.events("join-request", count: 2)
        #expect(Set(asked.compactMap(\.nick)) == ["alice", "bob"])
        hosted.host.send("/approve alice")
        try await alice.event("joined-room")
        let id = try #require(asked.first { $0.nick == "bob" }?.id)
        hosted.host.send("/deny \(id)")
        let denied = try await bob.result()
        #expect(denied.status == 77)
        #expect(denied.events("error").map(\.code) == ["join-denied"])
        hosted.host.send("/approve bob")
        try await hosted.host.event("error") { $0.code == "no-such-member" }
        // One that goes before it is let in is forgotten.
        let carol = try hosted.startJoin(["--nick", "carol"])
        try await hosted.host.events("join-request", count: 3)
        carol.signal(SIGKILL)
        _ = try await carol.result()
        let dave = try hosted.startJoin(["--nick", "dave"])
        try await hosted.host.events("join-request", count: 4)
        hosted.host.send("/approve dave")
        try await dave.event("joined-room")
    }

    @Test func slowMode() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "hostess"])
        let alice = try await join(hosted.invite, ["--nick", "alice"])
        hosted.host.send("/slow 5m")
        #expect(try await alice.event("slow-mode").seconds == 300)
        #expect(try await hosted.host.event("slow-mode").seconds == 300)
        alice.send("first")
        try await alice.event("delivered")
        alice.send("too soon")
        let error = try await alice.event("error")
        #expect(error.code == "slow-mode")
        #expect(try #require(error.count) <= 300)
        alice.send(#"{"send":"privately","to":"hostess"}"#)
        try await hosted.host.event("message") { $0.text == "privately" }
        hosted.host.send("the host")
        hosted.host.send("speaks on")
        try await alice.event("message") { $0.text == "speaks on" }
        // Who comes now hears of it, and waits too: else a new key would be worth a message.
        let bob = try await join(hosted.invite, ["--nick", "bob"])
        #expect(try await bob.event("slow-mode").seconds == 300)
        bob.send("hello")
        #expect(try await bob.event("error").code == "slow-mode")
        bob.closeInput()
        #expect(try await bob.result().status == 0)
        let said = try await TermTalkProcess.run(["say", hosted.invite, "hello", "--json"], home: TestHome())
        #expect(said.events("error").map(\.code) == ["slow-mode"])
        #expect(said.status == 75)
        hosted.host.send("/slow off")
        #expect(try await alice.event("slow-mode") { $0.seconds == 0 }.seconds == 0)
        for number in 1...3 { alice.send("now \(number)") }
        try await hosted.host.event("message") { $0.text == "now 3" }
        alice.send("/slow 1s")
        #expect(try await alice.event("error") { $0.code == "not-permitted" }.code == "not-permitted")
        #expect(!hosted.host.eventsSoFar.contains { $0.text == "too soon" || $0.text == "hello" })
    }
}
