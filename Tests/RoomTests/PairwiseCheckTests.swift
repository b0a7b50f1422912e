import Sodium
import TestSupport
import Testing

@testable import Room

@Suite struct PairwiseCheckTests {
    /// One end of a check, and what it has shown.
    private struct End {
        var check: PairwiseCheck
        var shown: [String] = []
        var failures: [PairwiseCheck.Failure] = []

        /// What it answers to `messages`.
        mutating func hear(_ messages: [CheckMessage]) -> [CheckMessage] {
            var steps: [PairwiseCheck.Step] = []
            for message in messages {
                do throws(PairwiseCheck.Failure) {
                    try check.received(message, steps: &steps)
                } catch {
                    failures.append(error)
                }
            }
            return take(steps)
        }

        mutating func take(_ steps: [PairwiseCheck.Step]) -> [CheckMessage] {
            steps.compactMap {
                switch $0 {
                case .send(let message): return message
                case .show(let words):
                    shown = words
                    return nil
                }
            }
        }
    }

    private static let group: [UInt8] = [9, 9]
    private static func key(_ number: UInt8) -> [UInt8] { [UInt8](repeating: number, count: 32) }
    private static let (alice, bob, mallory) = (key(1), key(2), key(3))

    private static func parties(_ own: [UInt8], _ peer: [UInt8], group: [UInt8] = group) -> PairwiseCheck.Parties {
        .init(groupID: group, ownKey: own, peerKey: peer)
    }

    private static func begin(_ parties: PairwiseCheck.Parties) -> (End, [CheckMessage]) {
        var steps: [PairwiseCheck.Step] = []
        var end = End(check: PairwiseCheck(beginning: parties, steps: &steps))
        return (end, end.take(steps))
    }

    private static func answer(_ begin: [CheckMessage], _ parties: PairwiseCheck.Parties) throws -> (
        End, [CheckMessage]
    ) {
        guard case .begin(let commitment)? = begin.first else { throw RoomError.malformed }
        var steps: [PairwiseCheck.Step] = []
        var end = End(check: PairwiseCheck(answering: commitment, parties, steps: &steps))
        return (end, end.take(steps))
    }

    init() { SodiumLibrary.initialize() }

    @Test("Both see the same four words, and others each time")
    func honest() throws {
        var seen: Set<[String]> = []
        for _ in 0..<50 {
            var (alice, begin) = Self.begin(Self.parties(Self.alice, Self.bob))
            var (bob, answer) = try Self.answer(begin, Self.parties(Self.bob, Self.alice))
            let reveal = alice.hear(answer)
            #expect(reveal.count == 1 && bob.hear(reveal).isEmpty)
            #expect(alice.shown == bob.shown && alice.shown.count == 4)
            #expect(alice.failures.isEmpty && bob.failures.isEmpty)
            #expect(alice.check.state == .compared(words: bob.shown))
            seen.insert(alice.shown)
        }
        #expect(seen.count == 50)
    }

    @Test("Two that begin at once have one check")
    func crossing() {
        var (alice, toBob) = Self.begin(Self.parties(Self.alice, Self.bob))
        var (bob, toAlice) = Self.begin(Self.parties(Self.bob, Self.alice))
        (toBob, toAlice) = (alice.hear(toAlice), bob.hear(toBob))
        #expect(alice.hear(toAlice).isEmpty && bob.hear(toBob).isEmpty)
        #expect(alice.shown.count == 4 && alice.shown == bob.shown)
        #expect(alice.failures.isEmpty && bob.failures.isEmpty)
    }

    @Test("Words depend on the group, both keys, and both nonces")
    func inputs() throws {
        func words(_ one: [UInt8], _ other: [UInt8], group: [UInt8], nonces: (UInt8, UInt8)) throws -> [String] {
            var steps: [PairwiseCheck.Step] = []
            var first = End(
                check: PairwiseCheck(
                    beginning: Self.parties(one, other, group: group), nonce: Self.key(nonces.0), steps: &steps))
            guard case .begin(let commitment)? = first.take(steps).first else { return [] }
            steps = []
            var second = End(
                check: PairwiseCheck(
                    answering: commitment, Self.parties(other, one, group: group), nonce: Self.key(nonces.1),
                    steps: &steps))
            _ = second.hear(first.hear(second.take(steps)))
            #expect(first.shown == second.shown)
            return first.shown
        }
        let base = try words(Self.alice, Self.bob, group: Self.group, nonces: (7, 8))
        #expect(try words(Self.alice, Self.bob, group: Self.group, nonces: (7, 8)) == base)
        #expect(try words(Self.bob, Self.alice, group: Self.group, nonces: (8, 7)) == base)
        for other in [
            try words(Self.alice, Self.bob, group: [9], nonces: (7, 8)),
            try words(Self.alice, Self.mallory, group: Self.group, nonces: (7, 8)),
            try words(Self.mallory, Self.bob, group: Self.group, nonces: (7, 8)),
            try words(Self.alice, Self.bob, group: Self.group, nonces: (6, 8)),
            try words(Self.alice, Self.bob, group: Self.group, nonces: (7, 6)),
        ] {
            #expect(other != base)
        }
    }

    @Test("Whoever stands in between and passes all on is found out, and with nonces of its own has other words")
    func inBetween() throws {
        // Alice takes Mallory's key for Bob's, and Bob takes it for Alice's.
        var (alice, begin) = Self.begin(Self.parties(Self.alice, Self.mallory))
        var (bob, answer) = try Self.answer(begin, Self.parties(Self.bob, Self.mallory))
        let reveal = alice.hear(answer)
        #expect(alice.failures == [.brokenCommitment] && alice.shown.isEmpty)
        #expect(bob.hear(reveal).isEmpty && bob.failures == [.brokenCommitment] && bob.shown.isEmpty)

        (alice, begin) = Self.begin(Self.parties(Self.alice, Self.mallory))
        var (left, toAlice) = try Self.answer(begin, Self.parties(Self.mallory, Self.alice))
        _ = left.hear(alice.hear(toAlice))
        var (right, toBob) = Self.begin(Self.parties(Self.mallory, Self.bob))
        (bob, toAlice) = try Self.answer(toBob, Self.parties(Self.bob, Self.mallory))
        toBob = right.hear(toAlice)
        _ = bob.hear(toBob)
        #expect(alice.shown.count == 4 && bob.shown.count == 4 && alice.shown != bob.shown)
    }

    @Test("A nonce cannot be chosen when the other one's is known, whoever begins")
    func grinding() throws {
        for malloryBegins in [true, false] {
            let victim = Self.parties(Self.alice, Self.mallory)
            let committed = Self.key(40)
            let commitment = PairwiseCheck.commitment(
                by: Self.mallory, for: Self.alice, in: Self.group, nonce: committed)
            var alice: End
            var sent: [CheckMessage]
            if malloryBegins {
                (alice, sent) = try Self.answer([.begin(commitment)], victim)
                #expect(sent.count == 2)
            } else {
                (alice, sent) = Self.begin(victim)
                // Before the commitment has come, nothing gets the nonce out of her.
                guard case .begin(let own)? = sent.first, sent.count == 1 else { throw RoomError.malformed }
                #expect(alice.hear([.reveal(committed, to: own), .answer(commitment, to: Self.key(5))]).isEmpty)
                #expect(alice.failures == [.outOfTurn, .outOfTurn])
                alice.failures = []
                sent = alice.hear([.answer(commitment, to: own)])
                #expect(sent.count == 1)
                sent.insert(.begin(own), at: 0)
            }
            guard case .reveal(_, to: commitment)? = sent.last else { throw RoomError.malformed }
            let own =
                switch sent[0] {
                case .begin(let own), .answer(let own, to: _): own
                case .reveal: throw RoomError.malformed
                }
            // Now Mallory knows all, and looks for a nonce that makes the words she wants.
            for _ in 0..<1_000 {
                var tried = alice
                _ = tried.hear([.reveal(Random.bytes(32), to: own)])
                #expect(tried.failures == [.brokenCommitment] && tried.shown.isEmpty)
            }
            _ = alice.hear([.reveal(committed, to: own)])
            #expect(alice.shown.count == 4)
        }
    }

    @Test("A commitment that is given back counts for nothing")
    func reflection() throws {
        var (alice, begin) = Self.begin(Self.parties(Self.alice, Self.bob))
        guard case .begin(let own)? = begin.first else { throw RoomError.malformed }
        let sent = alice.hear([.answer(own, to: own)])
        guard case .reveal(let nonce, to: own)? = sent.first else { throw RoomError.malformed }
        #expect(alice.hear([.reveal(nonce, to: own)]).isEmpty)
        #expect(alice.failures == [.brokenCommitment] && alice.shown.isEmpty)
    }

    @Test("What comes twice, too early, or from an earlier check changes nothing")
    func outOfTurn() throws {
        var (alice, begin) = Self.begin(Self.parties(Self.alice, Self.bob))
        var (bob, answer) = try Self.answer(begin, Self.parties(Self.bob, Self.alice))
        // The nonce before the commitment: dropped, and the same again in order is taken.
        #expect(alice.hear([answer[1]]).isEmpty && alice.failures == [.outOfTurn])
        let reveal = alice.hear(answer)
        _ = bob.hear(reveal)
        let words = alice.shown
        #expect(words.count == 4 && bob.shown == words)
        _ = alice.hear(answer)
        _ = bob.hear(reveal)
        #expect(alice.failures == [.outOfTurn, .outOfTurn, .outOfTurn] && bob.failures == [.outOfTurn])
        #expect(alice.check.state == .compared(words: words) && bob.check.state == .compared(words: words))
        // Alice has begun anew before Bob's answer to the first one comes.
        let (other, otherBegin) = Self.begin(Self.parties(Self.alice, Self.bob))
        alice = other
        #expect(alice.hear(answer).isEmpty && alice.failures == [.outOfTurn, .outOfTurn])
        (bob, answer) = try Self.answer(otherBegin, Self.parties(Self.bob, Self.alice))
        _ = bob.hear(alice.hear(answer))
        #expect(alice.shown == bob.shown && alice.shown.count == 4)
        #expect(throws: PairwiseCheck.Failure.begunAnew) {
            var steps: [PairwiseCheck.Step] = []
            try alice.check.received(otherBegin[0], steps: &steps)
        }
        #expect(begin.count == 1)
    }

    @Test("Messages have one form each, and nothing else is read")
    func codec() throws {
        let messages: [CheckMessage] = [
            .begin(Self.key(1)), .answer(Self.key(1), to: Self.key(2)), .reveal(Self.key(1), to: Self.key(2)),
        ]
        for message in messages {
            let bytes = message.encoded
            #expect(try CheckMessage(decoding: bytes[...]) == message)
            for count in 0..<bytes.count {
                #expect(throws: RoomError.malformed) { try CheckMessage(decoding: bytes[..<count]) }
            }
            #expect(throws: RoomError.malformed) { try CheckMessage(decoding: (bytes + [0])[...]) }
            #expect(throws: RoomError.malformed) { try CheckMessage(decoding: ([3] + bytes.dropFirst())[...]) }
        }
    }

    @Test("Random messages in random order never show words that the other end does not have")
    func random() throws {
        var random = SeededRandom(seed: 5)
        for _ in 0..<300 {
            var (alice, toBob) = Self.begin(Self.parties(Self.alice, Self.bob))
            var (bob, toAlice) = try Self.answer(toBob, Self.parties(Self.bob, Self.alice))
            for _ in 0..<12 {
                let made: [CheckMessage] = [
                    .begin(Random.bytes(32)), .answer(Random.bytes(32), to: Random.bytes(32)),
                    .reveal(Random.bytes(32), to: Random.bytes(32)),
                ]
                // A begin of Bob's own, made up by nobody else, would be his.
                let pool = toAlice + made.dropFirst()
                toBob += alice.hear([pool[random.below(pool.count)]])
                let others = toBob + made
                toAlice += bob.hear([others[random.below(others.count)]])
            }
            if !alice.shown.isEmpty, !bob.shown.isEmpty { #expect(alice.shown == bob.shown) }
        }
    }
}
