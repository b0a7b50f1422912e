/// The proposals of the current epoch that no Commit has carried out yet, in the order of their arrival.
struct ProposalStore: Sendable {
    private(set) var entries: [ProposalEntry] = []

    private var refused: Set<[UInt8]> = []

    /// Those that a Commit of ours may carry out.
    var accepted: [ProposalEntry] {
        entries.filter { entry in entry.reference.map { !refused.contains($0) } ?? true }
    }

    /// Keeps a proposal for the Commits of others alone.
    mutating func refuse(_ reference: [UInt8]) {
        refused.insert(reference)
    }

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
