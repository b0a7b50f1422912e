/// The proposals of the current epoch that no Commit has carried out yet, in the order of their arrival.
struct ProposalStore: Sendable {
    private(set) var entries: [ProposalEntry] = []

    subscript(reference: [UInt8]) -> ProposalEntry? {
        entries.first { $0.reference == reference }
    }

    /// Throws ``MLSError/limitExceeded`` past ``Limits/maximumPendingProposals``. One that is there already is passed
    /// over.
    mutating func add(_ entry: ProposalEntry) throws(MLSError) {
        guard entries.count < Limits.maximumPendingProposals else { throw .limitExceeded }
        guard entry.reference.flatMap({ self[$0] }) == nil else { return }
        entries.append(entry)
    }
}
