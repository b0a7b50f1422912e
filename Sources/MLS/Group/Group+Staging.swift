internal import Sodium

extension Group {
    /// Checks a Commit of somebody else in every way and computes the epoch after it (RFC 9420 section 12.4.2).
    func stage(_ commit: Commit, _ verified: VerifiedContent, at time: UInt64?) throws(MLSError) -> StagedCommit {
        let content = verified.content
        let applied = try AppliedProposals(
            try entries(of: commit, by: content.sender), by: content.sender.leaf, tree: epoch.tree,
            context: epoch.context, policy: configuration.policy(at: time))
        guard commit.path != nil || !applied.requiresPath else { throw .proposal(.missingPath) }
        var tree = applied.tree
        let committer = try merge(commit.path, from: content.sender, applied, into: &tree)
        guard let committing = tree.member(at: committer) else { throw .unknownMember }
        let nextNumber = try nextEpochNumber()
        let removesSelf = applied.removed.contains { $0.leaf == ownLeaf }
        let effects = CommitEffects(
            committer: committing, isExternal: content.sender.leaf == nil, applied, in: tree,
            removesSelf: removesSelf, epoch: nextNumber, authenticatedData: content.authenticatedData)
        guard !removesSelf else { return StagedCommit(effects: effects, groupID: groupID, next: nil) }
        var context = try nextContext(&tree, applied.extensions)
        let transition = try receive(commit, from: committer, applied, tree, context)
        context.confirmedTranscriptHash = TranscriptHash.confirmed(
            verified.authenticated, interimBefore: epoch.interimTranscriptHash, suite: suite)
        let schedule = try KeySchedule(
            suite: suite, initSecret: try initSecret(applied.externalInit), commitSecret: transition.commitSecret,
            preSharedKeySecret: try suite.preSharedKeySecret(try preSharedKeys.keys(applied.preSharedKeys)),
            context: context)
        let next = try EpochState(
            context: context, tree: tree, keys: transition.keys, secrets: try schedule.epochSecrets(context: context))
        try next.confirm(verified.authenticated.authentication.confirmationTag)
        return StagedCommit(effects: effects, groupID: groupID, next: next)
    }

    /// The context of the next epoch, still with the transcript hash of this one (section 12.4.1).
    func nextContext(_ tree: inout RatchetTree, _ extensions: [Extension]) throws(MLSError) -> GroupContext {
        var context = epoch.context
        context.epoch = try nextEpochNumber()
        context.treeHash = tree.treeHash()
        context.extensions = extensions
        return context
    }

    /// Throws ``MLSError/limitExceeded`` after the last number, from which a hostile group may start.
    private func nextEpochNumber() throws(MLSError) -> UInt64 {
        guard epochNumber < .max else { throw .limitExceeded }
        return epochNumber + 1
    }

    /// The proposals of a Commit, those that were sent before looked up.
    private func entries(of commit: Commit, by sender: Sender) throws(MLSError) -> [ProposalEntry] {
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
    private func merge(
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

    /// Our private keys in the next epoch, and the commit secret.
    private func receive(
        _ commit: Commit, from committer: LeafIndex, _ applied: AppliedProposals, _ tree: RatchetTree,
        _ context: GroupContext
    ) throws(MLSError) -> Transition {
        var keys = epoch.keys.clone()
        for reference in commit.proposals.compactMap(\.reference) {
            guard let own = ownUpdates[reference] else { continue }
            try keys.replaceLeafKey(by: own.privateKey.clone(), in: tree)
        }
        keys.forgetReplaced(in: tree)
        guard let path = commit.path else {
            return Transition(keys: keys, commitSecret: SecretBytes(count: CipherSuite.hashByteCount))
        }
        let commitSecret = try keys.receive(
            path, from: committer, in: tree, newLeaves: applied.newLeaves, context: context.encoded)
        return Transition(keys: keys, commitSecret: commitSecret)
    }

    /// The init secret that the next epoch starts from (section 8.3).
    private func initSecret(_ kemOutput: [UInt8]?) throws(MLSError) -> SecretBytes {
        guard let kemOutput else { return epoch.secrets.initSecret.clone() }
        let context = try suite.hpke.setupReceiver(
            kemOutput: kemOutput, privateKey: try epoch.secrets.externalKeyPair(suite: suite), info: [])
        return try context.externalInitSecret()
    }
}

/// What a path gives its receiver.
private struct Transition: ~Copyable {
    let keys: TreeKeys
    let commitSecret: SecretBytes
}

extension HPKEContext {
    /// The init secret of an external Commit (section 8.3).
    func externalInitSecret() throws(MLSError) -> SecretBytes {
        try export(context: [UInt8]("MLS 1.0 external init secret".utf8), count: CipherSuite.hashByteCount)
    }
}

extension Sender {
    /// The place of a member; nil for the others.
    var leaf: LeafIndex? {
        if case .member(let leaf) = self { leaf } else { nil }
    }
}

extension ProposalOrReference {
    fileprivate var reference: [UInt8]? {
        if case .reference(let reference) = self { reference } else { nil }
    }
}

extension CommitEffects {
    init(
        committer: Member, isExternal: Bool, _ applied: AppliedProposals, in tree: RatchetTree, removesSelf: Bool,
        epoch: UInt64, authenticatedData: [UInt8]
    ) {
        self.init(
            committer: committer, isExternal: isExternal,
            added: applied.added.map { Member(leaf: $0.leaf, leafNode: $0.keyPackage.leafNode) },
            removed: applied.removed.map { Member(leaf: $0.leaf, leafNode: $0.leafNode) },
            updated: applied.updated.compactMap { tree.member(at: $0) }, preSharedKeys: applied.preSharedKeys,
            extensions: applied.extensions, reInit: applied.reInit, removesSelf: removesSelf, epoch: epoch,
            authenticatedData: authenticatedData)
    }
}
