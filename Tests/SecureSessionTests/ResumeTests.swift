import Sodium
import Testing
import Wire

@testable import SecureSession

/// A session that goes on over a new connection loses nothing and repeats nothing, wherever the old one broke.
@Suite struct ResumeTests {
    /// What a host says stands in a log, which it reads for each connection from where the joiner has got to.
    private struct Log {
        var messages: [EncodedMessage] = []
        /// Messages sealed whole on the present connection, and before it.
        var sealed = 0

        /// Where a joiner goes on that has received so many records, records of the next message that it has, and records
        /// that wait for it.
        func position(after records: UInt32) -> (message: Int, part: Int, waiting: UInt32) {
            var left = Int(records)
            var index = 0
            while index < messages.count, left >= messages[index].recordCount {
                left -= messages[index].recordCount
                index += 1
            }
            return (index, left, UInt32(messages[index...].reduce(0) { $0 + $1.recordCount } - left))
        }
    }

    /// Sends messages each way over connections that break after a random number of bytes.
    @Test(arguments: 0..<40)
    func exactlyOnceAcrossBrokenConnections(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        let identity = SessionPair.identity()
        let credentials = SessionPair.credentials()
        var pair = try SessionPair(identity: identity, credentials: credentials)
        try pair.exchange()
        var log = Log()
        var sent = 0
        var toHost: [[UInt8]] = []
        for _ in 0..<12 {
            toHost = []
            pair.hostEvents = []
            for _ in 0..<Int(random.next() % 6) {
                let size = Int(random.next() % 3_000) + (random.next() % 8 == 0 ? 40_000 : 0)
                let body = [UInt8](repeating: UInt8(truncatingIfNeeded: sent), count: size) + [UInt8(sent & 0xff)]
                sent += 1
                pair.joiner.enqueue(EncodedMessage(type: 0x10, body: body))
                log.messages.append(EncodedMessage(type: 0x20, body: body))
                toHost.append(body)
            }
            try pair.joiner.seal(into: &pair.toHost, now: pair.now)
            try seal(&pair, &log)
            // Part of what is on its way arrives, the rest is lost with the connection.
            try pair.deliverToHost(Array(pair.toHost.prefix(Int(random.next() % UInt64(pair.toHost.count + 1)))))
            try pair.deliverToJoiner(Array(pair.toJoiner.prefix(Int(random.next() % UInt64(pair.toJoiner.count + 1)))))
            // The joiner's console has taken some of it, or all.
            pair.joiner.mayAcknowledge(
                upTo: pair.joiner.receivedCount - UInt32(random.next() % 4 % UInt64(pair.joiner.receivedCount + 1)),
                now: pair.now)
            if random.next() % 2 == 0 { try pair.joiner.seal(into: &pair.toHost, now: pair.now) }
            // What is sent to the host begins anew with each connection.
            #expect(toHost.starts(with: pair.hostEvents.messages))
            try reconnect(
                &pair, &log, identity: identity, credentials: credentials, breakAgain: random.next() % 3 == 0,
                knowsMore: random.next() % 2 == 0)
        }
        pair.hostEvents = []
        pair.joiner.enqueue(EncodedMessage(type: 0x10, body: [1]))
        try carry(&pair, &log)
        #expect(pair.hostEvents.messages == [[1]])
        #expect(pair.joinerEvents.messages == log.messages.map(\.body))
    }

    private func seal(_ pair: inout SessionPair, _ log: inout Log) throws {
        let rest = Array(log.messages[log.sealed...])
        log.sealed += try pair.host.seal(rest, into: &pair.toJoiner, now: pair.now)
    }

    private func carry(_ pair: inout SessionPair, _ log: inout Log) throws {
        repeat {
            try seal(&pair, &log)
            try pair.exchange()
        } while log.sealed < log.messages.count
    }

    private func reconnect(
        _ pair: inout SessionPair, _ log: inout Log, identity: RoomIdentity, credentials: borrowing JoinCredentials,
        breakAgain: Bool, knowsMore: Bool = false
    ) throws {
        pair.toHost = []
        pair.toJoiner = []
        // More than it may acknowledge.
        let has = pair.joiner.receivedCount
        var events: [SessionEvent] = []
        pair.joiner = try SecureSession(
            initiator: credentials, goingOnFrom: pair.joiner, session: 77, now: pair.now, events: &events)
        for case .send(let bytes) in events { pair.toHost += bytes }
        pair.host = SecureSession(responder: identity, now: pair.now)
        let before = pair.hostEvents.count
        // The handshake, and the joiner's request.
        while !pair.toHost.isEmpty || !pair.toJoiner.isEmpty {
            let there = pair.toHost
            pair.toHost = []
            try pair.deliverToHost(there)
            let back = pair.toJoiner
            pair.toJoiner = []
            try pair.deliverToJoiner(back)
            if pair.joiner.isOpen { try pair.joiner.seal(into: &pair.toHost, now: pair.now) }
        }
        let received = try #require(
            pair.hostEvents[before...].compactMap { event -> UInt32? in
                if case .resumeRequested(77, let received) = event { received } else { nil }
            }.first)
        // The host may know that the joiner has more than it says.
        let known = knowsMore ? has : received
        let position = log.position(after: known)
        pair.host.goOn(received: known, waiting: position.waiting)
        pair.host.goOnInMessage(afterRecords: position.part)
        log.sealed = position.message
        if breakAgain {
            // Breaks before the joiner hears that the host goes on.
            try reconnect(&pair, &log, identity: identity, credentials: credentials, breakAgain: false)
        } else {
            let heard = pair.joinerEvents.count
            try carry(&pair, &log)
            let events = pair.joinerEvents[heard...]
            #expect(events.first == .resumed)
            // Once, and not before all that was waiting has come.
            #expect(events.count { $0 == .caughtUp } == 1)
            #expect(events.last { if case .acknowledged = $0 { false } else { true } } == .caughtUp)
            #expect(pair.joinerEvents.messages == log.messages.map(\.body))
        }
    }

    @Test func aHostThatForgotTheSessionSaysSo() throws {
        let identity = SessionPair.identity()
        let credentials = SessionPair.credentials()
        var pair = try SessionPair(identity: identity, credentials: credentials)
        try pair.exchange()
        pair.joiner.enqueue(EncodedMessage(type: 0x10, body: [1]))
        try pair.exchange()

        var events: [SessionEvent] = []
        pair.joiner = try SecureSession(
            initiator: credentials, goingOnFrom: pair.joiner, session: 5, now: .zero, events: &events)
        for case .send(let bytes) in events { pair.toHost += bytes }
        pair.host = SecureSession(responder: identity, now: .zero)
        try pair.exchange()
        pair.host.acknowledgeSoon()
        try pair.exchange()
        #expect(pair.joinerEvents.last == .resumeRefused)

        pair.hostEvents = []
        pair.joiner.enqueue(EncodedMessage(type: 0x10, body: [2]))
        try pair.exchange()
        #expect(pair.hostEvents.messages == [[2]])
        // What a host says to a joiner may be long, the second time as well.
        let long = [UInt8](repeating: 3, count: SessionProtocol.memberMessageLimit)
        pair.joinerEvents = []
        pair.host.enqueue(EncodedMessage(type: 0x10, body: long))
        try pair.exchange()
        #expect(pair.joinerEvents.messages == [long])
    }
}

/// A small generator with a seed, so that a failing run can be repeated.
struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
