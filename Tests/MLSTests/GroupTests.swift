import Sodium
import TestSupport
import Testing

@testable import MLS

@Suite struct GroupTests {
    static let suites: [UInt16] = [1, 3]

    @Test(arguments: suites, [true, false])
    func membersJoinAndTalk(suite: UInt16, encryptsHandshake: Bool) throws {
        let configuration = GroupConfiguration(
            padding: .multiple(of: 100), encryptsHandshake: encryptsHandshake)
        let room = try TestRoom(5, suite: #require(TestSuites.suite(suite)), configuration: configuration)
        try room.checkAgreement()
        try room.add(by: 2, forcesPath: false)
        try room.checkAgreement()
        try room.commit(by: 4)
        try room.checkAgreement()
        #expect(room.members[5].welcomedBy?.leaf == room.members[2].leaf)
    }

    @Test func whatIsPaddedLooksAlike() throws {
        let room = try TestRoom(2, configuration: GroupConfiguration(padding: .multiple(of: 200)))
        let lengths = try [0, 1, 50].map { try room.members[0].group.encrypt([UInt8](repeating: 1, count: $0)).count }
        #expect(Set(lengths).count == 1)
    }

    @Test func handshakesArePaddedToo() throws {
        let room = try TestRoom(2, configuration: GroupConfiguration(padding: .multiple(of: 500)))
        let lengths = try [1, 50, 100].map { count in
            let name = [UInt8](repeating: 1, count: count)
            return try room.members[0].group.propose(.preSharedKey(.external(name))).count
        }
        #expect(Set(lengths).count == 1)
    }

    @Test func removalIsSeenByTheRemoved() throws {
        let room = try TestRoom(4)
        let removed = room.members.remove(at: 2)
        let outgoing = try room.members[0].group.commit([.remove(removed.leaf)])
        let effects = try removed.group.takeCommit(outgoing.commit)
        #expect(effects.removesSelf)
        #expect(effects.removed.map(\.leaf) == [removed.leaf])
        #expect(effects.committer.leaf == room.members[0].leaf)
        let isActive = removed.group.isActive
        #expect(!isActive)
        #expect(throws: MLSError.inactive) { try removed.group.encrypt([1]) }
        #expect(throws: MLSError.inactive) { try removed.group.commit() }
        #expect(throws: MLSError.inactive) { _ = try removed.group.epochAuthenticator() }
        #expect(throws: MLSError.inactive) { _ = try removed.group.export(label: "x", context: [], count: 32) }
        try room.deliver(outgoing, by: 0)
        try room.checkAgreement()
        let later = try room.members[0].group.encrypt([1])
        #expect(removed.refusal(later) == .inactive)
    }

    @Test func removedBeforeTheCommitArrivesCannotReadOn() throws {
        let room = try TestRoom(3)
        let removed = room.members.remove(at: 1)
        try room.commit(by: 0, [.remove(removed.leaf)])
        let later = try room.members[0].group.encrypt([1])
        #expect(removed.refusal(later) == .wrongEpoch)
        #expect(room.members.allSatisfy { $0.memberCount == 2 })
    }

    @Test func forgedOwnRemovalIsRefused() throws {
        let room = try TestRoom(3, configuration: GroupConfiguration(encryptsHandshake: false))
        let victim = room.members[2]
        let outgoing = try room.members[0].group.commit([.remove(victim.leaf)])
        for bit in stride(from: 8 * 6, to: 8 * outgoing.commit.count, by: 131) {
            #expect(victim.refusal(outgoing.commit.flippingBit(bit)) != nil, "bit \(bit)")
        }
        try victim.group.takeCommit(outgoing.commit)
    }

    @Test func updateByProposal() throws {
        let room = try TestRoom(3)
        let before = room.members[0].group.member(at: room.members[1].leaf)
        let message = try room.members[1].group.proposeUpdate()
        for other in [0, 2] { try room.members[other].group.takeProposal(message) }
        let effects = try room.commit(by: 2)
        #expect(effects.map { $0.updated.map(\.leaf) } == [[room.members[1].leaf], [room.members[1].leaf]])
        let after = room.members[0].group.member(at: room.members[1].leaf)
        #expect(before != nil && after != nil)
        #expect(before?.leafNode.encryptionKey != after?.leafNode.encryptionKey)
        try room.checkAgreement()
        try room.commit(by: 0)
        try room.checkAgreement()
    }

    @Test func aCommitterLeavesItsOwnUpdateOut() throws {
        let room = try TestRoom(2)
        let message = try room.members[1].group.proposeUpdate()
        try room.members[0].group.takeProposal(message)
        let effects = try room.commit(by: 1)
        #expect(effects.allSatisfy { $0.updated.isEmpty })
        try room.checkAgreement()
    }

    @Test func proposalsMustBeCommittedBeforeTalking() throws {
        let room = try TestRoom(3)
        try room.propose(by: 0, .remove(room.members[2].leaf))
        for member in room.members {
            #expect(throws: MLSError.proposalsPending) { try member.group.encrypt([1]) }
        }
        let removed = room.members.remove(at: 2)
        let outgoing = try room.members[1].group.commit()
        try removed.group.takeCommit(outgoing.commit)
        try room.deliver(outgoing, by: 1)
        try room.checkAgreement()
    }

    @Test func anInvalidProposalIsNotCommitted() throws {
        let room = try TestRoom(3)
        try room.propose(by: 0, .remove(LeafIndex(rawValue: 77)))
        try room.propose(by: 0, .remove(room.members[1].leaf))
        // A Commit by the one whose removal is proposed leaves that out too.
        let effects = try room.commit(by: 1)
        #expect(effects.allSatisfy { $0.removed.isEmpty })
        try room.checkAgreement()
    }

    @Test func aRefusedProposalIsLeftToOthers() throws {
        let room = try TestRoom(3)
        let message = try room.members[0].group.propose(.remove(room.members[2].leaf))
        let reference = try room.members[1].group.takeProposal(message).reference
        try room.members[2].group.takeProposal(message)
        room.members[1].group.refuseProposal(reference)
        _ = try room.members[1].group.encrypt([1])
        let kept = try room.members[1].group.commit()
        #expect(kept.effects.removed.isEmpty)
        room.members[1].group.dropPendingCommit()
        let outgoing = try room.members[0].group.commit()
        #expect(try room.members[1].group.takeCommit(outgoing.commit).removed.count == 1)
    }

    @Test func theLoserOfARaceTriesAgain() throws {
        let room = try TestRoom(3)
        let winner = try room.members[0].group.commit()
        let loser = try room.members[1].group.commit()
        #expect(throws: MLSError.commitPending) { try room.members[1].group.commit() }
        try room.deliver(winner, by: 0)
        #expect(room.members[2].refusal(loser.commit) == .wrongEpoch)
        #expect(throws: MLSError.misuse) { try room.members[1].group.applyPendingCommit() }
        try room.commit(by: 1)
        try room.checkAgreement()
    }

    @Test func aDroppedCommitChangesNothing() throws {
        let room = try TestRoom(2)
        let outgoing = try room.members[0].group.commit()
        room.members[0].group.dropPendingCommit()
        #expect(room.members[0].refusal(outgoing.commit) == .ownMessage)
        try room.checkAgreement()
        try room.commit(by: 0)
        try room.checkAgreement()
    }

    @Test func aStagedCommitMayBeDropped() throws {
        let room = try TestRoom(2)
        let outgoing = try room.members[0].group.commit()
        do {
            _ = try room.members[1].group.receive(outgoing.commit)
        }
        #expect(room.members[1].epoch == room.members[0].epoch)
        room.members[0].group.dropPendingCommit()
        try room.commit(by: 1)
        try room.checkAgreement()
    }

    @Test func externalKeysAreMixedIn() throws {
        let room = try TestRoom(3)
        let name: [UInt8] = [7]
        for member in room.members.dropLast() {
            member.group.preSharedKeys.addExternal(SecretBytes(copying: [1, 2, 3].span), identifier: name)
        }
        let outgoing = try room.members[0].group.commit([.preSharedKey(.external(name))])
        #expect(room.members[2].refusal(outgoing.commit) == .proposal(.unknownPreSharedKey))
        room.members[2].group.preSharedKeys.addExternal(SecretBytes(copying: [9].span), identifier: name)
        #expect(room.members[2].refusal(outgoing.commit) == .invalidConfirmationTag)
        room.members[2].group.preSharedKeys.addExternal(SecretBytes(copying: [1, 2, 3].span), identifier: name)
        try room.deliver(outgoing, by: 0)
        try room.checkAgreement()
    }

    @Test func resumptionKeysAreMixedIn() throws {
        let room = try TestRoom(2)
        let epoch = room.members[0].group.epochNumber
        try room.commit(by: 0)
        try room.commit(
            by: 1, [.preSharedKey(.resumption(groupID: TestRoom.groupID, epoch: epoch))])
        try room.checkAgreement()
        #expect(throws: MLSError.proposal(.unknownPreSharedKey)) {
            try room.members[0].group.commit([.preSharedKey(.resumption(groupID: TestRoom.groupID, epoch: 99))])
        }
    }

    @Test func extensionsOfTheGroupChange() throws {
        let room = try TestRoom(2)
        let required = RequiredCapabilities(credentials: [.basic])
        let extensions = [Extension(type: .requiredCapabilities, data: required.encoded)]
        let effects = try room.commit(by: 0, [.groupContextExtensions(extensions)])
        #expect(effects.map(\.extensions) == [extensions])
        try room.checkAgreement()
        let unknown = [Extension(type: ExtensionType(rawValue: 0xf0a1), data: [])]
        #expect(throws: MLSError.tree(.unsupportedExtension)) {
            try room.members[0].group.commit([.groupContextExtensions(unknown)])
        }
    }

    @Test func aReInitClosesTheGroup() throws {
        let room = try TestRoom(2)
        let reInit = ReInit(groupID: [8], cipherSuite: .x25519ChaChaPoly)
        let effects = try room.commit(by: 0, [.reInit(reInit)])
        #expect(effects.map(\.reInit) == [reInit])
        for member in room.members {
            #expect(throws: MLSError.inactive) { try member.group.encrypt([1]) }
            #expect(throws: MLSError.inactive) { try member.group.commit() }
        }
    }

    @Test func exportersDifferByLabelAndContext() throws {
        let room = try TestRoom(2)
        func secret(_ member: Int, _ label: String, _ context: [UInt8]) throws -> [UInt8] {
            try room.members[member].group.export(label: label, context: context, count: 16).revealed
        }
        let reference = try secret(0, "a", [1])
        #expect(try secret(1, "a", [1]) == reference)
        #expect(try secret(0, "b", [1]) != reference)
        #expect(try secret(0, "a", [2]) != reference)
    }

    @Test func expiredKeyPackagesAreRefused() throws {
        let room = try TestRoom(2)
        let package = TestRoom.keyPackage().keyPackage
        #expect(throws: MLSError.tree(.outsideLifetime)) {
            try room.members[0].group.commit([.add(package)], at: 2_001)
        }
        let outgoing = try room.members[0].group.commit([.add(package)], at: 2_000)
        let late = #expect(throws: MLSError.self) {
            try room.members[1].group.takeCommit(outgoing.commit, at: 2_001)
        }
        #expect(late == .tree(.outsideLifetime))
        try room.members[1].group.takeCommit(outgoing.commit, at: 2_000)
    }
}
