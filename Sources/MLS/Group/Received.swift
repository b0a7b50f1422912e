/// What became of a received message.
package enum Received: ~Copyable {
    /// Somebody said something.
    case application(ApplicationMessage)
    /// Somebody proposes a change; it is kept until the epoch ends.
    case proposal(ReceivedProposal)
    /// Somebody changes the group; nothing happens until ``Group/apply(_:)``.
    case commit(StagedCommit)
    /// Our own pending Commit was accepted: ``Group/applyPendingCommit()`` is next.
    case ownCommit
}
