internal import Sodium

/// A group as its delivery service sees it: tree, context, transcript, and no secret. So it checks a Commit whole but for what
/// only members can: membership and confirmation tags, path secrets, pre-shared keys (RFC 9420 sections 6.2, 8.1, 7.5, 8.4).
///
/// A value: to go back to before a Commit, one is kept. It follows Commits in PublicMessages, with proposals by value.
package struct PublicGroup: Sendable {
    package let context: GroupContext
    package let tree: RatchetTree
    /// As the committer of the last Commit has sent it.
    let confirmationTag: [UInt8]
    private let interimTranscriptHash: [UInt8]
    private let policy: LeafNodePolicy

    /// What a Commit does that is in order as far as can be seen, and the group after it.
    package struct Staged: Sendable {
        package let effects: CommitEffects
        package let group: PublicGroup
    }

    /// Begins to follow the group of a GroupInfo, a message of one of its members, with the tree that it does not bring itself.
    package init(
        groupInfo: [UInt8], tree: [UInt8]? = nil, suite: CipherSuite, policy: LeafNodePolicy
    ) throws(MLSError) {
        guard case .groupInfo(let info) = try MLSMessage(checkingLengthOf: groupInfo) else { throw .cannotJoin }
        let joinable = try JoinableGroup(info, externalTree: tree, suite: suite, policy: policy)
        guard info.confirmationTag.count == CipherSuite.hashByteCount else { throw .invalidConfirmationTag }
        self.init(
            context: info.context, tree: joinable.tree, confirmationTag: info.confirmationTag, policy: policy)
    }

    private init(context: GroupContext, tree: RatchetTree, confirmationTag: [UInt8], policy: LeafNodePolicy) {
        self.context = context
        self.tree = tree
        self.confirmationTag = confirmationTag
        self.policy = policy
        interimTranscriptHash = TranscriptHash.interim(
            confirmed: context.confirmedTranscriptHash, confirmationTag: confirmationTag, suite: tree.suite)
    }

    /// All members, from the left of the tree.
    package var members: [Member] { tree.members.compactMap { tree.member(at: $0) } }

    /// Bytes of the longest Commit of now whose proposals have so many (``Group/commitByteLimit(proposals:)``).
    package func commitByteLimit(proposals byteCount: Int) -> Int {
        policy.commitByteLimit(proposals: byteCount, in: tree)
    }

    /// Checks a Commit of the current epoch; the group stays as it is.
    ///
    /// `time`, in seconds since 1970, is what the lifetimes of added KeyPackages are checked against; nil leaves them
    /// unchecked. A Commit with more than `proposalLimit` proposals is refused before any is looked at.
    package func stage(
        _ bytes: [UInt8], at time: UInt64? = nil, proposalLimit: Int = Limits.maximumProposals
    ) throws(MLSError) -> Staged {
        let verified = try verify(bytes)
        guard case .commit(let commit) = verified.content.body else { throw .misuse }
        guard commit.proposals.count <= proposalLimit else { throw .limitExceeded }
        guard let tag = verified.authenticated.authentication.confirmationTag,
            tag.count == CipherSuite.hashByteCount
        else { throw .invalidConfirmationTag }
        var policy = self.policy
        policy.time = time
        let next = try PublicTransition(
            commit, verified, tree: tree, context: context, interimTranscriptHash: interimTranscriptHash,
            proposals: ProposalStore(), policy: policy)
        return Staged(
            effects: next.effects(removesSelf: false),
            group: PublicGroup(context: next.context, tree: next.tree, confirmationTag: tag, policy: self.policy))
    }

    /// Whether a Commit that adds this, and nothing else but that it removes the leaf `replacing`, would be in order.
    package func wouldAccept(_ keyPackage: KeyPackage, replacing: LeafIndex? = nil) -> Bool {
        AppliedProposals.wouldAccept(keyPackage, replacing: replacing, in: tree, context, policy)
    }

    /// Whether a GroupInfo, without tree but where `hasTree`, is one of a member about this very epoch, and says nothing but a key for external
    /// Commits: one that can be used; that it is the right one only members can know. Returns who has signed it.
    package func check(groupInfo: [UInt8], hasTree: Bool = false) throws(MLSError) -> Member {
        guard case .groupInfo(let info) = try MLSMessage(checkingLengthOf: groupInfo) else { throw .cannotJoin }
        guard info.context == context, info.confirmationTag == confirmationTag else { throw .wrongEpoch }
        let said = info.extensions.map(\.type).filter { !hasTree || $0 != .ratchetTree }
        guard said == [.externalPub] else { throw .cannotJoin }
        _ = try tree.suite.hpke.setupSender(publicKey: try info.externalKey(), info: [])
        guard let signer = tree.member(at: info.signer) else { throw .unknownMember }
        try info.verifySignature(by: signer.signatureKey, suite: tree.suite)
        return signer
    }

    private func verify(_ bytes: [UInt8]) throws(MLSError) -> VerifiedContent {
        guard case .publicMessage(let message) = try MLSMessage(checkingLengthOf: bytes) else { throw .misuse }
        guard message.content.groupID == context.groupID else { throw .wrongGroup }
        guard message.content.epoch == context.epoch else { throw .wrongEpoch }
        if case .member = message.content.sender {
            guard message.membershipTag?.count == CipherSuite.hashByteCount else { throw .invalidMembershipTag }
        }
        let authenticated = AuthenticatedContent(
            wireFormat: .publicMessage, content: message.content, authentication: message.authentication)
        return try ContentVerification(context: context, tree: tree).verify(authenticated)
    }
}
