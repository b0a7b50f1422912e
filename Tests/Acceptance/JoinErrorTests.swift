import Foundation
import PrivateTorNetwork
import Testing

/// What a joiner is told when it cannot get into a direct room.
struct JoinErrorTests {
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

    @Test(arguments: ["a\u{202E}b", "\u{1B}[31m"])
    func invalidNick(_ nick: String) async throws {
        try await expectFailure(
            ["join", "room", "--direct", "127.0.0.1:1", "--nick=\(nick)"], code: "nick-invalid", status: 65)
        try await expectFailure(
            ["host", "--direct", "127.0.0.1:0", "--nick=\(nick)"], code: "nick-invalid", status: 65)
    }
}
