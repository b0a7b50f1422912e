import Foundation
import PrivateTorNetwork
import Testing

/// A relay of a room, `host --headless`, with the program itself.
struct HeadlessTests {
    private static let flags = ["--headless"]

    /// The first one comes in with the relay's invite, and is shown the group's.
    private func first(
        _ hosted: HostedRoom, nick: String = "first", more: [String] = []
    ) async throws -> (TermTalkProcess, invite: String) {
        let first = try await hosted.join(["--nick", nick] + more)
        let invite = try #require(try await first.event("invite").invite)
        return (first, invite)
    }

    private func join(_ invite: String, _ nick: String, _ more: [String] = []) async throws -> TermTalkProcess {
        let joiner = try TermTalkProcess(["join", invite, "--json", "--nick", nick] + more, home: TestHome())
        try await joiner.event("joined-room")
        return joiner
    }

    private func say(_ text: String, _ speaker: TermTalkProcess, to others: [TermTalkProcess]) async throws {
        try await speaker.knows(others)
        speaker.send(text)
        for person in others + [speaker] { try await person.event("message") { $0.text == text } }
    }

    @Test func lineMode() async throws {
        let home = try TestHome()
        let host = try TermTalkProcess(
            ["host", "--direct", "127.0.0.1:0", "--plain", "--headless", "--ttl", "300"], home: home, input: .null)
        try await host.line { $0.hasPrefix("expires in ") }
        let lines = host.outputSoFar
        #expect(lines.map { String($0.prefix(7)) } == ["address", "room   ", "invite ", "expires"])
        #expect(lines[3] == "expires in 300s")
        let invite = lines[2].dropFirst(8)
        #expect(try InviteText(String(invite)).key[33..<65].allSatisfy { $0 == 0 })
        host.signal(SIGTERM)
        let result = try await host.result()
        #expect(result.status == 0)
        #expect(result.output.count == 4)
        #expect(result.errors.first?.hasPrefix("-!- this invite is for the first who comes in") == true)
        #expect(result.errors.dropFirst() == ["-!- the room is closed: the host has ended it"])
    }

    @Test func usage() async throws {
        for more in [["--approve"], ["--nick", "me"]] {
            let result = try await TermTalkProcess.run(
                ["host", "--direct", "127.0.0.1:0", "--headless"] + more, home: TestHome())
            #expect(result.status == 64)
        }
    }

    /// What is said to the relay's standard input is nothing to it, and its end is not the room's.
    @Test func signalsEndTheRoomAndInputDoesNot() async throws {
        let hosted = try await HostedRoom.direct(Self.flags)
        hosted.host.send("hello")
        hosted.host.send("/quit")
        hosted.host.closeInput()
        let (member, _) = try await first(hosted)
        try await say("still here", member, to: [])
        hosted.host.signal(SIGINT)
        #expect(try await member.event("closed").reason == "host-quit")
        #expect(try await member.result().status == 0)
        let result = try await hosted.host.result()
        #expect(result.status == 130)
        #expect(Set(result.events.map(\.event)).isSubset(of: ["starting", "ready", "closed"]), "\(result.events)")
        #expect(result.events("closed").map(\.reason) == ["host-quit"])
    }

    @Test func onlyTheFirstComesInWithTheRelaysInvite() async throws {
        let hosted = try await HostedRoom.direct(Self.flags)
        let (member, invite) = try await first(hosted)
        #expect(invite != hosted.invite && invite.count < hosted.invite.count)
        for place in [
            [hosted.invite], [hosted.room, "--direct", hosted.address, "--host-key", hosted.hostKey],
        ] {
            try await expectFailure(["join"] + place, code: "group-invite-needed", status: 77)
        }
        let second = try await join(invite, "second")
        second.send("/invite")
        #expect(try await second.event("invite").invite == invite)
        second.send("/lock")
        #expect(try await second.event("error").code == "not-permitted")
        try await say("hello", second, to: [member])
    }

    /// The invite lets nobody in any more, also after the relay was killed; who was away meanwhile comes back with it all the same.
    @Test func whoIsSentOutNeedsAnotherInvite() async throws {
        let home = try TestHome()
        let flags = Self.flags + ["--persist", "club", "--no-passphrase", "--ttl", "none"]
        let hosted = try await HostedRoom.direct(flags, home: home)
        let (member, invite) = try await first(hosted)
        let second = try await join(invite, "second")
        let third = try await join(invite, "third")
        let sleeper = try await join(invite, "sleeper")
        try await say("hello", sleeper, to: [member, second, third])
        sleeper.signal(SIGSTOP)
        member.send("/kick third")
        #expect(try await third.event("closed").reason == "kicked")
        let next = try #require(try await member.event("invite") { $0.invite != invite }.invite)
        try await second.event("warning") { $0.code == "invite-renewed" }
        second.send("/invite")
        #expect(try await second.event("invite").invite == next)
        try await expectFailure(["join", invite], code: "group-invite-needed", status: 77)
        hosted.host.signal(SIGKILL)
        _ = try await hosted.host.result()
        let again = try await HostedRoom.direct(flags, at: [hosted.address], home: home)
        sleeper.signal(SIGCONT)
        try await say("back", second, to: [member, sleeper])
        try await expectFailure(["join", invite], code: "group-invite-needed", status: 77)
        let fourth = try await join(next, "fourth")
        try await say("in", fourth, to: [member, second, sleeper])
        #expect(again.room == hosted.room)
    }

    /// The only moderator is killed when the relay has its change of the group's secret, before the relay knows the invite that comes of
    /// it: another member tells it, and somebody new comes in with that.
    @Test func theModeratorIsKilledBeforeTheNewInviteIsKnown() async throws {
        let hosted = try await HostedRoom.direct(Self.flags + ["--log-level", "info"])
        let port = try #require(hosted.address.split(separator: ":").last.flatMap { UInt16($0) })
        let proxy = try FaultProxy(to: port)
        let moderator = try TermTalkProcess(
            [
                "join", hosted.room, "--direct", proxy.address, "--host-key", hosted.hostKey, "--json", "--nick",
                "moderator",
            ],
            home: TestHome())
        let invite = try #require(try await moderator.event("invite").invite)
        // From its change of the group to the echo of that it takes a second or two.
        proxy.slowPresent(1_000)
        let second = try await join(invite, "second")
        let third = try await join(invite, "third")
        try await moderator.events("member-joined", count: 2)
        moderator.send("/kick third")
        try await third.event("closed")
        try await hosted.host.errorLine { $0.contains("another invite") && $0.contains("known=false") }
        moderator.signal(SIGKILL)
        _ = try await moderator.result()
        try await second.event("warning") { $0.code == "invite-renewed" }
        second.send("/invite")
        let next = try #require(try await second.event("invite").invite)
        #expect(next != invite)
        try await expectFailure(["join", invite], code: "group-invite-needed", status: 77)
        let fourth = try await join(next, "fourth")
        try await say("in", fourth, to: [second])
    }

    /// Three talk; one leaves, one is killed, one is cut off. A fourth comes in while nobody is there; the one who was cut
    /// off comes back, and both talk.
    @Test func comingInWhileNobodyIsThere() async throws {
        let hosted = try await HostedRoom.direct(Self.flags)
        let port = try #require(hosted.address.split(separator: ":").last.flatMap { UInt16($0) })
        let proxy = try FaultProxy(to: port)
        let alice = try TermTalkProcess(
            [
                "join", hosted.room, "--direct", proxy.address, "--host-key", hosted.hostKey, "--json", "--nick",
                "alice",
            ],
            home: TestHome())
        let invite = try #require(try await alice.event("invite").invite)
        let bob = try await join(invite, "bob")
        let carol = try await join(invite, "carol")
        for (text, speaker) in [("one", alice), ("two", bob), ("three", carol)] {
            try await say(text, speaker, to: [alice, bob, carol])
        }
        bob.send("/quit")
        #expect(try await bob.result().status == 0)
        carol.signal(SIGKILL)
        _ = try await carol.result()
        // It cannot come back before it goes on.
        alice.signal(SIGSTOP)
        proxy.reset()
        let dave = try await join(invite, "dave")
        dave.send("anybody?")
        try await dave.event("message") { $0.text == "anybody?" }
        alice.signal(SIGCONT)
        try await alice.event("message") { $0.text == "anybody?" }
        try await say("me", alice, to: [dave])
        try await say("good", dave, to: [alice])
        for person in [alice, dave] {
            #expect(person.eventsSoFar.filter { $0.event == "warning" || $0.event == "error" }.isEmpty)
        }
        // All leave, and the next one is let in by what the relay has kept.
        for person in [alice, dave] {
            person.send("/quit")
            #expect(try await person.result().status == 0)
        }
        let erin = try await join(invite, "erin")
        let frank = try await join(invite, "frank")
        try await say("we", erin, to: [frank])
        #expect(erin.eventsSoFar.filter { $0.event == "warning" || $0.event == "error" }.isEmpty)
    }

    /// Who founded the group was killed before anybody saw its invite.
    @Test func theFirstOneIsKilled() async throws {
        let hosted = try await HostedRoom.direct(Self.flags)
        let (founder, lost) = try await first(hosted)
        // `say` gives nothing up for itself.
        try await expectFailure(["say", hosted.invite, "x"], code: "group-invite-needed", status: 77)
        founder.signal(SIGKILL)
        _ = try await founder.result()
        let (second, invite) = try await first(hosted, nick: "second")
        #expect(invite != lost)
        let third = try await join(invite, "third")
        try await say("here we are", third, to: [second])
    }

    /// Whoever made the group ends its room, though nobody is at the relay, and nothing stays of one that was kept.
    @Test func itsCreatorEndsIt() async throws {
        let hosted = try await HostedRoom.direct(Self.flags + ["--persist", "club", "--no-passphrase"])
        let (creator, invite) = try await first(hosted)
        let other = try await join(invite, "other")
        // It was killed before, and nobody waits for it.
        let killed = try await join(invite, "killed")
        killed.signal(SIGKILL)
        _ = try await killed.result()
        try await creator.event("member-away")
        creator.send("/end")
        for process in [creator, other, hosted.host] {
            let result = try await process.result()
            #expect(result.status == 0)
            #expect(result.events("closed").map(\.reason) == ["host-quit"])
            #expect(result.events("closed").map(\.by) == ["moderator"])
        }
        let files = try? FileManager.default.contentsOfDirectory(
            atPath: "\(hosted.home.path)/state/termtalk/rooms")
        #expect(files?.filter { $0.hasPrefix("club") } ?? [] == [])
    }

    @Test func endsByItselfWhenNobodyComes() async throws {
        let host = try TermTalkProcess(
            ["host", "--direct", "127.0.0.1:0", "--plain", "--headless", "--ttl", "2s"], home: TestHome(), input: .null)
        let result = try await host.result()
        #expect(result.status == 0)
        #expect(result.errors.count == 2 && result.errors[1].hasPrefix("-!- the room is closed"))
    }

    /// `say` exits with 0 only when somebody will read it, and founds no group.
    @Test func sayingToNobody() async throws {
        let hosted = try await HostedRoom.direct(Self.flags)
        for more in [[], ["--wait-ack", "members"]] {
            try await expectFailure(["say", hosted.invite, "x"] + more, code: "group-invite-needed", status: 77)
        }
        let (member, invite) = try await first(hosted)
        let heard = try await TermTalkProcess.run(["say", invite, "heard"], home: TestHome())
        #expect(heard.status == 0)
        try await member.event("message") { $0.text == "heard" }
        // Its place is kept, so that it will read what comes now; but it is not present.
        member.signal(SIGKILL)
        _ = try await member.result()
        let kept = try await TermTalkProcess.run(["say", invite, "kept"], home: TestHome())
        #expect(kept.status == 0)
        let nobody = try await TermTalkProcess.run(
            ["say", invite, "x", "--wait-ack", "members", "--json"], home: TestHome())
        #expect(nobody.events("error").map(\.code) == ["nobody-here"])
        #expect(nobody.status == 75)
    }

    @Test func sayingToNobodyWhoHasAPlace() async throws {
        let hosted = try await HostedRoom.direct(Self.flags)
        let (member, invite) = try await first(hosted)
        member.send("/quit")
        _ = try await member.result()
        for more in [[], ["--wait-ack", "members"]] {
            let nobody = try await TermTalkProcess.run(["say", invite, "x", "--json"] + more, home: TestHome())
            #expect(nobody.events("error").map(\.code) == ["nobody-here"])
            #expect(nobody.status == 75)
        }
    }

    @Test func withAPassword() async throws {
        let home = try TestHome()
        let password = ["--password-file", try home.write("password", "open sesame\n")]
        let hosted = try await HostedRoom.direct(Self.flags + password, home: home)
        let member = try TermTalkProcess(
            ["join", hosted.invite, "--json", "--nick", "first"] + password, home: home)
        let invite = try #require(try await member.event("invite").invite)
        try await expectFailure(["join", invite], code: "password-required", status: 77)
        let second = try TermTalkProcess(["join", invite, "--json"] + password, home: home)
        try await second.event("joined-room")
        for person in [member, second] {
            person.send("/quit")
            _ = try await person.result()
        }
        let late = try await TermTalkProcess.run(["join", invite, "--json"] + password, home: home)
        #expect(late.events("error").map(\.code) == ["nobody-here"])
        #expect(late.status == 75)
    }

    @Test(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
    func onion() async throws {
        let network = try await PrivateTorNetwork.shared()
        let hosted = try await HostedRoom.onion(network.client.controlFlags, Self.flags)
        let (alice, invite) = try await first(hosted, more: network.client.controlFlags)
        #expect(invite.contains(".onion:12345/"))
        let bob = try await join(invite, "bob", network.client.controlFlags)
        try await say("hello", bob, to: [alice])
    }

    // MARK: The unit

    /// What `make install` makes of the unit is in order, and as closed as it was made to be.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze"), "needs systemd"))
    func unit() async throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let home = try TestHome()
        let folder = URL(filePath: try TermTalkProcess.binary()).deletingLastPathComponent().path
        let text = try String(
            contentsOf: root.appending(path: "packaging/termtalk-relay@.service.in"), encoding: .utf8
        )
        // The manual page is not installed here.
        .split(separator: "\n").filter { !$0.hasPrefix("Documentation=") }.joined(separator: "\n")
        let unit = try home.write("termtalk-relay@x.service", text.replacing("@BINDIR@", with: folder) + "\n")
        for arguments in [["--user", "verify", unit], ["security", "--offline=true", "--threshold=20", unit]] {
            let checked = try TermTalkProcess(
                program: "/usr/bin/systemd-analyze", ["--no-pager"] + arguments, home: home,
                environment: ["XDG_RUNTIME_DIR": folder])
            let result = try await checked.result()
            #expect(result.status == 0, "\(result.output) \(result.errors)")
            if arguments.contains("verify") { #expect(result.errors == []) }
        }
        // Not only that nothing is written in homes: what is there cannot be read.
        #expect(text.contains("\nProtectHome=tmpfs\n") && !text.contains("ProtectHome=read-only"))
        for folder in text.matches(of: #/Environment=HOME=(\S+) .*XDG_RUNTIME_DIR=(\S+)/#) {
            #expect(text.contains("BindPaths=\(folder.1) \(folder.2)"))
        }
    }

    // MARK: What the relay has in memory

    private func forms(of text: String) -> [String: [UInt8]] {
        [
            "\(text), UTF-8": Array(text.utf8),
            "\(text), UTF-16": text.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] },
        ]
    }

    /// What marks a text, so that nothing else in memory looks like it.
    private func marked(_ text: String) -> String {
        "\(text)-\(UInt64.random(in: .min ... .max))-\(UInt64.random(in: .min ... .max))"
    }

    @Test(.enabled(if: MemoryImage.isPermitted, "needs root, or kernel.yama.ptrace_scope at most 1"))
    func theRelaysMemory() async throws {
        let hosted = try await HostedRoom.direct(Self.flags)
        let (alice, invite) = try await first(hosted, nick: "alice")
        let bob = try await join(invite, "bob")
        let texts = (0..<20).map { marked("said\($0)") }
        for (number, text) in texts.enumerated() {
            try await say(text, number.isMultiple(of: 2) ? alice : bob, to: [alice, bob])
        }
        let whisper = marked("whispered")
        alice.send("/msg bob \(whisper)")
        try await bob.event("message") { $0.text == whisper && $0.kind == "private" }
        bob.send("/quit")
        _ = try await bob.result()
        alice.signal(SIGKILL)
        _ = try await alice.result()
        let carol = try await join(invite, "carol")
        let last = marked("last")
        try await say(last, carol, to: [])

        let secret = try InviteText(invite).secret
        var patterns = ["secret": secret, "invite": Array(try InviteText(invite).keyText.utf8)]
        for text in texts + [whisper, last] { patterns.merge(forms(of: text)) { $1 } }
        #expect(try MemoryImage.search(hosted.host, for: patterns) == [])
        // The same search finds what the relay has to know: what it was told, and what it has sent.
        let known = [
            "room": Array(hosted.room.utf8), "nick": Array("carol".utf8), "host key": Self.bytes(hosted.hostKey),
        ]
        let found = try MemoryImage.search(hosted.host, for: known)
        #expect(found == Set(known.keys))
        // And a member knows it all.
        let member = try MemoryImage.search(
            carol, for: ["invite": Array(try InviteText(invite).keyText.utf8), "last": Array(last.utf8)])
        #expect(member == ["invite", "last"])
        try await say("goes on", carol, to: [])
    }

    @Test(.enabled(if: MemoryImage.isPermitted, "needs root, or kernel.yama.ptrace_scope at most 1"))
    func aHostsMemoryHasWhatWasSaid() async throws {
        let hosted = try await HostedRoom.direct()
        let member = try await hosted.join()
        let text = marked("said")
        member.send(text)
        try await hosted.host.event("message") { $0.text == text }
        let found = try MemoryImage.search(hosted.host, for: forms(of: text))
        #expect(found == ["\(text), UTF-8"])
    }

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
    }
}
