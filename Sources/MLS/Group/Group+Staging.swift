internal import Sodium

extension Group {
    /// Checks a Commit of somebody else in every way and computes the epoch after it (RFC 9420 section 12.4.2).
    func stage(_ commit: Commit, _ verified: VerifiedContent, at time: UInt64?) throws(MLSError) -> StagedCommit {
        let change = try PublicTransition(
            commit, verified, tree: epoch.tree, context: epoch.context,
            interimTranscriptHash: epoch.interimTranscriptHash, proposals: proposals,
            policy: configuration.policy(at: time))
        let applied = change.applied
        let removesSelf = applied.removed.contains { $0.leaf == ownLeaf }
        let effects = change.effects(removesSelf: removesSelf)
        guard !removesSelf else { return StagedCommit(effects: effects, groupID: groupID, next: nil) }
        let transition = try receive(
            commit, from: change.committer.leaf, applied, change.tree, change.provisionalContext)
        let schedule = try KeySchedule(
            suite: suite, initSecret: try initSecret(applied.externalInit), commitSecret: transition.commitSecret,
            preSharedKeySecret: try suite.preSharedKeySecret(try preSharedKeys.keys(applied.preSharedKeys)),
            context: change.context)
        let next = try EpochState(
            context: change.context, tree: change.tree, keys: transition.keys,
            secrets: try schedule.epochSecrets(context: change.context))
        try next.confirm(verified.authenticated.authentication.confirmationTag)
        return StagedCommit(effects: effects, groupID: groupID, next: next)
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
