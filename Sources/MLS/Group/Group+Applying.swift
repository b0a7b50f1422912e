internal import Sodium

extension Group {
    /// Begins the epoch of a received Commit. A Commit of ours that is still pending has lost and is dropped.
    ///
    /// Throws ``MLSError/misuse`` when the group has moved on since, or it is another group's.
    package mutating func apply(_ staged: consuming StagedCommit) throws(MLSError) {
        guard staged.groupID == groupID, staged.effects.epoch == epochNumber &+ 1, isActive else {
            throw .misuse
        }
        var staged = staged
        let effects = staged.effects
        switch staged.next.take() {
        case .some(let next):
            enter(next, isLast: effects.reInit != nil)
        case .none:
            try forgetEverything()
        }
    }

    /// Begins the epoch of our own pending Commit, which the delivery service has accepted.
    @discardableResult
    package mutating func applyPendingCommit() throws(MLSError) -> CommitEffects {
        var former = Phase.active
        swap(&phase, &former)
        switch consume former {
        case .committing(let accepted):
            let effects = accepted.effects
            enter(accepted.next, isLast: effects.reInit != nil)
            return effects
        case let other:
            phase = other
            throw .misuse
        }
    }

    /// Drops our own pending Commit: another was accepted before it, or it was refused.
    package mutating func dropPendingCommit() {
        if hasPendingCommit { phase = .active }
    }

    /// Nothing that was said in an epoch before this one is read any more.
    package mutating func forgetEpochs(before epoch: UInt64) {
        pastEpochs.removeAll { $0.context.epoch < epoch }
    }

    private mutating func enter(_ next: consuming EpochState, isLast: Bool) {
        swap(&epoch, &next)
        if let past = PastEpoch(next) {
            pastEpochs.append(past)
        }
        pastEpochs.removeFirst(max(0, pastEpochs.count - Limits.maximumPastEpochs))
        proposals = ProposalStore()
        ownUpdates = [:]
        phase = isLast ? .closed : .active
        keepResumptionSecret()
    }

    /// After our removal: no secret of the group stays but what the application has exported.
    private mutating func forgetEverything() throws(MLSError) {
        let nothing = try EpochState(
            context: epoch.context, tree: epoch.tree, keys: TreeKeys(leaf: ownLeaf, leafKey: X25519.PrivateKey()),
            secrets: EpochSecrets(suite: suite, epochSecret: SecretBytes(randomCount: CipherSuite.hashByteCount)))
        epoch = nothing
        pastEpochs = []
        proposals = ProposalStore()
        ownUpdates = [:]
        preSharedKeys = PreSharedKeys()
        phase = .removed
    }
}
