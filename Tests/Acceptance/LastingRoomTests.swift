import Foundation
import PrivateTorNetwork
import Testing

/// Rooms that outlive their host's process, with the program itself: it is killed at any moment, and started again.
struct LastingRoomTests {
    /// A host, or relay, that is started again and again.
    private final class Kept {
        let home = try? TestHome()
        let more: [String]
        var hosted: HostedRoom

        init(_ more: [String] = []) async throws {
            let options = more + ["--persist", "club", "--no-passphrase"]
            hosted = try await HostedRoom.direct(options, home: home)
            self.more = options
        }

        var host: TermTalkProcess { hosted.host }

        func kill() async throws {
            host.signal(SIGKILL)
            #expect(try await host.result().status == 128 + SIGKILL)
        }

        /// On a busy machine it may have ended by itself before.
        func killIfThere() async throws {
            host.signal(SIGKILL)
            _ = try await host.result()
        }

        func restart(_ other: [String]? = nil) async throws {
            hosted = try await HostedRoom.direct(other ?? more, at: [hosted.address], home: home)
        }

        /// What a start that must fail says, and its status.
        func failure() async throws -> String {
            let result = try await TermTalkProcess.run(
                ["host", "--json", "--direct", hosted.address] + more, home: try #require(home))
            let errors = result.events("error")
            #expect(errors.count == 1 && errors.first?.hint?.isEmpty == false, "\(result.output)")
            return "\(errors.first?.code ?? "none") \(result.status)"
        }

        var files: [String] {
            get throws {
                try FileManager.default.contentsOfDirectory(
                    atPath: "\(try #require(home).path)/state/termtalk/rooms"
                ).sorted()
            }
        }
    }

    /// Everything that was said, as one saw it: without a gap, nothing twice, and of each speaker in its order.
    private func check(_ process: TermTalkProcess, from first: Int = 1) -> [String] {
        let messages = process.eventsSoFar.filter { $0.event == "message" && $0.seq != nil }
        let sequence = messages.compactMap(\.seq)
        #expect(sequence == Array(first..<first + sequence.count), "\(sequence)")
        for speaker in Set(messages.compactMap(\.from)) {
            let numbers = messages.filter { $0.from == speaker }.compactMap { $0.text }
                .compactMap { Int($0.split(separator: " ").last ?? "") }
            #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count, "\(numbers)")
        }
        #expect(!process.eventsSoFar.contains { $0.event == "warning" && $0.code == "messages-missed" })
        return messages.compactMap(\.text)
    }

    @Test(arguments: [3, 40, 90])
    func aHostThatIsKilledIsAPause(after count: Int) async throws {
        let kept = try await Kept(["--nick", "harry"])
        kept.host.send("/invite --uses 2")
        let two = try #require(try await kept.host.event("invite").invite)
        kept.host.send("/topic cats")
        let alice = try await kept.hosted.join(["--nick", "alice"])
        let bob = try TermTalkProcess(["join", two, "--json", "--nick", "bob"], home: TestHome())
        try await bob.event("joined-room")
        let members = [alice, bob]
        try await alice.knows(members)
        for number in 1...100 {
            for member in members { member.send("line \(number)") }
            kept.host.send("line \(number)")
        }
        try await alice.events("message", count: count)
        let id = kept.hosted.ready.hostKey
        try await kept.kill()
        for member in members { member.send("while it was gone 101") }
        try await kept.restart()
        #expect(kept.hosted.ready.hostKey == id)
        kept.host.send("back 500")
        for member in members {
            try await member.event("message") { $0.text == "back 500" }
            member.send("end 501")
        }
        for member in members + [kept.host] {
            try await member.events("message", count: 2) { $0.text == "end 501" }
        }
        let said = members.map { check($0) }
        // They came at different times; from bob's first on, it is the same.
        #expect(said[0].suffix(min(said[0].count, said[1].count)) == said[1].suffix(min(said[0].count, said[1].count)))
        for member in members {
            let own = member.eventsSoFar.filter { $0.event == "message" && $0.isOwn == true }.compactMap(\.text)
            #expect(own == (1...100).map { "line \($0)" } + ["while it was gone 101", "end 501"])
        }
        _ = check(kept.host, from: kept.host.eventsSoFar.first { $0.event == "message" }?.seq ?? 1)
        // All is as before.
        kept.host.send("/who")
        let list = try await kept.host.event("members").members
        #expect(Set(list?.map(\.nick) ?? []) == ["harry", "alice", "bob"])
        kept.host.send("/invite --list")
        let invites = try await kept.host.event("invites").invites
        #expect(invites?.count == 2 && invites?.last?.usesLeft == 1 && invites?.last?.invite == two)
        let carol = try TermTalkProcess(["join", two, "--json", "--nick", "carol"], home: TestHome())
        try await carol.event("joined-room")
        #expect(try await carol.event("topic-changed").topic == "cats")
        try await alice.event("member-joined") { $0.nick == "carol" }
    }

    @Test func whoWasBannedStaysOut() async throws {
        let kept = try await Kept()
        let mallory = try await kept.hosted.join(["--nick", "mallory"])
        let old = kept.hosted.invite
        kept.host.send("/ban mallory")
        let new = try #require(try await kept.host.event("invite").invite)
        _ = try await mallory.result()
        try await kept.kill()
        try await kept.restart()
        #expect(kept.hosted.invite == new && new != old)
        try await expectFailure(["join", old], code: "invite-used", status: 77)
        _ = try await kept.hosted.join()
    }

    /// What the host's person is told of is on the disk.
    @Test func aRevocationThatWasToldHolds() async throws {
        let kept = try await Kept()
        kept.host.send("/invite --uses 2")
        let invite = try #require(try await kept.host.event("invite").invite)
        kept.host.send("/invite --revoke 2")
        try await kept.host.event("invite-revoked")
        try await kept.kill()
        try await kept.restart()
        try await expectFailure(["join", invite], code: "invite-used", status: 77)
    }

    @Test func aRelayThatIsKilledIsAPause() async throws {
        let kept = try await Kept(["--headless"])
        let first = try await kept.hosted.join(["--nick", "first"])
        let invite = try #require(try await first.event("invite").invite)
        let second = try TermTalkProcess(["join", invite, "--json", "--nick", "second"], home: TestHome())
        try await first.knows([second])
        for number in 1...40 {
            first.send("line \(number)")
            second.send("line \(number)")
        }
        try await first.events("message", count: 20)
        try await kept.kill()
        first.send("while it was gone 41")
        try await kept.restart()
        for member in [first, second] { try await member.event("message") { $0.text == "while it was gone 41" } }
        second.send("end 42")
        for member in [first, second] {
            try await member.event("message") { $0.text == "end 42" }
            _ = check(member, from: member.eventsSoFar.first { $0.event == "message" }?.seq ?? 1)
        }
        let third = try TermTalkProcess(["join", invite, "--json", "--nick", "third"], home: TestHome())
        #expect(try await third.event("joined-room").members?.count == 3)
        // A relay's unit stops it in this way.
        kept.host.signal(SIGTERM)
        _ = try await kept.host.result()
        try await kept.restart()
        third.send("still here 43")
        try await first.event("message") { $0.text == "still here 43" }
        // It is no host with a participant.
        kept.host.signal(SIGTERM)
        _ = try await kept.host.result()
        let asHost = try await TermTalkProcess.run(
            ["host", "--json", "--direct", kept.hosted.address, "--persist", "club"], home: try #require(kept.home))
        #expect(asHost.events("error").map(\.code) == ["input-invalid"])
    }

    @Test func quitPausesAndEndDeletes() async throws {
        let kept = try await Kept()
        let alice = try await kept.hosted.join()
        alice.send("one 1")
        try await alice.event("message")
        kept.host.send("/quit")
        #expect(try await kept.host.result().status == 0)
        try await alice.event("connection") { $0.state == "reconnecting" }
        alice.send("two 2")
        #expect(try kept.files.contains("club.store"))
        try await kept.restart()
        try await alice.event("message") { $0.text == "two 2" }
        #expect(check(alice) == ["one 1", "two 2"])
        kept.host.send("/end")
        #expect(try await alice.event("closed").reason == "host-quit")
        #expect(try await kept.host.result().status == 0)
        #expect(try await alice.result().status == 0)
        #expect(try kept.files == [])
    }

    /// Whoever was told of the end has been told for good, though somebody who is there does not take note of it.
    @Test func anEndThatWasToldIsNoPause() async throws {
        let kept = try await Kept()
        let alice = try await kept.hosted.join()
        let bob = try await kept.hosted.join()
        try await alice.knows([bob])
        alice.send("one 1")
        try await bob.event("message")
        bob.signal(SIGSTOP)
        kept.host.send("/end")
        #expect(try await alice.event("closed").reason == "host-quit")
        try await kept.killIfThere()
        bob.signal(SIGCONT)
        let key = kept.hosted.hostKey
        try await kept.restart()
        #expect(kept.hosted.hostKey != key)
    }

    /// The same of a moderator's end of a relay's room.
    @Test func aModeratorsEndIsNoPause() async throws {
        let kept = try await Kept(["--headless"])
        let first = try await kept.hosted.join(["--nick", "first"])
        let invite = try #require(try await first.event("invite").invite)
        let second = try TermTalkProcess(["join", invite, "--json"], home: TestHome())
        try await second.event("joined-room")
        let third = try TermTalkProcess(["join", invite, "--json"], home: TestHome())
        try await third.event("joined-room")
        third.signal(SIGSTOP)
        first.send("/end")
        try await second.event("closed")
        try await kept.killIfThere()
        third.signal(SIGCONT)
        let key = kept.hosted.hostKey
        try await kept.restart()
        #expect(kept.hosted.hostKey != key)
    }

    /// So has who was told that the room's time is over, whatever the clock says later.
    @Test(arguments: [[], ["--headless"]]) func aTimeThatIsOverIsNoPause(_ more: [String]) async throws {
        let kept = try await Kept(more + ["--ttl", "60"])
        let alice = try await kept.hosted.join()
        // At a relay the first member has made the invite.
        let invite = more.isEmpty ? kept.hosted.invite : try #require(try await alice.event("invite").invite)
        let bob = try TermTalkProcess(["join", invite, "--json"], home: TestHome())
        try await bob.event("joined-room")
        // Of one that takes no note of anything for longer its connection is given up.
        try await alice.event("ending", seconds: 180) { $0.secondsLeft == 10 }
        bob.signal(SIGSTOP)
        #expect(try await alice.event("closed", seconds: 180).reason == "ttl")
        try await kept.killIfThere()
        bob.signal(SIGCONT)
        let key = kept.hosted.hostKey
        // Of one that was only paused it would say that its time is over, and end.
        try await kept.restart()
        #expect(kept.hosted.hostKey != key)
    }

    /// Killed at any moment of its end, a room goes on or is over, and nothing in between.
    @Test(arguments: ["/end", "/panic"]) func killedAtItsEnd(_ command: String) async throws {
        let kept = try await Kept()
        var (resumed, ended) = (0, 0)
        for round in 0..<8 {
            let key = kept.hosted.hostKey
            kept.host.send(command)
            // What comes in that time differs from machine to machine; each is a moment of its own.
            usleep(useconds_t(round * 4_000))
            kept.host.signal(SIGKILL)
            _ = try await kept.host.result()
            try await kept.restart()
            if kept.hosted.hostKey == key { resumed += 1 } else { ended += 1 }
            _ = try await kept.hosted.join()
        }
        #expect(resumed + ended == 8)
    }

    /// Who is there hears that the room only pauses, and waits without a word for each try.
    @Test(arguments: ["/quit", "SIGTERM"]) func aPauseIsTold(how: String) async throws {
        let kept = try await Kept()
        let alice = try await kept.hosted.join()
        alice.send("one 1")
        try await alice.event("message")
        if how == "/quit" { kept.host.send(how) } else { kept.host.signal(SIGTERM) }
        let notice = try await alice.event("warning") { $0.code == "room-paused" }
        #expect(notice.hint?.isEmpty == false)
        #expect(try await alice.event("connection") { $0.state == "reconnecting" }.cause == "room-paused")
        _ = try await kept.host.result()
        alice.send("two 2")
        try await kept.restart()
        try await alice.event("message") { $0.text == "two 2" }
        #expect(alice.eventsSoFar.filter { $0.event == "connection" }.map(\.state) == ["reconnecting", "connected"])
        #expect(alice.eventsSoFar.filter { $0.event == "warning" }.map(\.code) == ["room-paused"])
        #expect(check(alice) == ["one 1", "two 2"])
    }

    /// What the person at the host had on the screen before it was killed counts as received.
    @Test func receiptsCountTheHostAfterARestart() async throws {
        let kept = try await Kept()
        let alice = try await kept.hosted.join()
        let bob = try await kept.hosted.join()
        try await alice.knows([bob])
        bob.signal(SIGSTOP)
        alice.send("one 1")
        try await kept.host.event("message") { $0.text == "one 1" }
        let id = try await alice.event("message").id
        try await alice.event("acknowledged") { $0.id == id && $0.count == 1 }
        // What comes later is written with the note of that, and without a snapshot.
        alice.send("two 2")
        try await kept.host.event("message") { $0.text == "two 2" }
        try await kept.kill()
        try await kept.restart()
        bob.signal(SIGCONT)
        let receipt = try await alice.event("acknowledged") { $0.id == id && $0.count == 2 }
        #expect(receipt.of == 2)
    }

    @Test func itsTimeGoesOnAndAtItsEndNothingStays() async throws {
        let lasting = try await Kept()
        let expires = try #require(lasting.hosted.ready.expires)
        try await lasting.kill()
        try await lasting.restart()
        // Rounded up to a second, each time.
        let ends = [expires, lasting.hosted.ready.expires ?? ""].map(Self.seconds)
        #expect(ends[0] > 0 && abs(ends[1] - ends[0]) <= 2)
        let kept = try await Kept(["--ttl", "40s"])
        // Another one, which ends later, tells when that is over.
        let clock = try await HostedRoom.direct(["--ttl", "42s"])
        try await kept.kill()
        try await clock.host.event("closed") { $0.reason == "ttl" }
        #expect(try await kept.failure() == "room-expired 69")
        #expect(try kept.files == [])
        let running = try await Kept(["--ttl", "3s"])
        try await running.host.event("closed") { $0.reason == "ttl" }
        #expect(try await running.host.result().status == 0)
        #expect(try running.files == [])
    }

    /// A time of the machine interface, in seconds since 1970; 0 for what is none.
    private static func seconds(_ time: String) -> Double {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions =
            time.contains(".") ? [.withInternetDateTime, .withFractionalSeconds] : .withInternetDateTime
        return formatter.date(from: time)?.timeIntervalSince1970 ?? 0
    }

    @Test func damageAndTwoHostsAreTold() async throws {
        let kept = try await Kept()
        #expect(try await kept.failure() == "persist-in-use 75")
        try await kept.kill()
        let path = "\(try #require(kept.home).path)/state/termtalk/rooms/club.store/room.db"
        // After an orderly end all is in this file.
        try await kept.restart()
        kept.host.send("/quit")
        _ = try await kept.host.result()
        var changed = try Data(contentsOf: URL(filePath: path))
        #expect(changed.count > 4_096)
        for index in stride(from: 4_096, to: changed.count, by: 512) { changed[index] ^= 0x55 }
        try changed.write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        #expect(try await kept.failure() == "persist-damaged 65")
        #expect(try Data(contentsOf: URL(filePath: path)) == changed)
        let key = "\(try #require(kept.home).path)/state/termtalk/rooms/club.store/key"
        var bytes = try Data(contentsOf: URL(filePath: key))
        bytes[15] = 0
        try bytes.write(to: URL(filePath: key))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
        #expect(try await kept.failure() == "persist-version 76")
    }

    @Test func aRoomOfTheVersionBeforeIsTakenOver() async throws {
        let kept = try await Kept()
        let key = kept.hosted.hostKey
        try await kept.kill()
        // That one kept its keys, and nothing else.
        try FileManager.default.removeItem(
            atPath: "\(try #require(kept.home).path)/state/termtalk/rooms/club.store")
        let invite = kept.hosted.invite
        try await kept.restart()
        #expect(kept.hosted.hostKey == key && kept.hosted.invite != invite)
        _ = try await kept.hosted.join()
    }

    @Test(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
    func overTor() async throws {
        let network = try await PrivateTorNetwork.shared()
        let home = try TestHome()
        let options =
            ["host", "--onion", "--json", "--ttl", "20m", "--persist", "club", "--no-passphrase"]
            + network.host.controlFlags
        let first = try TermTalkProcess(options, home: home)
        let ready = try await first.event("ready")
        let guest = try TermTalkProcess(
            ["join", try #require(ready.invite), "--json"] + network.client.controlFlags, home: TestHome())
        try await guest.event("joined-room")
        guest.send("one 1")
        try await first.event("message")
        first.signal(SIGKILL)
        _ = try await first.result()
        guest.send("two 2")
        let second = try TermTalkProcess(options, home: home)
        let again = try await second.event("ready")
        #expect(again.address == ready.address && again.invite == ready.invite)
        for process in [second, guest] { try await process.event("message") { $0.text == "two 2" && $0.seq == 2 } }
        #expect(check(guest) == ["one 1", "two 2"])
    }

    /// What cannot be kept is passed on to nobody, until it can.
    @Test(.enabled(if: geteuid() == 0, "only root can mount a file system")) func onAFullDisk() async throws {
        let home = try TestHome()
        let state = "\(home.path)/state"
        try #require(mount("tmpfs", state, "tmpfs", 0, "size=\(24 << 20),mode=700") == 0)
        defer { umount2(state, Int32(MNT_DETACH)) }
        let hosted = try await HostedRoom.direct(["--persist", "club", "--no-passphrase"], home: home)
        let alice = try await hosted.join()
        alice.send("before 0")
        try await alice.event("message")
        try fill(state)
        for number in 1...300 { alice.send("\(String(repeating: "x", count: 200)) \(number)") }
        try await hosted.host.event("warning") { $0.code == "no-space" }
        unlink("\(state)/filler")
        try await alice.event("message") { $0.text?.hasSuffix(" 300") == true }
        #expect(check(alice).count == 301)
        hosted.host.signal(SIGKILL)
        _ = try await hosted.host.result()
        let again = try await HostedRoom.direct(
            ["--persist", "club", "--no-passphrase"], at: [hosted.address], home: home)
        alice.send("after 301")
        try await again.host.event("message") { $0.text == "after 301" && $0.seq == 302 }
        again.host.send("/quit")
        _ = try await again.host.result()
        // Who starts it while there is no space is told so, and nothing is lost by it.
        try fill(state)
        let third = try await HostedRoom.direct(
            ["--persist", "club", "--no-passphrase"], at: [hosted.address], home: home)
        try await third.host.event("warning") { $0.code == "no-space" }
        alice.send("waits 302")
        unlink("\(state)/filler")
        try await third.host.event("message") { $0.text == "waits 302" && $0.seq == 303 }
        try await alice.event("message") { $0.text == "waits 302" }
        #expect(check(alice).count == 303)
        third.host.send("/quit")
        _ = try await third.host.result()
    }

    /// Takes all space that there is in the folder's file system.
    private func fill(_ folder: String) throws {
        let filler = open("\(folder)/filler", O_WRONLY | O_CREAT, 0o600)
        defer { close(filler) }
        var status = statvfs()
        // The store may take some of it meanwhile, and a signal may interrupt it.
        var result: Int32
        repeat {
            try #require(statvfs(folder, &status) == 0)
            result = status.f_bavail == 0 ? 0 : posix_fallocate(filler, 0, Int(status.f_bavail) * Int(status.f_bsize))
        } while [ENOSPC, EINTR].contains(result)
        try #require(result == 0)
    }

    @Test func panicDeletes() async throws {
        let kept = try await Kept()
        kept.host.send("/panic")
        _ = try await kept.host.result()
        #expect(try kept.files == [])
    }
}
