extension Group {
    /// Whether a Commit of ours that adds this, and nothing else but that it removes the leaf `replacing`, would be in
    /// order: the KeyPackage obeys every rule of RFC 9420 section 10.1.
    package func wouldAccept(_ keyPackage: KeyPackage, replacing: LeafIndex? = nil) -> Bool {
        AppliedProposals.wouldAccept(
            keyPackage, replacing: replacing, in: epoch.tree, epoch.context, configuration.policy(at: nil))
    }
}

extension AppliedProposals {
    /// Whether somebody in this tree could add this, and nothing else but that the leaf `replacing` is removed.
    static func wouldAccept(
        _ keyPackage: KeyPackage, replacing: LeafIndex?, in tree: RatchetTree, _ context: GroupContext,
        _ policy: LeafNodePolicy
    ) -> Bool {
        var tree = tree
        do throws(MLSError) {
            if let replacing { try tree.remove(replacing) }
            let validation = try LeafNodeValidation(
                suite: tree.suite, groupID: context.groupID, groupExtensions: context.extensions, policy: policy)
            try validation.check(keyPackage, in: tree)
            _ = try tree.add(keyPackage.leafNode)
            return true
        } catch {
            return false
        }
    }
}
