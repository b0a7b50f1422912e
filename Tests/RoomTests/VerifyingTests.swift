import Chat
import Sodium
import TestSupport
import Testing
import Wire

@testable import Room

/// Checks between members of a room, as people begin and answer them.
@Suite struct VerifyingTests {
    private let network: RoomNetwork
    private let alice = 0
    private let bob = 1
    private let carol = 2

    init() throws {
        network = RoomNetwork()
        _ = try network.joined("alice", "bob", "carol")
        network.peers.indices.forEach { network.peers[$0].events = [] }
    }

    private func check(_ peer: Int, _ name: String) throws {
        try network.act(peer) { client, actions in try client.check(name, actions: &actions) }
    }

    private func answer(_ peer: Int, _ name: String, _ isSame: Bool) throws {
        try network.act(peer) { client, actions in
            try client.answerCheck(name, isSame: isSame, actions: &actions)
        }
    }

    /// A message that a member's program would not send.
    private func send(_ message: CheckMessage, from peer: Int, to name: String) throws {
        try network.act(peer) { client, actions in
            client.outbox.append(
                .init(id: MessageID(Random.uint64()), to: try client.member(named: name), content: .check(message)))
            client.sendWaiting(actions: &actions)
        }
        try network.carry()
    }

    private func pass(_ time: Duration) {
        network.timePassed(time)
        for peer in network.peers.indices {
            network.act(peer) { client, actions in client.timePassed(actions: &actions) }
        }
    }

    private func states(_ peer: Int) -> [Verification.Check.State] {
        network.peers[peer].checks.map(\.state)
    }

    private func notices(_ peer: Int) -> [NoticeCode] {
        network.peers[peer].events.compactMap {
            switch $0 {
            case .warning(let notice), .error(let notice): notice.code
            default: nil
            }
        }
    }

    private func isVerified(_ peer: Int, by other: Int) throws -> Bool {
        let id = try network.id(peer)
        return network.peers[other].client.memberList.contains { $0.id == id && $0.isVerified }
    }

    @Test("One begins, both see the same words, and each says for itself whether they are the same")
    func agree() throws {
        try check(alice, "bob")
        #expect(states(alice) == [.waiting])
        try network.carry()
        #expect(states(alice) == [.waiting, .compare] && states(bob) == [.compare])
        let words = network.peers[alice].checks.last?.words
        #expect(words?.count == 4 && words == network.peers[bob].checks.last?.words)
        #expect(network.peers[bob].checks.last?.nick == "alice")
        #expect(try !isVerified(bob, by: alice))
        try answer(alice, "bob", true)
        #expect(try isVerified(bob, by: alice) && !isVerified(alice, by: bob))
        try answer(bob, "alice", true)
        #expect(try isVerified(alice, by: bob))
        #expect(states(alice).last == .verified && states(bob).last == .verified)
        // Nobody else has heard of it, and nothing was told as said.
        #expect(network.peers[carol].events.isEmpty)
        #expect(network.peers.allSatisfy { $0.messages.isEmpty && $0.delivered.isEmpty && $0.errors.isEmpty })
        // Again: other words, and the mark stays until somebody says no.
        pass(.seconds(60))
        try check(bob, "alice")
        try network.carry()
        #expect(network.peers[alice].checks.last?.words != words)
        try answer(bob, "alice", false)
        #expect(try !isVerified(alice, by: bob) && isVerified(bob, by: alice))
        #expect(states(bob).last == .differs && notices(bob) == [.verifyFailed])
    }

    @Test("Both begin at once")
    func crossing() throws {
        try check(alice, "bob")
        try check(bob, "alice")
        try network.carry()
        #expect(states(alice) == [.waiting, .compare] && states(bob) == [.waiting, .compare])
        #expect(network.peers[alice].checks.last?.words == network.peers[bob].checks.last?.words)
        #expect(notices(alice).isEmpty && notices(bob).isEmpty)
    }

    @Test("What is open is shown again, and not begun a second time")
    func again() throws {
        try check(alice, "bob")
        try check(alice, "bob")
        try network.carry()
        try check(alice, try network.id(bob).description)
        #expect(states(alice) == [.waiting, .waiting, .compare, .compare] && states(bob) == [.compare])
        #expect(Set(network.peers[alice].checks.suffix(2).map(\.words)).count == 1)
    }

    @Test("Without words there is nothing to answer, and no peer can bring it about")
    func noWords() throws {
        func expect(_ code: NoticeCode, _ body: () throws -> Void) {
            do {
                try body()
                Issue.record("no \(code)")
            } catch {
                #expect((error as? ChatEvent.Notice)?.code == code)
            }
        }
        expect(.verifyUnknown) { try answer(alice, "bob", true) }
        expect(.noSuchMember) { try check(alice, "nobody") }
        expect(.noSuchMember) { try answer(alice, "nobody", true) }
        expect(.noSuchMember) { try check(alice, "alice") }
        try check(alice, "bob")
        expect(.verifyUnknown) { try answer(alice, "bob", true) }
        try network.carry()
        try answer(bob, "alice", true)
        for message: CheckMessage in [
            .begin(Random.bytes(32)), .answer(Random.bytes(32), to: Random.bytes(32)),
            .reveal(Random.bytes(32), to: Random.bytes(32)),
        ] {
            try send(message, from: bob, to: "alice")
            #expect(try !isVerified(bob, by: alice))
        }
        expect(.verifyUnknown) { try answer(alice, "carol", true) }
    }

    @Test("What belongs to no open check is told, at either end")
    func outOfTurn() throws {
        try send(.reveal(Random.bytes(32), to: Random.bytes(32)), from: bob, to: "alice")
        try send(.answer(Random.bytes(32), to: Random.bytes(32)), from: bob, to: "alice")
        #expect(notices(alice) == [.verifyEnded, .verifyEnded] && notices(bob).isEmpty)
        // Bob's program knows nothing of what he has begun here: Alice's answer and her nonce come out of turn.
        try send(.begin(Random.bytes(32)), from: bob, to: "alice")
        #expect(notices(bob) == [.verifyEnded, .verifyEnded])
        #expect(states(alice).isEmpty && states(bob).isEmpty)
    }

    @Test("What was revealed is not what was committed to")
    func wrongReveal() throws {
        try check(alice, "bob")
        // Bob's program commits to what it never reveals.
        let begin = try #require(network.peers[alice].toHost.last)
        #expect(begin.type == 0x12)
        try network.carry(of: [alice])
        network.peers[bob].toClient = []
        try send(.begin([UInt8](repeating: 1, count: 32)), from: bob, to: "alice")
        #expect(states(alice) == [.waiting])
        let own = try #require(network.peers[alice].client.checks.entries[network.id(bob)]?.check.commitment)
        try send(.reveal([UInt8](repeating: 2, count: 32), to: own), from: bob, to: "alice")
        #expect(notices(alice) == [.verifyFailed])
        #expect(!network.peers[alice].client.checks.isOpen(with: try network.id(bob)))
    }

    @Test("A member leaves in the middle, before the words and after")
    func leaving() throws {
        try check(alice, "bob")
        network.act(bob) { client, actions in client.leave(actions: &actions) }
        try network.carry()
        #expect(notices(alice) == [.verifyEnded])
        try check(alice, "carol")
        try network.carry()
        #expect(states(alice).last == .compare)
        network.act(carol) { client, actions in client.leave(actions: &actions) }
        try network.carry()
        #expect(notices(alice) == [.verifyEnded, .verifyEnded])
        #expect(network.peers[alice].client.checks.entries.isEmpty)
    }

    @Test("Who does not answer is not waited for for ever, nor is the person")
    func timeouts() throws {
        try check(alice, "bob")
        let start = network.now
        pass(CheckBook.answerTime - .milliseconds(1))
        #expect(notices(alice).isEmpty)
        #expect(network.peers[alice].client.nextDeadline.map { $0 <= start + CheckBook.answerTime } == true)
        pass(.milliseconds(1))
        #expect(notices(alice) == [.verifyEnded])
        // What comes later begins nothing at Alice, and is told.
        try network.carry()
        #expect(notices(alice).allSatisfy { $0 == .verifyEnded } && states(alice) == [.waiting])
        pass(CheckBook.answerTime)
        network.peers.indices.forEach { network.peers[$0].events = [] }
        try check(alice, "bob")
        try network.carry()
        pass(CheckBook.comparingTime - .milliseconds(1))
        #expect(notices(alice).isEmpty && notices(bob).isEmpty)
        pass(.milliseconds(1))
        #expect(notices(alice) == [.verifyEnded] && notices(bob) == [.verifyEnded])
        #expect(throws: ChatEvent.Notice.self) { try answer(alice, "bob", true) }
    }

    @Test("A member that begins again and again is answered once in ten seconds, and words of before are withdrawn")
    func pace() throws {
        for _ in 0..<20 { try send(.begin(Random.bytes(32)), from: bob, to: "alice") }
        #expect(states(alice).isEmpty && notices(alice).isEmpty)
        // An answer and a nonce.
        #expect(notices(bob).count == 2)
        pass(CheckBook.pace)
        try send(.begin(Random.bytes(32)), from: bob, to: "alice")
        #expect(notices(bob).count == 4)
        // An honest one after that.
        pass(CheckBook.pace)
        network.peers[alice].events = []
        try check(bob, "alice")
        try network.carry()
        #expect(states(alice) == [.compare])
        let words = network.peers[alice].checks.last?.words
        try answer(bob, "alice", true)
        pass(CheckBook.pace)
        try check(bob, "alice")
        try network.carry()
        #expect(notices(alice) == [.verifyEnded])
        #expect(states(alice) == [.compare, .compare] && network.peers[alice].checks.last?.words != words)
    }

    @Test("So many checks are open at once, and no more: those of others do not stand in the way of ours")
    func openChecks() throws {
        let others = try (0..<2 * CheckBook.openLimit + 2).map { number in
            try #require(network.joined("m\(number)").first)
        }
        network.peers.indices.forEach { network.peers[$0].events = [] }
        for other in others.prefix(CheckBook.openLimit) { try check(other, "alice") }
        try network.carry()
        #expect(states(alice).count == CheckBook.openLimit)
        try check(others[CheckBook.openLimit], "alice")
        try network.carry()
        #expect(states(alice).count == CheckBook.openLimit)
        for other in others.dropFirst(CheckBook.openLimit + 1).prefix(CheckBook.openLimit) {
            try check(alice, try network.id(other).description)
        }
        let error = try #require(throws: ChatEvent.Notice.self) { try check(alice, "bob") }
        #expect(error.code == .rateLimited)
        try network.carry()
        #expect(states(alice).count == 3 * CheckBook.openLimit)
        try answer(alice, try network.id(others[CheckBook.openLimit + 1]).description, true)
        try check(alice, "bob")
    }

    @Test("The mark is for a key: with another one under the same id it falls, and the check is over")
    func otherKey() throws {
        try check(alice, "bob")
        try network.carry()
        try answer(alice, "bob", true)
        pass(.seconds(60))
        try check(alice, "bob")
        try network.carry()
        let id = try network.id(bob)
        let group = try #require(network.peers[alice].client.engine as? PlainGroup)
        group.keys[id] = [7]
        #expect(try !isVerified(bob, by: alice))
        network.peers[alice].events = []
        _ = try network.joined("dora")
        #expect(states(alice) == [.withdrawn] && notices(alice) == [.verifyEnded])
        // The key of before does not bring it back.
        group.keys[id] = nil
        #expect(try !isVerified(bob, by: alice))
    }

    @Test("Who loses its place and comes back with its key keeps the mark, and an open check goes on")
    func comingBack() throws {
        try check(alice, "bob")
        try network.carry()
        try answer(alice, "bob", true)
        pass(.seconds(60))
        network.breakLink(bob)
        try check(alice, "bob")
        try network.carry()
        #expect(states(alice).last == .waiting)
        network.mendLink(bob)
        try network.carry()
        #expect(states(alice).last == .compare && states(bob).last == .compare)
        network.overrun(bob)
        network.mendLink(bob)
        try network.carry()
        #expect(try isVerified(bob, by: alice))
        try answer(bob, "alice", true)
        #expect(try isVerified(alice, by: bob))
        // Bob had not answered the first check.
        #expect(notices(alice).isEmpty && notices(bob) == [.verifyEnded])
    }

    @Test("The answer to /verify: words of the epoch asked for, everybody's fingerprint")
    func overview() throws {
        let question = try network.peers[alice].client.roomWords()
        let words = try question.words(cost: .init(passes: 1, memory: 8 * 1_024))
        let overview = network.peers[alice].client.overview(epoch: question.epoch, words: words)
        #expect(overview.isCurrent && overview.words == words && words.count == RoomWords.count)
        #expect(overview.members.map(\.isOwn).count(where: \.self) == 1)
        #expect(Set(overview.members.compactMap(\.fingerprint?.description)).count == 3)
        let other = try network.peers[bob].client.roomWords().words(cost: .init(passes: 1, memory: 8 * 1_024))
        #expect(other == words)
        _ = try network.joined("dora")
        let late = network.peers[alice].client.overview(epoch: question.epoch, words: words)
        #expect(!late.isCurrent && late.epoch == question.epoch && late.members.count == 4)
    }

    @Test("Checks to all are no checks, and no words")
    func toAll() throws {
        network.act(bob) { client, actions in
            client.outbox.append(
                .init(id: MessageID(1), to: nil, content: .check(.begin(Random.bytes(32)))))
            client.sendWaiting(actions: &actions)
        }
        try network.carry()
        #expect(notices(alice) == [.inputInvalid] && states(alice).isEmpty)
    }
}

extension RoomNetwork.Peer {
    fileprivate var checks: [Verification.Check] {
        events.compactMap { if case .verification(.check(let check)) = $0 { check } else { nil } }
    }
}
