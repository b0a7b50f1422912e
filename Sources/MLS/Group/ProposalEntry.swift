/// A proposal as a Commit carries it out.
struct ProposalEntry: Sendable {
    let proposal: Proposal
    /// Who proposed it: for a proposal inside the Commit, the committer.
    let sender: Sender
    /// The hash of the message it came in; nil inside the Commit.
    let reference: [UInt8]?

    /// As the Commit lists it.
    var listed: ProposalOrReference {
        reference.map(ProposalOrReference.reference) ?? .proposal(proposal)
    }
}
