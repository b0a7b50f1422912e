import Sodium
import Testing

@testable import MLS

/// What a member checks before it proposes, and where epochs end.
@Suite struct ProposingTests {
    @Test func expiredKeyPackagesAreNotProposed() throws {
        let room = try TestRoom(2)
        let package = TestRoom.keyPackage().keyPackage
        #expect(throws: MLSError.tree(.outsideLifetime)) {
            try room.members[0].group.propose(.add(package), at: 2_001)
        }
        let message = try room.members[0].group.propose(.add(package), at: 2_000)
        try room.members[1].group.takeProposal(message)
    }

    @Test func forgedKeyPackagesAreNotProposed() throws {
        let room = try TestRoom(2)
        var package = TestRoom.keyPackage().keyPackage
        package.leafNode.signature[0] ^= 1
        let forged = package
        #expect(throws: MLSError.invalidSignature) { try room.members[0].group.propose(.add(forged)) }
        let hasProposals = room.members[0].group.hasProposals
        #expect(!hasProposals)
    }

    @Test func aMemberIsAddedOnlyAfterItsRemoval() throws {
        let room = try TestRoom(2)
        let package = TestRoom.keyPackage()
        let keyPackage = package.keyPackage
        let outgoing = try room.members[0].group.commit([.add(keyPackage)])
        try room.deliver(outgoing, by: 0)
        let leaf = try #require(outgoing.effects.added.first).leaf
        #expect(throws: MLSError.tree(.duplicateSignatureKey)) {
            try room.members[0].group.propose(.add(keyPackage))
        }
        try room.propose(by: 0, .remove(leaf))
        try room.propose(by: 0, .add(keyPackage))
        let effects = try room.commit(by: 1)
        #expect(effects.map { $0.removed.map(\.leaf) } == [[leaf]])
        #expect(effects.map { $0.added.map(\.leaf) } == [[leaf]])
    }

    /// A hostile creator can start a group at the last number.
    @Test func theLastEpochIsTheLast() throws {
        let room = try TestRoom(2, configuration: GroupConfiguration(encryptsHandshake: false))
        let secret = Random.bytes(CipherSuite.hashByteCount)
        for member in room.members {
            try member.group.jumpToLastEpoch(epochSecret: secret)
        }
        try room.checkAgreement()
        let add = Proposal.add(TestRoom.keyPackage().keyPackage)
        let commit = try room.members[0].group.forge(.commit(Commit(proposals: [.proposal(add)], path: nil)))
        #expect(room.members[1].refusal(commit) == .limitExceeded)
        #expect(throws: MLSError.limitExceeded) { try room.members[0].group.commit() }
    }
}

extension Group {
    fileprivate mutating func jumpToLastEpoch(epochSecret: [UInt8]) throws {
        var context = epoch.context
        context.epoch = .max
        epoch = try EpochState(
            context: context, tree: epoch.tree, keys: epoch.keys.clone(),
            secrets: EpochSecrets(suite: suite, epochSecret: SecretBytes(copying: epochSecret.span)))
    }
}
