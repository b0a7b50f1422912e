import Sodium
import Testing
import Wire

@testable import SecureSession

@Suite struct RecordTests {
    private func message(_ count: Int, seed: UInt8 = 0) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) &+ seed }
    }

    @Test(arguments: [0, 1, 2, 100, 451, 452, 453, 16_383, 16_384, 16_385, 40_000, SessionProtocol.messageLimit])
    func messagesOfAllSizesArriveBothWays(count: Int) throws {
        var pair = try SessionPair.connected()
        let body = message(count)
        pair.joiner.enqueue(EncodedMessage(type: 0x10, body: body))
        pair.host.enqueue(EncodedMessage(type: 0x7f, body: body))
        try pair.exchange(chunk: 997)
        #expect(pair.hostEvents == [.message(type: 0x10, body: body)])
        #expect(pair.joinerEvents == [.message(type: 0x7f, body: body)])
    }

    @Test func whatMayNotBeAcknowledgedYetIsNot() throws {
        var pair = try SessionPair.connected()
        for _ in 1...3 { pair.host.enqueue(EncodedMessage(type: 0x20, body: message(8))) }
        try pair.seal()
        try pair.deliverToJoiner(pair.toJoiner)
        pair.toJoiner = []
        pair.joiner.mayAcknowledge(upTo: 2, now: pair.now)
        pair.joiner.acknowledgeSoon()
        try pair.exchange()
        #expect(pair.hostEvents == [.acknowledged(count: 2)])
        // Nothing is due, so that nothing wakes up over and over.
        try #require(holds(pair.joiner.nextDeadline >= SessionProtocol.lifeSignInterval))
        pair.joiner.mayAcknowledge(upTo: 3, now: pair.now)
        #expect(holds(pair.joiner.nextDeadline == SessionProtocol.acknowledgementDelay))
        pair.now += SessionProtocol.acknowledgementDelay
        try pair.exchange()
        #expect(pair.hostEvents == [.acknowledged(count: 2), .acknowledged(count: 3)])
    }

    @Test func aSealedMessageArrivesByteByByte() throws {
        var pair = try SessionPair.connected(invited: true)
        pair.joiner.enqueue(EncodedMessage(type: 0x10, body: message(1_000)))
        try pair.exchange(chunk: 1)
        #expect(pair.hostEvents.messages == [message(1_000)])
    }

    @Test func whatOneTurnQueuedIsOneFrameOfABucket() throws {
        var pair = try SessionPair.connected()
        for index in 0..<10 {
            pair.host.enqueue(EncodedMessage(type: 0x20, body: message(30, seed: UInt8(index))))
        }
        try pair.seal()
        #expect(pair.toJoiner.count == 488)
        try pair.deliverToJoiner(pair.toJoiner)
        #expect(pair.joinerEvents.messages.count == 10)

        pair.toJoiner = []
        pair.host.enqueue(EncodedMessage(type: 0x20, body: message(500)))
        try pair.seal()
        #expect(pair.toJoiner.count == 976)
    }

    @Test func shortTextsAllLookAlike() throws {
        var pair = try SessionPair.connected()
        for count in stride(from: 0, through: 450, by: 25) {
            pair.host.enqueue(EncodedMessage(type: 0x20, body: message(count)))
            try pair.seal()
            #expect(pair.toJoiner.count == 488)
            pair.toJoiner = []
        }
    }

    @Test func framesAreAlwaysBuckets() {
        #expect(Padding.bucket(for: 0) == 488)
        #expect(Padding.bucket(for: 488 - Padding.overhead) == 488)
        #expect(Padding.bucket(for: 488 - Padding.overhead + 1) == 976)
        #expect(Padding.bucket(for: Padding.largestContent) == 62_464)
        let lengths = (0...65_535).filter { Padding.isBucket(frameLength: $0) }
        #expect(lengths == (0...7).map { (488 << $0) - 2 })
    }

    /// Every bit of a sealed message.
    @Test func everyFlippedBitBreaksTheSeal() throws {
        for position in 0..<488 {
            var pair = try SessionPair.connected()
            pair.host.enqueue(EncodedMessage(type: 0x20, body: message(20)))
            try pair.seal()
            var bytes = pair.toJoiner
            bytes[position] ^= 1 << UInt8(position % 8)
            do throws(SessionError) {
                try pair.deliverToJoiner(bytes)
                // A longer length waits for the rest, which never comes.
                #expect(position < 2)
            } catch {
                #expect(error == .sealBroken || error == .malformed)
            }
            #expect(pair.joinerEvents.isEmpty, "position \(position)")
        }
    }

    @Test func replayedReflectedAndReorderedMessagesAreRefused() throws {
        var pair = try SessionPair.connected()
        pair.host.enqueue(EncodedMessage(type: 0x20, body: message(20)))
        try pair.seal()
        let first = pair.toJoiner
        pair.toJoiner = []
        pair.host.enqueue(EncodedMessage(type: 0x20, body: message(21)))
        try pair.seal()
        let second = pair.toJoiner
        #expect(throws: SessionError.sealBroken) { try pair.deliverToHost(first) }
        #expect(throws: SessionError.sealBroken) { try pair.deliverToJoiner(second) }

        var other = try SessionPair.connected()
        other.host.enqueue(EncodedMessage(type: 0x20, body: message(20)))
        try other.seal()
        try other.deliverToJoiner(other.toJoiner)
        #expect(throws: SessionError.sealBroken) { try other.deliverToJoiner(other.toJoiner) }
    }

    @Test func keysChangeAndTheSessionGoesOn() throws {
        var pair = try SessionPair.connected()
        let count = Int(SessionProtocol.messagesPerKey) * 2 + 3
        for index in 0..<count {
            pair.joiner.enqueue(EncodedMessage(type: 0x10, body: [UInt8(truncatingIfNeeded: index)]))
            try pair.joiner.seal(into: &pair.toHost, now: pair.now)
            try pair.deliverToHost(pair.toHost)
            pair.toHost = []
        }
        #expect(pair.hostEvents.messages.count == count)
    }

    @Test func acknowledgementsComeWithTheNextMessageOrAfterAWhile() throws {
        var pair = try SessionPair.connected()
        pair.host.enqueue(EncodedMessage(type: 0x20, body: message(20)))
        pair.host.enqueue(EncodedMessage(type: 0x20, body: message(20)))
        try pair.seal()
        try pair.deliverToJoiner(pair.toJoiner)
        pair.toJoiner = []
        #expect(holds(!pair.host.isSettled))
        #expect(holds(!pair.joiner.wantsToSend(now: pair.now)))
        #expect(holds(pair.joiner.nextDeadline == pair.now + SessionProtocol.acknowledgementDelay))

        pair.now += SessionProtocol.acknowledgementDelay
        try pair.exchange()
        #expect(pair.hostEvents == [.acknowledged(count: 2)])
        #expect(holds(pair.host.isSettled))
    }

    @Test func manyRecordsAreAcknowledgedAtOnce() throws {
        var pair = try SessionPair.connected()
        for _ in 0..<SessionProtocol.unacknowledgedRecordLimit {
            pair.host.enqueue(EncodedMessage(type: 0x20, body: [1]))
        }
        try pair.exchange()
        #expect(holds(pair.host.isSettled))
    }

    @Test func keepalivesAndDeadPeers() throws {
        var pair = try SessionPair.connected()
        #expect(holds(!pair.joiner.wantsToSend(now: SessionProtocol.keepaliveInterval - .milliseconds(1))))
        pair.now = SessionProtocol.keepaliveInterval
        try pair.exchange()
        #expect(
            holds(
                !pair.host.isDead(
                    now: SessionProtocol.keepaliveInterval + SessionProtocol.silenceLimit - .milliseconds(1))))
        #expect(holds(pair.host.isDead(now: SessionProtocol.keepaliveInterval + SessionProtocol.silenceLimit)))
    }

    @Test func aPeerThatDoesNotAcknowledgeIsDeadSooner() throws {
        var pair = try SessionPair.connected()
        pair.joiner.enqueue(EncodedMessage(type: 0x10, body: [1]))
        try pair.seal()
        pair.now = .seconds(10)
        pair.joiner.enqueue(EncodedMessage(type: 0x10, body: [2]))
        try pair.seal()
        // Counted from the first record that is owed, not from the latest.
        #expect(holds(pair.joiner.nextDeadline <= SessionProtocol.hostAnswerLimit))
        #expect(holds(!pair.joiner.isDead(now: SessionProtocol.hostAnswerLimit - .nanoseconds(1))))
        #expect(holds(pair.joiner.isDead(now: SessionProtocol.hostAnswerLimit)))
        // Anything that is heard is a sign of life, and what has been acknowledged is owed no more.
        pair.now = .seconds(19)
        try pair.exchange()
        pair.now += SessionProtocol.acknowledgementDelay
        try pair.exchange()
        #expect(holds(pair.joiner.isSettled))
        let heard = pair.now
        #expect(holds(!pair.joiner.isDead(now: heard + SessionProtocol.silenceLimit - .seconds(1))))
        #expect(holds(pair.joiner.isDead(now: heard + SessionProtocol.silenceLimit)))
    }

    @Test("A member that has not read what came says that it is there, and is not taken for dead")
    func lifeSigns() throws {
        var pair = try SessionPair.connected()
        pair.joiner.mayAcknowledge(upTo: 0, now: pair.now)
        pair.host.enqueue(EncodedMessage(type: 0x10, body: [1]))
        try pair.exchange()
        let start = pair.now
        while pair.now < start + .seconds(180) {
            pair.now = pair.joiner.nextDeadline
            try pair.exchange()
            #expect(holds(!pair.joiner.isDead(now: pair.now) && !pair.host.isDead(now: pair.now + .seconds(30))))
        }
        #expect(pair.hostEvents.isEmpty)
        pair.joiner.mayAcknowledge(upTo: 1, now: pair.now)
        pair.now += SessionProtocol.acknowledgementDelay
        try pair.exchange()
        #expect(pair.hostEvents == [.acknowledged(count: 1)])
        #expect(holds(pair.joiner.nextDeadline > pair.now + SessionProtocol.lifeSignInterval))
    }

    /// What is sent can be made of what others have sent, so that its length is not our own mistake.
    @Test func whatNoSessionCarriesIsAnErrorOfTheSender() throws {
        let longest = [UInt8](repeating: 1, count: SessionProtocol.longMessageLimit)
        var pair = try SessionPair.connected()
        let taken = pair.host.enqueue(EncodedMessage(type: 0x15, body: longest))
        #expect(taken)
        for (type, body) in [(0x15, longest + [1]), (0, []), (0x0f, []), (0x80, []), (0xff, [])] as [(UInt8, [UInt8])] {
            let taken = pair.host.enqueue(EncodedMessage(type: type, body: body))
            #expect(!taken)
        }
        try pair.exchange()
        #expect(pair.joinerEvents.messages == [longest])
    }

    @Test func whoIsAskedMayAnswerWithAsMuch() throws {
        for asked in [0, SessionProtocol.memberMessageLimit + 1, 600_000] {
            let limit = max(asked, SessionProtocol.memberMessageLimit)
            for count in [limit, limit + 1] {
                var pair = try SessionPair.connected()
                pair.host.acceptLongMessages(of: asked)
                // Asked again for less, it may still be on its way with more.
                pair.host.acceptLongMessages()
                pair.joiner.enqueue(EncodedMessage(type: 0x15, body: [UInt8](repeating: 1, count: count)))
                if count == limit {
                    try pair.exchange()
                    #expect(pair.hostEvents.messages.map(\.count) == [count])
                } else {
                    #expect(throws: SessionError.messageTooLong) { try pair.exchange() }
                }
            }
        }
    }

    @Test func aMessageBeyondTheLimitEndsTheSession() throws {
        var pair = try SessionPair.connected()
        pair.joiner.enqueue(EncodedMessage(type: 0x10, body: message(SessionProtocol.messageLimit + 1)))
        #expect(throws: SessionError.messageTooLong) { try pair.exchange() }
        #expect(pair.hostEvents.isEmpty)
    }

    @Test func brokenRecordsAreMalformed() throws {
        let header = [UInt8](repeating: 0, count: 8)
        let payloads: [[UInt8]] = [
            [], [0], [UInt8](repeating: 0, count: 7),
            header + [0x10], header + [0x10, 0], header + [0x10, 0, 1], header + [0x10, 0xff, 0xff],
            header + [0x05, 0, 0], header + [0x01, 0, 3, 1, 2, 3], header + [0x90, 0, 0],
            header + [0x90, 0, 1, 9, 0x11, 0, 0],
            header + [2, 0, 4, 0, 0, 0, 0], header + [0, 0, 0, 1], [0, 0, 0, 1] + header,
            [0, 0, 0, 0, 0, 0, 0, 1, 0, 0],
        ]
        for payload in payloads {
            var channel = RecordChannel()
            var events: [SessionEvent] = []
            #expect(throws: SessionError.malformed, "\(payload)") {
                try channel.received(payload, count: payload.count, now: .zero, events: &events)
            }
        }
    }

    @Test func randomPayloadsNeverTrap() {
        for _ in 0..<20_000 {
            var channel = RecordChannel()
            var events: [SessionEvent] = []
            var payload = [UInt8](repeating: 0, count: 8) + Random.bytes(Int.random(in: 0..<64))
            if Int.random(in: 0..<2) == 0, payload.count > 10 { payload[9] = 0 }
            try? channel.received(payload, count: payload.count, now: .zero, events: &events)
        }
    }
}
