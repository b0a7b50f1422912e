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

/// What a member said.
package struct ApplicationMessage: Hashable, Sendable {
    package let sender: Member
    /// The epoch in which it was said: the current one or one of the last two.
    package let epoch: UInt64
    /// Which of the sender's messages of this epoch it is.
    package let generation: UInt32
    package let data: [UInt8]
    /// Sent in the clear and signed.
    package let authenticatedData: [UInt8]
}

/// What somebody proposes.
package struct ReceivedProposal: Hashable, Sendable {
    package let sender: Sender
    package let proposal: Proposal
    package let reference: [UInt8]
    package let authenticatedData: [UInt8]
}
