internal import Sodium
internal import Wire

/// An external Commit, with which a client joins without being added (RFC 9420 section 12.4.3.2). It may lose against
/// another Commit of the same epoch; then it is dropped, and a new one is made from a new GroupInfo.
package struct ExternalJoin: ~Copyable {
    /// For the members.
    package let commit: [UInt8]
    /// Who vouches for the group as we saw it.
    package let signer: Member
    private let group: Group

    /// Joins the group of `groupInfo`, a message.
    ///
    /// The leaf is that of `keyPackage` with new keys. `replacing` removes a former self; `replacesOwnKey` whoever has the
    /// signature key of `keyPackage`, if anybody has. `identifiers` are pre-shared keys that the members want to see, out of
    /// `preSharedKeys`.
    package init(
        groupInfo: [UInt8], as keyPackage: borrowing OwnKeyPackage, suite: CipherSuite, tree: [UInt8]? = nil,
        replacing: LeafIndex? = nil, replacesOwnKey: Bool = false, identifiers: [PreSharedKeyID] = [],
        configuration: GroupConfiguration = GroupConfiguration(), preSharedKeys: PreSharedKeys = PreSharedKeys(),
        authenticatedData: [UInt8] = [], at time: UInt64? = nil
    ) throws(MLSError) {
        guard case .groupInfo(let info) = try MLSMessage(checkingLengthOf: groupInfo) else { throw .cannotJoin }
        let policy = configuration.policy(at: time)
        let joinable = try JoinableGroup(info, externalTree: tree, suite: suite, policy: policy)
        let (kemOutput, initSecret) = try Self.initSecret(info, suite)
        var proposals: [Proposal] = [.externalInit(kemOutput)] + identifiers.map(Proposal.preSharedKey)
        let signatureKey = keyPackage.keyPackage.leafNode.signatureKey
        let former = joinable.tree.members.first { joinable.tree.signatureKey(of: $0) == signatureKey }
        if let removed = replacing ?? (replacesOwnKey ? former : nil) {
            proposals.append(.remove(removed))
        }
        let applied = try AppliedProposals(
            proposals.map { ProposalEntry(proposal: $0, sender: .newMemberCommit, reference: nil) }, by: nil,
            tree: joinable.tree, context: info.context, policy: policy)
        var tree = applied.tree
        let leaf = try tree.add(keyPackage.keyPackage.leafNode)
        let path = try FreshPath(
            updating: leaf, in: &tree, template: keyPackage.keyPackage.leafNode, groupID: info.context.groupID,
            signingKey: keyPackage.signingKey)
        try applied.validation.check(path.leafNode, for: .externalCommit(leaf), in: tree)
        var context = try info.context.next(&tree, applied.extensions)
        let commit = Commit(
            proposals: proposals.map(ProposalOrReference.proposal),
            path: try path.encrypted(in: tree, newLeaves: [], context: context.encoded))
        let content = FramedContent(
            groupID: info.context.groupID, epoch: info.context.epoch, sender: .newMemberCommit,
            authenticatedData: authenticatedData, body: .commit(commit))
        var authenticated = AuthenticatedContent.signed(
            content, wireFormat: .publicMessage, context: info.context, suite: suite, key: keyPackage.signingKey)
        context.confirmedTranscriptHash = TranscriptHash.confirmed(
            authenticated,
            interimBefore: TranscriptHash.interim(
                confirmed: info.context.confirmedTranscriptHash, confirmationTag: info.confirmationTag, suite: suite),
            suite: suite)
        let schedule = try KeySchedule(
            suite: suite, initSecret: initSecret.bytes, commitSecret: path.commitSecret,
            preSharedKeySecret: try suite.preSharedKeySecret(try preSharedKeys.keys(applied.preSharedKeys)),
            context: context)
        let state = try EpochState(
            context: context, tree: tree, keys: path.keys(), secrets: try schedule.epochSecrets(context: context))
        authenticated.authentication.confirmationTag = state.confirmationTag
        self.commit = MLSMessage.publicMessage(PublicMessage(fromOutside: authenticated)).encoded
        signer = joinable.signer
        group = Group(
            epoch: state, signingKey: keyPackage.signingKey.clone(), configuration: configuration,
            preSharedKeys: preSharedKeys)
    }

    /// The group's context, once the Commit was accepted.
    package var context: GroupContext { group.context }

    /// What those who join after us must know (``Group/groupInfo(allowsExternalCommit:includesTree:)``).
    package func groupInfo(allowsExternalCommit: Bool, includesTree: Bool = true) throws(MLSError) -> [UInt8] {
        try group.groupInfo(allowsExternalCommit: allowsExternalCommit, includesTree: includesTree)
    }

    /// The group, once the Commit was accepted.
    package consuming func accepted() -> Group {
        group
    }

    /// The KEM output for the members and the init secret (section 8.3).
    private static func initSecret(
        _ info: GroupInfo, _ suite: CipherSuite
    ) throws(MLSError) -> (kemOutput: [UInt8], secret: SharedSecret) {
        let sender = try suite.hpke.setupSender(publicKey: try info.externalKey(), info: [])
        return (sender.kemOutput, SharedSecret(try sender.context.externalInitSecret()))
    }
}
