/// A Commit of ours that the delivery service has not accepted yet.
struct PendingCommit: ~Copyable {
    let message: [UInt8]
    let effects: CommitEffects
    let next: EpochState
}
