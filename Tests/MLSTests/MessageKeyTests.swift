import Sodium
import TestSupport
import Testing
import Wire

@testable import MLS

/// Message keys: used once, kept for a while when skipped, gone with their epoch.
@Suite struct MessageKeyTests {
    @Test func aReplayIsRefused() throws {
        let room = try TestRoom(2)
        let first = try room.members[0].group.encrypt([1])
        let second = try room.members[0].group.encrypt([2])
        try room.members[1].group.takeApplication(second)
        try room.members[1].group.takeApplication(first)
        for message in [first, second] {
            #expect(room.members[1].refusal(message) == .generationGone)
        }
    }

    @Test func epochsThatWereForgottenAreNotRead() throws {
        let room = try TestRoom(2)
        var late: [(epoch: UInt64, message: [UInt8])] = []
        for _ in 0..<4 {
            late.append((room.members[0].epoch, try room.members[0].group.encrypt([1])))
            try room.commit(by: 1)
        }
        room.members[1].group.forgetEpochs(before: late[2].epoch)
        for (epoch, message) in late[..<2] {
            #expect(room.members[1].refusal(message) == .wrongEpoch, "\(epoch)")
        }
        for (_, message) in late[2...] { try room.members[1].group.takeApplication(message) }
        room.members[1].group.forgetEpochs(before: .max)
        try room.members[1].group.takeApplication(try room.members[0].group.encrypt([2]))
    }

    @Test func aForgedMessageCostsNoKey() throws {
        let room = try TestRoom(2)
        let message = try room.members[0].group.encrypt([1])
        for bit in stride(from: 0, to: 8 * message.count, by: 53) {
            #expect(room.members[1].refusal(message.flippingBit(bit)) != nil, "bit \(bit)")
        }
        try room.members[1].group.takeApplication(message)
    }

    /// A leaf's ratchets leave nothing behind from which they could be started again (section 9.2).
    @Test func secretsOfTheTreeAreUsedUp() throws {
        var tree = SecretTree(
            suite: .x25519ChaChaPoly, shape: TreeShape(holding: 8),
            encryptionSecret: SecretBytes(randomCount: CipherSuite.hashByteCount))
        let expected: [(leaf: UInt32, left: Int)] = [
            (0, 3), (1, 2), (2, 2), (4, 3), (3, 2), (5, 1), (6, 1), (7, 0),
        ]
        for (leaf, left) in expected {
            _ = try tree.ratchet(of: LeafIndex(rawValue: leaf), .application)
            _ = try tree.ratchet(of: LeafIndex(rawValue: leaf), .handshake)
            let count = tree.nodeSecretCount
            #expect(count == left, "leaf \(leaf)")
        }
    }

    /// Should a state ever be restored and its keys be used twice, the reuse guards still tell the nonces apart.
    @Test func reuseGuardsAreRandom() throws {
        let room = try TestRoom(2)
        let guards = try (0..<8).map { _ in
            let message = try room.members[0].group.encrypt([1])
            guard case .privateMessage(let sealed) = try MLSMessage(received: message) else {
                throw UnexpectedMessage()
            }
            return try room.members[0].group.reuseGuard(of: sealed)
        }
        #expect(Set(guards).count > 1)
    }

    @Test func ourOwnMessagesCannotBeOpened() throws {
        let room = try TestRoom(2)
        let message = try room.members[0].group.encrypt([1])
        #expect(room.members[0].refusal(message) == .ownMessage)
    }

    @Test func generationsMayBeAheadByTheGap() throws {
        let room = try TestRoom(2)
        let gap = Int(Limits.maximumForwardGap)
        let messages = try (0...gap + 1).map { _ in try room.members[0].group.encrypt([1]) }
        #expect(room.members[1].refusal(messages[gap + 1]) == .generationTooFar)
        try room.members[1].group.takeApplication(messages[gap])
        // Of the skipped ones the last are kept.
        let oldest = gap - Limits.maximumSkippedKeys
        #expect(room.members[1].refusal(messages[oldest - 1]) == .generationGone)
        try room.members[1].group.takeApplication(messages[oldest])
        try room.members[1].group.takeApplication(messages[gap - 1])
        #expect(room.members[1].refusal(messages[oldest]) == .generationGone)
        try room.members[1].group.takeApplication(messages[gap + 1])
    }

    /// False messages that make us derive many keys are taken a few times; then steps are small, and true messages in order
    /// are read as before.
    @Test func workInVainIsBounded() throws {
        let room = try TestRoom(3)
        let gap = Int(Limits.maximumForwardGap)
        let messages = try (0...gap).map { _ in try room.members[0].group.encrypt([1]) }
        let false_ = messages[gap].flippingBit(8 * messages[gap].count - 1)
        let possible = Int(Limits.maximumPassedGenerations) / gap
        for _ in 0..<possible {
            guard case .cryptography? = room.members[1].refusal(false_) else {
                Issue.record("another refusal")
                return
            }
        }
        #expect(room.members[1].refusal(false_) == .generationTooFar)
        #expect(room.members[1].refusal(messages[gap]) == .generationTooFar)
        let step = Int(Limits.forwardGapAfterwards)
        #expect(room.members[1].refusal(messages[step + 1]) == .generationTooFar)
        try room.members[1].group.takeApplication(messages[step])
        try room.members[1].group.takeApplication(messages[0])
        try room.members[1].group.takeApplication(messages[step + 1])
        // It is of this sender only, and of this epoch.
        let other = try (0...gap).map { _ in try room.members[2].group.encrypt([1]) }
        try room.members[1].group.takeApplication(other[gap])
    }

    /// A sender that leaves out generations makes others derive them, and cannot do so for long.
    @Test func passingOverIsBounded() throws {
        let room = try TestRoom(2)
        let gap = Int(Limits.maximumForwardGap)
        let times = Int(Limits.maximumPassedGenerations) / gap
        let messages = try (0...times * (gap + 1) + 20).map { _ in try room.members[0].group.encrypt([1]) }
        var next = 0
        for _ in 0..<times {
            try room.members[1].group.takeApplication(messages[next + gap])
            next += gap + 1
        }
        let step = Int(Limits.forwardGapAfterwards)
        #expect(room.members[1].refusal(messages[next + step + 1]) == .generationTooFar)
        try room.members[1].group.takeApplication(messages[next + step])
        try room.members[1].group.takeApplication(messages[next + step + 1])
    }

    @Test func commitsWithTooManyProposalsAreRefused() throws {
        let room = try TestRoom(3)
        let commit = try room.members[0].group.commit([.remove(room.members[2].leaf)])
        #expect(throws: MLSError.limitExceeded) {
            _ = try room.members[1].group.receive(commit.commit, proposalLimit: 0)
        }
        _ = try room.members[1].group.receive(commit.commit, proposalLimit: 1)
    }

    /// What is encrypted as another member's than it is said to be from is refused before anything is derived.
    @Test func whoIsSaidToHaveSentIt() throws {
        let room = try TestRoom(3)
        let message = try room.members[0].group.encrypt([1])
        let keys = try (0..<3).map {
            try #require(room.members[1].group.member(at: LeafIndex(rawValue: $0))?.signatureKey)
        }
        #expect(throws: MLSError.unknownMember) { _ = try room.members[1].group.receive(message, from: keys[2]) }
        _ = try room.members[1].group.receive(message, from: keys[0])
    }

    @Test func skippedKeysAreBoundedAcrossGaps() throws {
        var ratchet = HashRatchet(
            suite: .x25519ChaChaPoly, secret: SecretBytes(count: CipherSuite.hashByteCount))
        for generation in stride(from: UInt32(1), through: 399, by: 2) {
            _ = try ratchet.take(generation)
            #expect(ratchet.skippedCount <= Limits.maximumSkippedKeys)
        }
        #expect(ratchet.skippedCount == Limits.maximumSkippedKeys)
        _ = try ratchet.take(398)
        _ = try ratchet.take(400 - 2 * UInt32(Limits.maximumSkippedKeys))
        #expect(throws: MLSError.generationGone) {
            try ratchet.take(400 - 2 * UInt32(Limits.maximumSkippedKeys) - 2)
        }
        #expect(ratchet.skippedCount == Limits.maximumSkippedKeys - 2)
    }

    @Test func theLastGenerationIsTheLast() throws {
        var ratchet = HashRatchet(
            suite: .x25519ChaChaPoly, secret: SecretBytes(count: CipherSuite.hashByteCount), nextGeneration: .max)
        let (generation, _) = try ratchet.next()
        #expect(generation == .max)
        #expect(throws: MLSError.limitExceeded) { try ratchet.next() }
        #expect(throws: MLSError.generationGone) { try ratchet.take(.max) }
    }

    @Test func lateMessagesAreRead() throws {
        let room = try TestRoom(2)
        var late: [[UInt8]] = []
        for _ in 0...Limits.maximumPastEpochs {
            late.append(try room.members[0].group.encrypt([1]))
            try room.commit(by: 1)
        }
        #expect(room.members[1].refusal(late[0]) == .wrongEpoch)
        for message in late.dropFirst() {
            try room.members[1].group.takeApplication(message)
            #expect(room.members[1].refusal(message) == .generationGone)
        }
    }

    @Test func lateMessagesOfARemovedMemberAreRead() throws {
        let room = try TestRoom(3)
        let removed = room.members.remove(at: 2)
        let message = try removed.group.encrypt([1])
        try room.commit(by: 0, [.remove(removed.leaf)])
        let received = try room.members[0].group.takeApplication(message)
        #expect(received.sender == removed.leaf)
        #expect(received.epoch + 1 == room.members[0].epoch)
    }

    @Test func lateProposalsAndCommitsAreNot() throws {
        let room = try TestRoom(3)
        let proposal = try room.members[2].group.propose(.remove(room.members[1].leaf))
        try room.commit(by: 0)
        #expect(room.members[0].refusal(proposal) == .wrongEpoch)
    }

    @Test func messagesOfTheFutureAreNotRead() throws {
        let room = try TestRoom(2)
        let outgoing = try room.members[0].group.commit()
        try room.members[0].group.takeOwnCommit(outgoing.commit)
        let message = try room.members[0].group.encrypt([1])
        #expect(room.members[1].refusal(message) == .wrongEpoch)
        try room.members[1].group.takeCommit(outgoing.commit)
        try room.members[1].group.takeApplication(message)
    }

    @Test func messagesOfOtherGroupsAreNotRead() throws {
        let room = try TestRoom(2)
        let creator = TestRoom.keyPackage()
        let other = TestMember(try Group(creating: [4], as: creator, suite: room.suite))
        let message = try other.group.encrypt([1])
        #expect(room.members[0].refusal(message) == .wrongGroup)
    }
}

@Suite struct MessageLimitTests {
    @Test func tooLongMessagesAreNotLookedAt() throws {
        let room = try TestRoom(2)
        let zeros = [UInt8](repeating: 0, count: Limits.maximumMessageByteCount + 1)
        #expect(room.members[0].refusal(zeros) == .limitExceeded)
        #expect(room.members[0].refusal(zeros.dropLast()) == .malformed(.invalidValue))
    }

    @Test func proposalsAreBounded() throws {
        var store = ProposalStore()
        for number in 0..<Limits.maximumPendingProposals {
            try store.add(
                ProposalEntry(
                    proposal: .remove(LeafIndex(rawValue: 1)), sender: .member(LeafIndex(rawValue: 0)),
                    reference: [UInt8(number & 0xff), UInt8(number >> 8)]))
        }
        #expect(throws: MLSError.limitExceeded) {
            try store.add(
                ProposalEntry(
                    proposal: .remove(LeafIndex(rawValue: 1)), sender: .member(LeafIndex(rawValue: 0)),
                    reference: [1, 2, 3]))
        }
    }

    @Test func resumptionKeysAreBounded() throws {
        let room = try TestRoom(1)
        for _ in 0..<Limits.maximumResumptionSecrets {
            try room.commit(by: 0)
        }
        func commit(_ epoch: UInt64) throws {
            _ = try room.members[0].group.commit([
                .preSharedKey(.resumption(groupID: TestRoom.groupID, epoch: epoch))
            ])
        }
        #expect(throws: MLSError.proposal(.unknownPreSharedKey)) { try commit(0) }
        try commit(1)
    }

    /// Lengths with more bytes than needed, the prefix 11, bytes behind the end, ends too early.
    @Test func onlyOneEncodingIsTaken() throws {
        let room = try TestRoom(2)
        let message = try room.members[0].group.encrypt([1])
        // Version, wire format, then the group's identifier of three bytes.
        #expect(Array(message.prefix(5)) == [0, 1, 0, 2, 3])
        let rest = message.dropFirst(5)
        let forms: [([UInt8], MLSError)] = [
            ([0, 1, 0, 2, 0x40, 3] + rest, .malformed(.nonMinimalVarint)),
            ([0, 1, 0, 2, 0x80, 0, 0, 3] + rest, .malformed(.nonMinimalVarint)),
            ([0, 1, 0, 2, 0xc0, 0, 0, 0, 0, 0, 0, 3] + rest, .malformed(.invalidVarint)),
            (message + [0], .malformed(.trailingBytes)),
            (message.dropLast(), .malformed(.truncated)),
            ([0, 2] + message.dropFirst(2), .malformed(.invalidValue)),
            ([0, 1, 0, 6] + message.dropFirst(4), .malformed(.invalidValue)),
        ]
        for (form, error) in forms {
            #expect(room.members[1].refusal(form) == error)
        }
        try room.members[1].group.takeApplication(message)
    }

    @Test func cutMessagesNeverTrap() throws {
        let room = try TestRoom(3)
        let package = TestRoom.keyPackage()
        let outgoing = try room.members[0].group.commit([.add(package.keyPackage)])
        for count in stride(from: 0, to: outgoing.commit.count, by: 3) {
            #expect(room.members[1].refusal([UInt8](outgoing.commit.prefix(count))) != nil)
        }
        let welcome = try #require(outgoing.welcome)
        for count in stride(from: 0, to: welcome.count, by: 7) {
            #expect(throws: MLSError.self) {
                _ = try Group(joining: [UInt8](welcome.prefix(count)), with: package, suite: room.suite)
            }
        }
    }
}

extension Group {
    fileprivate func reuseGuard(of message: PrivateMessage) throws -> [UInt8] {
        try message.senderData(secret: epoch.secrets.senderDataSecret, suite: suite).reuseGuard
    }
}
