extension Group {
    /// Whether a Commit of ours that adds this, and nothing else but that it removes the leaf `replacing`, would be in
    /// order: the KeyPackage obeys every rule of RFC 9420 section 10.1.
    package func wouldAccept(_ keyPackage: KeyPackage, replacing: LeafIndex? = nil) -> Bool {
        let proposals = (replacing.map { [Proposal.remove($0)] } ?? []) + [.add(keyPackage)]
        let entries = proposals.map { ProposalEntry(proposal: $0, sender: .member(ownLeaf), reference: nil) }
        return
            (try? AppliedProposals(
                entries, by: ownLeaf, tree: epoch.tree, context: epoch.context, policy: configuration.policy(at: nil)))
            != nil
    }
}
