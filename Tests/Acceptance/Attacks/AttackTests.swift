import Chat
import Foundation
import Room
import SecureSession
import Sodium
import TermTalk
import TestSupport
import Testing

/// Attacks over the network on the program itself. docs/attacks.md lists all that there are, by lines of the threat model.
struct AttackTests {
    private func target(_ hosted: HostedRoom, isInvited: Bool = true) throws -> BlockingMember.Target {
        SodiumLibrary.initialize()
        let invite = try Invite(parsing: hosted.invite)
        let port = try #require(hosted.address.split(separator: ":").last.flatMap { UInt16($0) })
        return .init(
            port: port, room: hosted.room, hostKey: invite.hostKey, secret: isInvited ? invite.secret : nil)
    }

    /// The member accepts any host, and the one in the middle has a handshake with both: all that it can do is pass the
    /// exchange on, and the exchange is bound to the handshakes.
    @Test func aPasswordRoomIsNotBridged() async throws {
        let home = try TestHome()
        let password = try home.write("password", "open sesame\n")
        let hosted = try await HostedRoom.direct(["--password-file", password], home: home)
        let port = try #require(hosted.address.split(separator: ":").last.flatMap { UInt16($0) })
        let middle = try ManInTheMiddle(room: hosted.room, hostPort: port)
        let result = try await TermTalkProcess.run(
            [
                "join", hosted.room, "--direct", middle.address, "--accept-new-host", "--password-file", password,
                "--nick", "victim", "--json",
            ], home: home)
        #expect(middle.relayed.bridged == 1)
        #expect(result.status == 77)
        #expect(result.events("joined-room").isEmpty)
        #expect(result.events("error").map(\.code) == ["password-wrong"])
        // A share, an answer, a tag, and the refusal; never the nick, which is in a request to join.
        #expect(middle.relayed.types == [0x70, 0x78, 0x71, 0x21])
        try await hosted.host.event("warning") { $0.code == "password-guessed" }
        // Without anybody in the middle the same password is right.
        let member = try await hosted.join(["--password-file", password])
        member.send("/quit")
        #expect(try await member.result().status == 0)
    }

    /// Without a password the one in the middle gets in between whoever asks for no proof of the host, as documented; whoever
    /// has the invite, or the host's key, does not even tell it its nick.
    @Test func anInviteIsNotBridged() async throws {
        let hosted = try await HostedRoom.direct()
        let port = try #require(hosted.address.split(separator: ":").last.flatMap { UInt16($0) })
        let middle = try ManInTheMiddle(room: hosted.room, hostPort: port)
        let result = try await TermTalkProcess.run(
            ["join", hosted.room, "--direct", middle.address, "--host-key", hosted.hostKey, "--json"], home: TestHome())
        #expect(result.events("joined-room").isEmpty)
        #expect(result.events("error").map(\.code) == ["host-key-mismatch"])
        #expect(middle.relayed.types.isEmpty)
    }

    @Test func aBannedKeyDoesNotComeBack() async throws {
        let hosted = try await HostedRoom.direct()
        let target = try target(hosted)
        let outcome = try await onOwnThread { () -> (Bool, [String]) in
            let member = try BlockingMember(target)
            try member.join(nick: "mallory")
            let id = try #require(member.id)
            hosted.host.send("/ban \(id)")
            try member.receive { $0.messages.contains { if case .removed(.banned, _) = $0 { true } else { false } } }
            // To its place, and as somebody new: with its key, and the invite of before.
            var failures: [String] = []
            let resumed = (try? member.resume()) ?? false
            do { try member.joinAgain(nick: "mallory2") } catch { failures.append("\(type(of: error))") }
            return (resumed, failures)
        }
        #expect(!outcome.0)
        #expect(outcome.1.count == 1)
        let joined = hosted.host.eventsSoFar.filter { $0.event == "member-joined" }.compactMap(\.nick)
        #expect(!joined.contains("mallory2"))
    }

    /// Who knows another's id, and has a session of its own, does not get the other's place.
    @Test func aPlaceCannotBeStolen() async throws {
        let hosted = try await HostedRoom.direct()
        let victim = try await hosted.join(["--nick", "victim"])
        let id = try #require(try await victim.event("joined-room").member.flatMap { MemberID($0) })
        let target = try target(hosted)
        let wasResumed = try await onOwnThread {
            let thief = try BlockingMember(target)
            try thief.join(nick: "thief")
            return try thief.resume(as: id)
        }
        #expect(!wasResumed)
        victim.send("still me")
        try await hosted.host.event("message") { $0.text == "still me" && $0.nick == "victim" }
        #expect(!victim.eventsSoFar.contains { $0.event == "connection" })
    }

    /// Whoever watches the line does not see whether something short is for all or for one, or what it is.
    @Test func whatIsShortLooksAlike() async throws {
        let hosted = try await HostedRoom.direct(["--nick", "host"])
        let port = try #require(hosted.address.split(separator: ":").last.flatMap { UInt16($0) })
        let tap = try FakePeer(.forwards(to: port))
        let other = try await hosted.join(["--nick", "other"])
        let member = try TermTalkProcess(
            [
                "join", hosted.room, "--direct", tap.address, "--accept-new-host", "--nick", "watched", "--json",
            ], home: TestHome())
        try await member.event("joined-room")
        // Who has come in gives itself new keys; there are two of them.
        var epoch = 0
        while epoch < 4 {
            let start = member.eventCount
            member.send("/verify")
            epoch = try #require(try await member.event("verification", from: start).epoch)
        }
        let sent = Self.frames(tap.sent[1...]).count
        let longest = String(repeating: "x", count: 200)
        for text in ["y", "/msg other y", longest, "/msg other \(longest)"] {
            let start = member.eventCount
            member.send(text)
            let id = try #require(try await member.event("message", from: start) { $0.isOwn == true }.id)
            try await member.event("acknowledged", from: start) { $0.id == id && $0.count == $0.of }
        }
        let answered = Self.frames(tap.answered[...]).count
        for text in ["/msg watched y", "y", "/msg watched \(longest)", longest] {
            let start = member.eventCount
            hosted.host.send(text)
            try await member.event("message", from: start) { $0.isOwn == false }
        }
        let answers = Self.frames(tap.answered[...]).dropFirst(answered)
        #expect(answers.count >= 4 && Set(answers) == [488], "\(answers)")
        member.send("/verify other")
        try await other.event("verification") { $0.state == "compare" }
        member.send("/nick another_rather_long_nick")
        try await hosted.host.event("nick-changed")
        let frames = Self.frames(tap.sent[1...]).dropFirst(sent)
        #expect(frames.count >= 6 && Set(frames) == [488], "\(frames)")
    }

    /// The lengths of the frames of one side, without the byte with which the member begins a connection.
    private static func frames(_ bytes: ArraySlice<UInt8>) -> [Int] {
        var lengths: [Int] = []
        var rest = bytes
        while let high = rest.popFirst(), let low = rest.popFirst() {
            lengths.append(2 + Int(high) << 8 + Int(low))
            rest = rest.dropFirst(Int(high) << 8 + Int(low))
        }
        return lengths
    }

    /// A whole connection that somebody has recorded, sent again byte for byte.
    @Test func aRecordedConnectionIsWorthNothing() async throws {
        let hosted = try await HostedRoom.direct()
        let port = try #require(hosted.address.split(separator: ":").last.flatMap { UInt16($0) })
        let tap = try FakePeer(.forwards(to: port))
        let invite = try Invite(parsing: hosted.invite)
        let member = try TermTalkProcess(
            [
                "join", hosted.room, "--direct", tap.address, "--accept-new-host", "--nick", "recorded", "--json",
            ], home: TestHome())
        try await member.event("joined-room")
        member.send("once")
        try await hosted.host.event("message") { $0.text == "once" }
        member.send("/quit")
        #expect(try await member.result().status == 0)
        let recording = tap.sent
        #expect(recording.count > 3 * 488)
        #expect(recording.first == SessionProtocol.openPattern && invite.hostKey.bytes.count == 32)
        let answer = try await onOwnThread {
            let socket = try BlockingSocket(port: port)
            socket.write(recording)
            return try socket.readToEnd()
        }
        // The host's own second message, and nothing after it.
        #expect(answer.count == 98)
        #expect(hosted.host.eventsSoFar.filter { $0.event == "message" }.map(\.text) == ["once"])
        #expect(hosted.host.eventsSoFar.filter { $0.event == "member-joined" && $0.nick == "recorded" }.count == 1)
    }

    /// Whatever somebody without the secret sends to a room that takes invites only, not a byte comes back.
    @Test func aClosedRoomSaysNothing() async throws {
        let hosted = try await HostedRoom.direct(["--invite-only"])
        let target = try target(hosted, isInvited: false)
        let key = X25519.PrivateKey().publicKey.bytes
        let probes: [[UInt8]] = [
            [1, 0, 32] + key, [2, 0, 64] + key + [UInt8](repeating: 0, count: 32), [3], [0x16, 3, 1, 2, 0],
            Array("GET / HTTP/1.1\r\n\r\n".utf8), [2, 0xff, 0xff] + [UInt8](repeating: 7, count: 512),
        ]
        let answers = try await onOwnThread {
            let sockets = try probes.map { probe in
                let socket = try BlockingSocket(port: target.port)
                socket.write(probe)
                return socket
            }
            return try sockets.map { try $0.readToEnd().count }
        }
        #expect(answers == probes.map { _ in 0 })
        let member = try await hosted.join()
        member.send("/quit")
        #expect(try await member.result().status == 0)
    }
}
