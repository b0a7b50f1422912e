import Sodium
import TestSupport
import Testing

@testable import MLS

/// Commits that an honest member would not make, each refused for its own reason.
@Suite struct HostileCommitTests {
    /// What a member says of a Commit of another that is signed and sealed in order but for what it says.
    private func refusal(
        of proposals: [Proposal], references: [[UInt8]] = [], in room: TestRoom
    ) throws -> MLSError? {
        let listed = proposals.map(ProposalOrReference.proposal) + references.map(ProposalOrReference.reference)
        let message = try room.members[0].group.forge(.commit(Commit(proposals: listed, path: nil)))
        return room.members[1].refusal(message)
    }

    @Test func pathsThatMustBe() throws {
        let room = try TestRoom(3)
        let lists: [[Proposal]] = [[], [.remove(room.members[2].leaf)], [.groupContextExtensions([])]]
        for list in lists {
            #expect(try refusal(of: list, in: room) == .proposal(.missingPath))
        }
        let update = try room.members[2].group.proposeUpdate()
        let reference = try room.members[0].group.takeProposal(update).reference
        try room.members[1].group.takeProposal(update)
        #expect(try refusal(of: [], references: [reference], in: room) == .proposal(.missingPath))
    }

    @Test func listsThatMustNotBe() throws {
        let room = try TestRoom(3)
        let key = PreSharedKeyID.external([1])
        var short = key
        short.nonce.removeLast()
        var linked = key
        linked.source = .resumption(.branch, groupID: TestRoom.groupID, epoch: 1)
        let reInit = ReInit(groupID: [1], cipherSuite: .x25519ChaChaPoly)
        let older = ReInit(groupID: [1], version: ProtocolVersion(rawValue: 0), cipherSuite: .x25519ChaChaPoly)
        let other = room.members[2].leaf
        let cases: [([Proposal], ProposalError)] = [
            ([.remove(room.members[0].leaf)], .removesCommitter),
            ([.remove(other), .remove(other)], .twoForOneLeaf),
            ([.preSharedKey(key), .preSharedKey(key)], .duplicatePreSharedKey),
            ([.preSharedKey(short)], .wrongNonceLength),
            ([.preSharedKey(linked)], .wrongResumptionUsage),
            ([.preSharedKey(key)], .unknownPreSharedKey),
            ([.groupContextExtensions([]), .groupContextExtensions([])], .duplicateGroupContextExtensions),
            ([.reInit(reInit), .preSharedKey(key)], .reInitNotAlone),
            ([.reInit(older)], .olderVersion),
            ([.externalInit([])], .senderNotAllowed),
        ]
        for (list, error) in cases {
            #expect(try refusal(of: list, in: room) == .proposal(error), "\(error)")
        }
        #expect(try refusal(of: [], references: [[9]], in: room) == .proposal(.unknownReference))
    }

    @Test func aCommitterMustLeaveItsOwnUpdateOut() throws {
        let room = try TestRoom(2)
        let update = try room.members[0].group.proposeUpdate()
        let reference = try room.members[1].group.takeProposal(update).reference
        #expect(try refusal(of: [], references: [reference], in: room) == .proposal(.updateByCommitter))
    }

    @Test func anExternalInitOfAMemberIsRefusedByReferenceToo() throws {
        let room = try TestRoom(2)
        let message = try room.members[0].group.forge(.proposal(.externalInit([])))
        let reference = try room.members[1].group.takeProposal(message).reference
        #expect(try refusal(of: [], references: [reference], in: room) == .proposal(.senderNotAllowed))
    }

    @Test func theLeafOfAPathIsChecked() throws {
        let room = try TestRoom(2)
        let group = room.members[0]
        var path = try group.group.freshUpdatePath()
        path.leafNode.signature[5] ^= 1
        let message = try group.group.forge(.commit(Commit(proposals: [], path: path)))
        #expect(room.members[1].refusal(message) == .invalidSignature)
    }

    @Test func applicationDataInTheClear() throws {
        let room = try TestRoom(2, configuration: GroupConfiguration(encryptsHandshake: false))
        let message = try room.members[0].group.forge(.application([1]))
        #expect(room.members[1].refusal(message) == .applicationDataInTheClear)
    }

    /// Any bit of a Commit matters.
    @Test(arguments: [true, false])
    func changedBits(encryptsHandshake: Bool) throws {
        let room = try TestRoom(3, configuration: GroupConfiguration(encryptsHandshake: encryptsHandshake))
        let outgoing = try room.members[0].group.commit()
        for bit in stride(from: 1, to: 8 * outgoing.commit.count, by: 61) {
            #expect(room.members[1].refusal(outgoing.commit.flippingBit(bit)) != nil, "bit \(bit)")
        }
        try room.deliver(outgoing, by: 0)
        try room.checkAgreement()
    }
}

/// What those outside the group may and may not say.
@Suite struct OutsiderTests {
    /// A Commit of one who joins, whose list of proposals is replaced and signed again.
    private func refusal(
        _ room: TestRoom, _ change: ([ProposalOrReference]) -> [ProposalOrReference]
    ) throws -> MLSError? {
        try refusal(ofChanged: room) { commit in commit.proposals = change(commit.proposals) }
    }

    private func refusal(ofChanged room: TestRoom, _ change: (inout Commit) -> Void) throws -> MLSError? {
        let info = try room.members[0].group.groupInfo(allowsExternalCommit: true)
        let package = TestRoom.keyPackage(room.suite)
        let join = try ExternalJoin(groupInfo: info, as: package, suite: room.suite)
        guard case .publicMessage(let message) = try MLSMessage(decoding: join.commit),
            case .commit(var commit) = message.content.body
        else { throw UnexpectedMessage() }
        change(&commit)
        var content = message.content
        content.body = .commit(commit)
        var forged = AuthenticatedContent.signed(
            content, wireFormat: .publicMessage, context: room.members[0].group.context, suite: room.suite,
            key: package.signingKey)
        forged.authentication.confirmationTag = message.authentication.confirmationTag
        return room.members[1].refusal(MLSMessage.publicMessage(PublicMessage(fromOutside: forged)).encoded)
    }

    @Test func listsOfExternalCommits() throws {
        let room = try TestRoom(3)
        let package = TestRoom.keyPackage().keyPackage
        let remove = ProposalOrReference.proposal(.remove(room.members[2].leaf))
        #expect(try refusal(room) { $0 } == nil)
        #expect(try refusal(room) { $0 + $0 } == .proposal(.externalInit))
        #expect(try refusal(room) { _ in [] } == .proposal(.externalInit))
        #expect(try refusal(room) { $0 + [remove, remove] } == .proposal(.twoForOneLeaf))
        #expect(try refusal(room) { $0 + [.proposal(.add(package))] } == .proposal(.notForExternalCommit))
        #expect(
            try refusal(room) { $0 + [.proposal(.groupContextExtensions([]))] }
                == .proposal(.notForExternalCommit))
        // Signed in order, but the members come to another state.
        #expect(try refusal(room) { $0 + [remove] } != nil)
        let proposal = try room.members[0].group.propose(.remove(room.members[2].leaf))
        let reference = try room.members[1].group.takeProposal(proposal).reference
        #expect(
            try refusal(room) { $0 + [.reference(reference)] } == .proposal(.notForExternalCommit))
    }

    @Test func theLeafOfAnExternalCommitIsChecked() throws {
        let room = try TestRoom(2)
        let error = try refusal(ofChanged: room) { commit in commit.path?.leafNode.signature[5] ^= 1 }
        #expect(error == .invalidSignature)
    }

    @Test func nobodyProposesItselfUnlessTheRoomWantsIt() throws {
        let room = try TestRoom(2)
        let package = TestRoom.keyPackage(room.suite)
        let proposal = try room.outside(.add(package.keyPackage), .newMemberProposal, key: package.signingKey)
        #expect(room.members[0].refusal(proposal) == .proposal(.senderNotAllowed))
        let effects = try room.commit(by: 0)
        #expect(effects.map(\.added.count) == [0])
    }

    @Test func aClientProposesItself() throws {
        let room = try TestRoom(2, configuration: GroupConfiguration(acceptsNewMemberProposals: true))
        let package = TestRoom.keyPackage(room.suite)
        func message(_ proposal: Proposal) throws -> [UInt8] {
            try room.outside(proposal, .newMemberProposal, key: package.signingKey)
        }
        for member in room.members { try member.group.takeProposal(message(.add(package.keyPackage))) }
        let stranger = Ed25519.KeyPair()
        let forged = try room.outside(.add(package.keyPackage), .newMemberProposal, key: stranger)
        #expect(room.members[1].refusal(forged) == .invalidSignature)
        #expect(
            try room.members[1].refusal(message(.remove(LeafIndex(rawValue: 0)))) == .proposal(.senderNotAllowed))
        let outgoing = try room.members[0].group.commit()
        try room.deliver(outgoing, by: 0)
        room.members.append(
            TestMember(try Group(joining: #require(outgoing.welcome), with: package, suite: room.suite)))
        try room.checkAgreement()
    }

    @Test func aListedSenderProposes() throws {
        let key = Ed25519.KeyPair()
        let senders = [ExternalSender(signatureKey: key.publicKey.bytes, credential: .basic(identity: []))]
        let list = Extension(type: .externalSenders, data: senders.encodedList)
        let room = try TestRoom(3, extensions: [list])
        let removed = room.members.remove(at: 2)
        let proposal = try room.outside(.remove(removed.leaf), .external(0), key: key)
        for member in room.members { try member.group.takeProposal(proposal) }
        let unlisted = try room.outside(.remove(removed.leaf), .external(1), key: key)
        #expect(room.members[0].refusal(unlisted) == .unknownMember)
        let effects = try room.commit(by: 0)
        #expect(effects.map { $0.removed.map(\.leaf) } == [[removed.leaf]])
        // What such a sender may not propose is left out of Commits, and refused in those of others.
        let leafNode = try #require(room.members[1].group.member(at: room.members[1].leaf)?.leafNode)
        let update = try room.outside(.update(leafNode), .external(0), key: key)
        let reference = try room.members[0].group.takeProposal(update).reference
        try room.members[1].group.takeProposal(update)
        let forged = try room.members[0].group.forge(
            .commit(Commit(proposals: [.reference(reference)], path: nil)))
        #expect(room.members[1].refusal(forged) == .proposal(.senderNotAllowed))
        try room.commit(by: 0)
        try room.checkAgreement()
    }
}

extension Group {
    /// The path of an empty Commit of ours.
    func freshUpdatePath() throws -> UpdatePath {
        var tree = epoch.tree
        let path = try FreshPath(
            updating: ownLeaf, in: &tree, template: #require(tree[ownLeaf]), groupID: groupID, signingKey: signingKey)
        return try path.encrypted(
            in: tree, newLeaves: [], context: context.next(&tree, context.extensions).encoded)
    }

    /// A message that is signed and protected in order, whatever it says; a Commit has a wrong confirmation tag.
    mutating func forge(_ body: FramedContent.Body) throws -> [UInt8] {
        var authenticated = AuthenticatedContent.signed(
            frame(body, []), wireFormat: handshakeFormat, context: context, suite: suite, key: signingKey)
        if body.type == .commit {
            authenticated.authentication.confirmationTag = [UInt8](repeating: 0, count: 32)
        }
        return try protectedHandshake(authenticated)
    }
}

extension TestRoom {
    /// A proposal of somebody outside.
    fileprivate func outside(
        _ proposal: Proposal, _ sender: Sender, key: borrowing Ed25519.KeyPair
    ) throws -> [UInt8] {
        let context = members[0].group.context
        let content = FramedContent(
            groupID: context.groupID, epoch: context.epoch, sender: sender, authenticatedData: [],
            body: .proposal(proposal))
        let authenticated = AuthenticatedContent.signed(
            content, wireFormat: .publicMessage, context: context, suite: suite, key: key)
        return MLSMessage.publicMessage(PublicMessage(fromOutside: authenticated)).encoded
    }
}

extension [ExternalSender] {
    /// The content of the extension `external_senders`.
    fileprivate var encodedList: [UInt8] {
        let content = flatMap(\.encoded)
        return [UInt8(content.count)] + content
    }
}
