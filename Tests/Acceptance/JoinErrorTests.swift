import Foundation
import PrivateTorNetwork
import Testing

/// What a joiner is told when it cannot get into a direct room.
struct JoinErrorTests {
    @Test func nothingListens() async throws {
        let address = "127.0.0.1:\(try LoopbackAddress.unusedPort())"
        try await expectFailure(["join", "room", "--direct", address], code: "connection-refused", status: 69)
    }

    @Test(arguments: ["127.0.0.1:65536", "127.0.0.1:x", "127.0.0.1", ":1", "::1:80", "ho st:1", "[::1]"])
    func invalidAddress(_ address: String) async throws {
        try await expectFailure(["join", "room", "--direct", address], code: "address-invalid", status: 65)
    }

    @Test func unknownHostName() async throws {
        try await expectFailure(
            ["join", "room", "--direct", "no-such-host.invalid:1"], code: "host-unreachable", status: 69)
    }

    @Test func roomThatNobodyKnows() async throws {
        try await expectFailure(["join", "nowhere"], code: "no-such-room", status: 69)
    }

    @Test func invalidRoomName() async throws {
        try await expectFailure(["join", "room name"], code: "room-invalid", status: 65)
    }

    @Test func hostWithoutThatRoom() async throws {
        let hosted = try await HostedRoom.direct()
        try await expectFailure(
            ["join", "another", "--direct", hosted.address, "--host-key", hosted.hostKey], code: "no-such-room",
            status: 69)
    }

    /// The host says nothing to a joiner with an invite that it does not know, so this takes its whole deadline.
    @Test func inviteOfAnEarlierRoom() async throws {
        let port = try LoopbackAddress.unusedPort()
        let earlier = try TermTalkProcess(
            ["host", "--direct", "127.0.0.1:\(port)", "--room", "same", "--json"], home: TestHome())
        let invite = try #require(try await earlier.event("ready").invite)
        earlier.send("/quit")
        #expect(try await earlier.result().status == 0)
        let later = try TermTalkProcess(
            ["host", "--direct", "127.0.0.1:\(port)", "--room", "same", "--json"], home: TestHome())
        try await later.event("ready")
        try await expectFailure(["join", invite], code: "no-such-room", status: 69)
    }

    @Test func anotherHostKey() async throws {
        let hosted = try await HostedRoom.direct()
        let other = try await HostedRoom.direct()
        try await expectFailure(
            ["join", hosted.room, "--direct", hosted.address, "--host-key", other.hostKey], code: "host-key-mismatch",
            status: 76)
        try await expectFailure(
            ["join", hosted.invite, "--host-key", other.hostKey], code: "host-key-mismatch", status: 76)
    }

    @Test(arguments: ["", "0011", "zz"]) func hostKeyThatIsNone(_ key: String) async throws {
        try await expectFailure(
            ["join", "room", "--direct", "127.0.0.1:1", "--host-key", key], code: "input-invalid", status: 65)
    }

    @Test func unknownHostKeyIsRefusedByDefault() async throws {
        let hosted = try await HostedRoom.direct()
        try await expectFailure(
            ["join", hosted.room, "--direct", hosted.address], code: "host-key-unknown", status: 76)
        try await expectFailure(
            ["join", hosted.room, "--direct", hosted.address, "--strict"], code: "host-key-unknown", status: 76)
    }

    @Test func acceptedHostIsKnownTheNextTime() async throws {
        let hosted = try await HostedRoom.direct()
        let home = try TestHome()
        let arguments = ["join", hosted.room, "--direct", hosted.address, "--json"]
        let first = try await TermTalkProcess.run(arguments + ["--accept-new-host"], home: home)
        #expect(first.status == 0)
        #expect(first.events("joined-room").map(\.trust) == ["new"])
        #expect(first.events("joined-room").map(\.hostKey) == [hosted.hostKey])
        let second = try await TermTalkProcess.run(arguments, home: home)
        #expect(second.status == 0)
        #expect(second.events("joined-room").map(\.trust) == ["known"])

        let known = "\(home.path)/state/termtalk/known_hosts.json"
        let permissions = try FileManager.default.attributesOfItem(atPath: known)[.posixPermissions] as? Int
        #expect(permissions == 0o600)
    }

    /// The port is served by another host later: the known key does not fit any more.
    @Test func knownHostChangesItsKey() async throws {
        let home = try TestHome()
        let port = try LoopbackAddress.unusedPort()
        let hostArguments = ["host", "--direct", "127.0.0.1:\(port)", "--room", "same", "--json"]
        let first = try TermTalkProcess(hostArguments, home: TestHome())
        try await first.event("ready")
        let joinArguments = ["join", "same", "--direct", "127.0.0.1:\(port)"]
        let joined = try await TermTalkProcess.run(joinArguments + ["--json", "--accept-new-host"], home: home)
        #expect(joined.status == 0)
        first.send("/quit")
        #expect(try await first.result().status == 0)
        let second = try TermTalkProcess(hostArguments, home: TestHome())
        try await second.event("ready")
        try await expectFailure(
            joinArguments + ["--accept-new-host"], code: "host-key-mismatch", status: 76, home: home)
    }

    @Test func fullRoom() async throws {
        let hosted = try await HostedRoom.direct(["--max-members", "2"])
        let first = try await hosted.join()
        try await expectFailure(["join", hosted.invite], code: "room-full", status: 75)
        first.send("/quit")
        #expect(try await first.result().status == 0)
        let again = try await hosted.join()
        #expect(again.pid != nil)
    }

    @Test func portInUse() async throws {
        let hosted = try await HostedRoom.direct()
        try await expectFailure(["host", "--direct", hosted.address], code: "address-in-use", status: 69)
    }

    @Test(
        arguments: [
            "127.0.0.1:70000", "198.51.100.1:0", "[fe80::1]:0", "[::ffff:127.0.0.1]:0", "name:", "x.onion",
        ])
    func invalidAddressToListenOn(_ address: String) async throws {
        try await expectFailure(["host", "--direct", address], code: "address-invalid", status: 65)
    }
}

/// Nicks that a room does not take.
struct NickErrorTests {
    /// The last two: in Cyrillic letters, and with a capital I for the l.
    @Test(arguments: ["alice", "ALICE", "\u{430}\u{4CF}\u{456}\u{441}\u{435}", "aIice"])
    func nickThatSomebodyHas(_ nick: String) async throws {
        let hosted = try await HostedRoom.direct(["--nick", "alice"])
        for number in 2...3 {
            let joiner = try await hosted.join(["--nick", nick])
            let joined = try await joiner.event("joined-room")
            #expect(joined.members?.first { $0.id == joined.member }?.nick == "\(nick)\(number)")
            let warning = try await joiner.event("warning")
            #expect(warning.code == "nick-taken" && warning.message?.contains("\(nick)\(number)") == true)
            #expect(try await hosted.host.event("member-joined") { $0.nick == "\(nick)\(number)" }.nick != nil)
        }
    }

    /// With a Cyrillic а among Latin letters: no number mends that.
    @Test func nickOfMixedScriptsThatLooksLikeSomebodys() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "alice"])
        try await expectFailure(["join", hosted.invite, "--nick", "\u{430}lice"], code: "nick-taken", status: 65)
    }

    /// Eight alerts at once under one name, and all are said.
    @Test func eightAtOnce() async throws {
        let hosted = try await HostedRoom.direct()
        let sayings = try (0..<8).map { number in
            try TermTalkProcess(["say", hosted.invite, "alert \(number)", "--nick", "alert"], home: TestHome())
        }
        for saying in sayings {
            let result = try await saying.result()
            #expect(result.status == 0)
            #expect(result.errors == [])
        }
        let said = try await hosted.host.events("message", count: 8)
        #expect(Set(said.map(\.text)) == Set((0..<8).map { "alert \($0)" }))
    }

    @Test(arguments: ["two words", "-dash", String(repeating: "x", count: 33), "a\u{202E}b", "\u{1B}[31m"])
    func invalidNick(_ nick: String) async throws {
        try await expectFailure(
            ["join", "room", "--direct", "127.0.0.1:1", "--nick=\(nick)"], code: "nick-invalid", status: 65)
        try await expectFailure(
            ["host", "--direct", "127.0.0.1:0", "--nick=\(nick)"], code: "nick-invalid", status: 65)
    }

    @Test func changingToATakenNickChangesNothing() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "alice"])
        let bob = try await hosted.join(["--nick", "bob"])
        bob.send("/nick \u{430}\u{4CF}\u{456}\u{441}\u{435}")
        #expect(try await bob.event("error").code == "nick-taken")
        bob.send("/nick a b")
        #expect(try await bob.event("error") { $0.code != "nick-taken" }.code == "usage")
        bob.send("/nick robert")
        let changed = try await hosted.host.event("nick-changed")
        #expect(changed.nick == "robert")
        #expect(changed.oldNick == "bob")
    }
}
