import Chat
import Foundation
import Room
import SecureSession
import Sodium
import TestSupport
import Testing
import Wire

@testable import TermTalk

/// Bytes that no member of ours sends, against a host of its own, while two honest members talk in its room.
@Suite(.serialized) struct HostileBytesTests {
    /// Runs an attack on its own thread; the honest members must not notice it, and the host must stay within `bound`.
    private func attack(
        bound: Int = MemoryBound.door, padding: Int = 0, maxMembers: Int = 50, rounds: Int = 20,
        _ body: @escaping @Sendable (HostProcess, HonestPair) throws -> Void
    ) async throws {
        let (complaints, growth, isRunning) = try await onOwnThread {
            // So little that what a test says is more.
            let host = try HostProcess(maxMembers: maxMembers, keepSize: "4M")
            let honest = try HonestPair(host, padding: padding)
            try honest.talk(2)
            do {
                try body(host, honest)
            } catch {
                Issue.record("\(error); \(honest.rounds) rounds; \(honest.complaintsSoFar)")
                throw error
            }
            try honest.talk(rounds)
            let complaints = try honest.finish()
            return (complaints, try host.memoryGrowth(), host.isRunning)
        }
        #expect(complaints.isEmpty)
        #expect(isRunning)
        // A sanitizer keeps what is freed for a while.
        if ProcessInfo.processInfo.environment["TERMTALK_SANITIZED"] == nil {
            #expect(growth < bound, "memory grew by \(growth) bytes")
        }
        print("hostile bytes: memory grew by \(growth / 1_024) KiB, bound \(bound / 1_024) KiB")
    }

    /// A peer whose handshake is done. The host takes only so many a second; whoever is refused tries again.
    private func afterHandshake(_ host: HostProcess) throws -> BlockingMember {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            let member = try BlockingMember(host.target())
            do {
                try member.shakeHands()
                return member
            } catch let error as BlockingMember.Ended {
                guard ContinuousClock.now < deadline else { throw error }
                usleep(20_000)
            }
        }
    }

    @Test("Random bytes")
    func randomBytes() async throws {
        try await attack { host, _ in
            var random = SeededRandom(seed: 1)
            for round in 0..<300 {
                let socket = try BlockingSocket(port: host.port)
                var bytes = random.bytes(1 + random.below(3_000))
                // One in three has a pattern byte that the host knows.
                if round % 3 != 0 { bytes[0] = UInt8(round % 3) }
                socket.write(bytes)
                if round % 2 == 0 { socket.close() }
            }
        }
    }

    @Test("Frames that are cut, empty, too long, or of no bucket's size, before and after the handshake")
    func frames() async throws {
        try await attack { host, _ in
            let starts: [[UInt8]] = [
                [], [1], [2], [1, 0], [2, 0], [1, 0, 0], [2, 0, 0], [1, 0, 32], [2, 0, 64], [1, 0xff, 0xff],
                [2, 0xff, 0xff], [1, 0, 31], [2, 0, 47], [0], [3], [0xff], [1, 0, 32] + .init(repeating: 0, count: 32),
                [2, 0, 64] + .init(repeating: 0, count: 64),
            ]
            for start in starts {
                let socket = try BlockingSocket(port: host.port)
                socket.write(start)
                socket.finishWriting()
                let answer = try socket.readToEnd()
                // A handshake's second message at most, or our version.
                #expect(answer.count <= 98, "\(start)")
            }
            let lengths: [[UInt8]] = [[0, 0], [0xff, 0xff], [0, 1], [1, 0xe5], [1, 0xe7], [0xf4, 0x00]]
            for length in lengths {
                let member = try BlockingMember(host.target())
                try member.shakeHands()
                member.socket.write(length + [UInt8](repeating: 7, count: 62_464))
                #expect(try member.socket.readToEnd().isEmpty)
            }
        }
    }

    @Test("Handshakes and records that are sent again, or back to where they came from")
    func replayAndReflection() async throws {
        try await attack { host, _ in
            let tap = try HandshakeTap(host.target())
            // The first message again: the host answers with a key of its own, and the rest no longer fits.
            let replay = try BlockingSocket(port: host.port)
            replay.write(tap.first)
            let answer = try #require(try replay.read())
            #expect(answer != tap.answer)
            replay.write(tap.last + tap.join)
            replay.finishWriting()
            #expect(try replay.readToEnd().isEmpty)
            // The host's own message as a joiner's.
            let reflected = try BlockingSocket(port: host.port)
            reflected.write([2] + tap.answer)
            reflected.finishWriting()
            #expect(try reflected.readToEnd().isEmpty)

            let member = try BlockingMember(host.target())
            try member.join(nick: "replayer")
            let frame = try member.sealed([
                .post(id: MessageID(1), epoch: member.epoch, content: MessageContent(kind: .text, text: "1").encoded)
            ])
            member.socket.write(frame)
            member.socket.write(frame)
            #expect(throws: BlockingMember.Ended.self) { try member.receive { _ in false } }

            let mirror = try BlockingMember(host.target())
            try mirror.shakeHands()
            let raw = try mirror.sealed([.freshJoin(nick: "mirror")])
            mirror.socket.write(raw)
            let back = try #require(try mirror.socket.read())
            mirror.socket.write(back)
            mirror.socket.finishWriting()
            _ = try mirror.socket.readToEnd()
        }
    }

    @Test("A bit changed at every position of a handshake")
    func flippedHandshake() async throws {
        try await attack { host, _ in
            // The first message and its answer; then the last, in a handshake that is right so far.
            let firstCount = 1 + 2 + 48
            for position in 0..<firstCount + 2 + 64 {
                let tap = try HandshakeTap(host.target()) { bytes, offset in
                    let index = position - offset
                    if bytes.indices.contains(index) { bytes[index] ^= 1 << UInt8(position % 8) }
                }
                #expect(!tap.hasJoined, "position \(position)")
            }
        }
    }

    @Test("A bit changed at every position of a record")
    func flippedRecord() async throws {
        try await attack { host, _ in
            for position in 0..<SessionProtocol.smallestBucket {
                let member = try afterHandshake(host)
                var frame = try member.sealed([.freshJoin(nick: "flip\(position)")])
                try #require(frame.count == SessionProtocol.smallestBucket)
                frame[position] ^= 1 << UInt8(position % 8)
                member.socket.write(frame)
                member.socket.finishWriting()
                #expect(try member.socket.readToEnd().isEmpty, "position \(position)")
            }
        }
    }

    @Test("1,000 connections that never speak, and more that keep coming, do not keep anybody out")
    func silentConnections() async throws {
        try await attack { host, _ in
            var silent = try (0..<1_000).map { _ in try BlockingSocket(port: host.port) }
            for isInvited in [true, false] {
                for _ in 0..<5 {
                    for index in silent.indices.prefix(100) { silent[index] = try BlockingSocket(port: host.port) }
                    let joiner = try BlockingMember(host.target(isInvited: isInvited))
                    for index in silent.indices.suffix(100) { silent[index] = try BlockingSocket(port: host.port) }
                    try joiner.join()
                    try joiner.say([.leave])
                }
            }
            // The oldest made room for the others; the newest are still there.
            let open = silent.filter { !$0.isReadable(milliseconds: 0) }
            #expect(open.count <= ConnectionGate.Limits().pending)
        }
    }

    @Test("Handshakes without an invite that are begun and left do not keep out who has one")
    func openHandshakes() async throws {
        try await attack { host, _ in
            let hello = [SessionProtocol.openPattern, 0, 32] + X25519.PrivateKey().publicKey.bytes
            var begun: [BlockingSocket] = []
            for _ in 0..<600 {
                let socket = try BlockingSocket(port: host.port)
                socket.write(hello)
                begun.append(socket)
            }
            for _ in 0..<5 {
                let joiner = try BlockingMember(host.target())
                for _ in 0..<50 {
                    let socket = try BlockingSocket(port: host.port)
                    socket.write(hello)
                    begun.append(socket)
                }
                try joiner.join()
                try joiner.say([.leave])
            }
            let answered = try begun.filter { $0.isReadable(milliseconds: 0) }.filter { try $0.read() != nil }
            let seconds = 60.0
            #expect(
                Double(answered.count) < ConnectionGate.Limits().openBurst + seconds * ConnectionGate.Limits().openRate)
            #expect(answered.count < begun.count)
        }
    }

    @Test("100,000 frames as fast as they can be sent by one member")
    func manyFrames() async throws {
        try await attack { host, _ in
            let member = try BlockingMember(host.target())
            try member.join(nick: "flood")
            // A key change each 1,024 frames; their content is nothing, so that nothing slows them but the host's work.
            for _ in 0..<100 {
                var wire: [UInt8] = []
                for _ in 0..<1_000 { wire += try member.sealed() }
                try #require(member.socket.write(wire))
                while member.socket.isReadable(milliseconds: 0) { try member.receive() }
            }
            try member.say([
                .post(id: MessageID(1), epoch: member.epoch, content: MessageContent(kind: .text, text: "end").encoded)
            ])
            let id = try #require(member.id)
            try member.receive { $0.messages.contains { if case .posted(_, id, _, _, _) = $0 { true } else { false } } }
        }
    }

    @Test("100,000 messages from one member: it is slowed, the others are not")
    func manyMessages() async throws {
        try await attack { host, honest in
            let member = try BlockingMember(host.target())
            try member.join(nick: "flood")
            let begin = ContinuousClock.now
            let content = MessageContent(kind: .text, text: "flood").encoded
            var sent = 0
            var wire: ArraySlice<UInt8> = []
            let goal = honest.rounds + 60
            while sent < 100_000, honest.rounds < goal {
                if wire.isEmpty {
                    sent += 1
                    wire = try member.sealed([.post(id: MessageID(UInt64(sent)), epoch: member.epoch, content: content)]
                    )[...]
                }
                let count = try #require(member.socket.writeSome(wire, milliseconds: 20))
                wire = wire.dropFirst(count)
                while member.socket.isReadable(milliseconds: 0) { try member.receive() }
            }
            let limits = RoomLimits()
            let seconds = (ContinuousClock.now - begin) / .seconds(1)
            let posted = member.messages.count { if case .posted = $0 { true } else { false } }
            // What one reading of the socket brings is taken as a whole before the pause begins.
            let most = limits.messageBurst + seconds * limits.messagesPerSecond + 4 * 65_536 / 488
            #expect(Double(posted) <= most + 200, "\(posted) messages in \(seconds) s")
            #expect(posted > 500)
        }
    }

    @Test("A Commit that is none, or that adds somebody unasked: nobody hears of it, and it is declined")
    func badCommits() async throws {
        try await attack { host, honest in
            for size in [1, 200, 60_000] {
                let member = try BlockingMember(host.target())
                try member.join(nick: "breaker\(size)")
                for _ in 0..<3 {
                    let declined = member.declinedCommits
                    try member.say([
                        .commit(GroupCommit(epoch: member.epoch, commit: [UInt8](repeating: 1, count: size)))
                    ])
                    try member.receive { $0.declinedCommits > declined }
                }
                try honest.talk(1)
            }
            #expect(honest.left == [])
        }
    }

    @Test("A member that never reads is cut off, and the others talk on")
    func neverReading() async throws {
        try await attack(bound: MemoryBound.host, padding: 60_000, rounds: 5) { host, honest in
            let member = try BlockingMember(host.target(), receiveBuffer: 4_096)
            try member.join(nick: "deaf")
            try member.waitUntilCutOff()
            // It keeps its place.
            #expect(honest.left == [])
        }
    }

    @Test("As many members that never read as fit into the room are cut off, and the others talk on")
    func nobodyReading() async throws {
        try await attack(bound: MemoryBound.host, padding: 60_000, rounds: 5) { host, honest in
            let deaf = try (0..<RoomLimits().members - 3).map { index in
                let member = try BlockingMember(host.target(), receiveBuffer: 4_096)
                try member.join(nick: "deaf\(index)")
                return member
            }
            for member in deaf { try member.waitUntilCutOff() }
            #expect(honest.left == [])
        }
    }

    @Test("Private messages to a member that never reads are bounded as well")
    func privateFlood() async throws {
        try await attack(bound: MemoryBound.host) { host, honest in
            let deaf = try BlockingMember(host.target(), receiveBuffer: 4_096)
            try deaf.join(nick: "deaf")
            let sender = try BlockingMember(host.target())
            try sender.join(nick: "sender")
            let id = try #require(deaf.id)
            let content = MessageContent(kind: .text, text: String(repeating: "x", count: 60_000)).encoded
            let declined = { sender.messages.contains { if case .declined(_, .away) = $0 { true } else { false } } }
            for number in 0..<300 where !declined() {
                try sender.say([
                    .privatePost(id: MessageID(UInt64(number)), epoch: sender.epoch, to: id, content: content)
                ])
                while sender.socket.isReadable(milliseconds: 0) { try sender.receive() }
            }
            try sender.receive { _ in declined() }
            #expect(honest.left == [])
        }
    }

    @Test("A member that comes back again and again, also while it is slowed")
    func resumingInALoop() async throws {
        try await attack { host, honest in
            let member = try BlockingMember(host.target())
            try member.join(nick: "restless")
            let begin = ContinuousClock.now
            let content = MessageContent(kind: .text, text: "again").encoded
            let rounds = 200
            for round in 0..<rounds {
                try #require(try member.resume())
                try member.say(
                    (0..<40).map {
                        .post(id: MessageID(UInt64(round * 40 + $0)), epoch: member.epoch, content: content)
                    })
            }
            try honest.talk(3)
            let limits = RoomLimits()
            try member.receive { member in
                let posted = member.messages.count { if case .posted = $0 { true } else { false } }
                let seconds = (ContinuousClock.now - begin) / .seconds(1)
                return Double(posted)
                    >= min(4_000, limits.messageBurst + (seconds - 1) * limits.messagesPerSecond - 100)
            }
            let seconds = (ContinuousClock.now - begin) / .seconds(1)
            let posted = member.messages.count { if case .posted = $0 { true } else { false } }
            // What was not acknowledged comes again with each return, many in one sealed message, and one reading of the
            // socket is taken as a whole; the debt for it is paid afterwards.
            let request = MemberRequest.post(id: MessageID(0), epoch: 0, content: content).encoded
            let inOneReading = Double(65_536 / (3 + request.body.count))
            let most = limits.messageBurst + seconds * limits.messagesPerSecond + inOneReading
            #expect(Double(posted) <= most + 200, "\(posted) messages in \(seconds) s")
            #expect(honest.left.isEmpty)
        }
    }
}

/// The ends of connections that take their time; they run beside the others.
@Suite struct SlowPeerTests {
    @Test("A byte now and then does not hold a place for longer than the deadline", arguments: [UInt8(1), 2, 9])
    func slowLoris(pattern: UInt8) async throws {
        try await onOwnThread {
            let host = try HostProcess()
            let socket = try BlockingSocket(port: host.port)
            let begin = ContinuousClock.now
            socket.write([pattern, 0])
            var sent = 2
            // A host that speaks another version says so; that is not the end.
            while try !socket.isReadable(milliseconds: 800) || socket.read() != nil {
                socket.write([UInt8](repeating: 32, count: 1))
                sent += 1
                try #require(ContinuousClock.now - begin < .seconds(50), "still open after \(sent) bytes")
            }
            #expect(ContinuousClock.now - begin >= SessionProtocol.responderDeadline - .seconds(1))
        }
    }

    @Test("Who finishes the handshake and then says nothing has no place either")
    func neverJoining() async throws {
        try await onOwnThread {
            let host = try HostProcess()
            let member = try BlockingMember(host.target())
            try member.shakeHands()
            #expect(try member.socket.readToEnd().isEmpty)
        }
    }
}

/// A handshake made by hand, message for message, so that a test can see and change what goes to the host.
private struct HandshakeTap {
    var first: [UInt8] = []
    var answer: [UInt8] = []
    var last: [UInt8] = []
    var join: [UInt8] = []
    var hasJoined = false

    /// `change` may alter what goes to the host, whose first byte has the number `offset` on the connection.
    init(_ target: BlockingMember.Target, change: (inout [UInt8], _ offset: Int) -> Void = { _, _ in }) throws {
        let credentials = JoinCredentials(
            prologue: Prologue(room: target.room, onionKey: nil), staticKey: X25519.PrivateKey(),
            hostKey: target.hostKey, invite: target.secret)
        var events: [SessionEvent] = []
        var session = try SecureSession(initiator: credentials, now: .zero, events: &events)
        first = Self.bytes(&events)
        change(&first, 0)
        let socket = try BlockingSocket(port: target.port)
        socket.write(first)
        // Nothing comes when the message was not right; then the test's end of the connection is the end.
        guard socket.isReadable(milliseconds: 300), let answer = try socket.read() else { return }
        self.answer = answer
        var scratch: [UInt8] = []
        do {
            try session.received(answer.span, now: .zero, scratch: &scratch, events: &events)
        } catch {
            return
        }
        last = Self.bytes(&events)
        change(&last, first.count)
        let message = MemberRequest.freshJoin(nick: "tap").encoded
        session.enqueue(message)
        try session.seal(into: &join, now: .zero)
        socket.write(last + join)
        socket.finishWriting()
        hasJoined = try !socket.readToEnd().isEmpty
    }

    private static func bytes(_ events: inout [SessionEvent]) -> [UInt8] {
        defer { events = [] }
        return events.flatMap { event -> [UInt8] in if case .send(let bytes) = event { bytes } else { [] } }
    }
}

extension BlockingMember {
    fileprivate var declinedCommits: Int {
        messages.count { if case .commitDeclined = $0 { true } else { false } }
    }
}
