/// The public half of what a Commit does: all of RFC 9420 section 12.4.2 that needs no secret. Members and the delivery
/// service compute the same.
struct PublicTransition: Sendable {
    let applied: AppliedProposals
    /// The tree of the next epoch.
    let tree: RatchetTree
    /// The committer, as it is in it.
    let committer: Member
    /// What the path secrets are encrypted with: the next epoch's context, with the transcript hash of this one (12.4.1).
    let provisionalContext: GroupContext
    /// The context of the next epoch.
    let context: GroupContext
    private let isExternal: Bool
    private let authenticatedData: [UInt8]

    /// Checks a Commit of the epoch of `before` and `context`. `proposals` are those that were sent before it.
    init(
        _ commit: Commit, _ verified: VerifiedContent, tree before: RatchetTree, context: GroupContext,
        interimTranscriptHash: [UInt8], proposals: ProposalStore, policy: LeafNodePolicy
    ) throws(MLSError) {
        let content = verified.content
        let applied = try AppliedProposals(
            try Self.entries(of: commit, by: content.sender, proposals), by: content.sender.leaf, tree: before,
            context: context, policy: policy)
        guard commit.path != nil || !applied.requiresPath else { throw .proposal(.missingPath) }
        var tree = applied.tree
        let leaf = try Self.merge(commit.path, from: content.sender, applied, into: &tree)
        guard let committer = tree.member(at: leaf) else { throw .unknownMember }
        var next = try context.next(&tree, applied.extensions)
        provisionalContext = next
        next.confirmedTranscriptHash = TranscriptHash.confirmed(
            verified.authenticated, interimBefore: interimTranscriptHash, suite: before.suite)
        self.context = next
        self.applied = applied
        self.tree = tree
        self.committer = committer
        isExternal = content.sender.leaf == nil
        authenticatedData = content.authenticatedData
    }

    /// What it does, for the one who removes itself by it, or for others.
    func effects(removesSelf: Bool) -> CommitEffects {
        CommitEffects(
            committer: committer, isExternal: isExternal, applied, in: tree, removesSelf: removesSelf,
            epoch: context.epoch, authenticatedData: authenticatedData)
    }

    /// The proposals of a Commit, those that were sent before looked up.
    private static func entries(
        of commit: Commit, by sender: Sender, _ proposals: ProposalStore
    ) throws(MLSError) -> [ProposalEntry] {
        var entries: [ProposalEntry] = []
        for listed in commit.proposals {
            switch listed {
            case .proposal(let proposal):
                entries.append(ProposalEntry(proposal: proposal, sender: sender, reference: nil))
            case .reference(let reference):
                guard let entry = proposals[reference] else { throw .proposal(.unknownReference) }
                entries.append(entry)
            }
        }
        return entries
    }

    /// Takes the public side of the path into the tree and returns the committer's leaf.
    private static func merge(
        _ path: UpdatePath?, from sender: Sender, _ applied: AppliedProposals, into tree: inout RatchetTree
    ) throws(MLSError) -> LeafIndex {
        switch (sender, path) {
        case (.member(let leaf), nil):
            return leaf
        case (.member(let leaf), .some(let path)):
            try applied.validation.check(path.leafNode, for: .commit(leaf), in: tree)
            try tree.merge(path, from: leaf, newLeaves: applied.newLeaves)
            return leaf
        case (.newMemberCommit, .some(let path)):
            for removed in applied.removed where removed.leafNode.encryptionKey == path.leafNode.encryptionKey {
                throw .tree(.encryptionKeyNotChanged)
            }
            let leaf = try tree.mergeExternal(path)
            try applied.validation.check(path.leafNode, for: .externalCommit(leaf), in: tree)
            return leaf
        default:
            throw .proposal(.senderNotAllowed)
        }
    }
}

extension GroupContext {
    /// The context of the next epoch, still with the transcript hash of this one (section 12.4.1). Throws
    /// ``MLSError/limitExceeded`` after the last number, from which a hostile group may start.
    func next(_ tree: inout RatchetTree, _ extensions: [Extension]) throws(MLSError) -> GroupContext {
        guard epoch < .max else { throw .limitExceeded }
        var context = self
        context.epoch += 1
        context.treeHash = tree.treeHash()
        context.extensions = extensions
        return context
    }
}
