/// Whether a tree that somebody else handed over is one that honest members can have made (section 12.4.3.1).
extension RatchetTree {
    /// Checks everything about the tree but the leaf nodes themselves, which ``LeafNodeValidation`` checks, and its
    /// hash, which the group context gives: it is truncated, keys are distinct, what is unmerged is consistent, and
    /// every parent node is parent-hash valid.
    mutating func verifyStructure() throws(MLSError) {
        guard shape == TreeShape(holding: usedLeafCount), leaves.contains(where: { $0 != nil }) else {
            throw .tree(.notTruncated)
        }
        try checkKeysAreDistinct()
        try checkUnmergedLeaves()
        for node in occupiedParents where !isParentHashValid(node) {
            throw .tree(.invalidParentHash)
        }
    }

    /// Throws when two members have one signature key, or two nodes one encryption key.
    func checkKeysAreDistinct() throws(MLSError) {
        var signatureKeys: Set<[UInt8]> = []
        var encryptionKeys: Set<[UInt8]> = []
        for leaf in leaves.lazy.compactMap({ $0?.node }) {
            guard signatureKeys.insert(leaf.signatureKey).inserted else { throw .tree(.duplicateSignatureKey) }
            guard encryptionKeys.insert(leaf.encryptionKey).inserted else { throw .tree(.duplicateEncryptionKey) }
        }
        for parent in parents.lazy.compactMap({ $0?.node }) {
            guard encryptionKeys.insert(parent.encryptionKey).inserted else { throw .tree(.duplicateEncryptionKey) }
        }
    }

    /// Every entry is a member below its node, and unmerged at all nodes between as well.
    private func checkUnmergedLeaves() throws(MLSError) {
        for node in occupiedParents {
            for leaf in self[node]?.unmergedLeaves ?? [] {
                guard node.covers(leaf), !isBlank(leaf) else { throw .tree(.invalidUnmergedLeaves) }
                for step in shape.path(above: leaf).prefix(while: { $0.node != node }) {
                    guard self[step.node]?.unmergedLeaves[...].containsSorted(leaf) ?? true else {
                        throw .tree(.invalidUnmergedLeaves)
                    }
                }
            }
        }
    }

    /// Whether exactly one node below `node` has its parent hash (section 7.9.2). That such a node, when it is a parent
    /// too, has a chain of its own follows when all are valid.
    private mutating func isParentHashValid(_ node: NodeIndex) -> Bool {
        guard let parent = self[node], let children = node.children else { return false }
        let isLeft = isUpdated(parent, through: children.left, sibling: children.right)
        let isRight = isUpdated(parent, through: children.right, sibling: children.left)
        return isLeft != isRight
    }

    /// Whether a node D in the resolution of `child` has the parent hash of `parent`, and all others of the resolution
    /// are the leaves unmerged at `parent`.
    private mutating func isUpdated(_ parent: ParentNode, through child: NodeIndex, sibling: NodeIndex) -> Bool {
        let unmerged = parent.unmergedLeaves[...].within(child)
        let resolution = resolution(of: child)
        guard resolution.count == unmerged.count + 1 else { return false }
        let others = resolution.filter { node in
            guard let leaf = node.leaf else { return true }
            return !unmerged.containsSorted(leaf)
        }
        guard others.count == 1, let candidate = others.first, let claimed = parentHash(heldBy: candidate) else {
            return false
        }
        let siblingHash = treeHash(of: sibling, without: parent.unmergedLeaves[...])
        return claimed == parentHash(of: parent, siblingHash: siblingHash)
    }

    /// The field `parent_hash` of a node; nil when there is none.
    private func parentHash(heldBy node: NodeIndex) -> [UInt8]? {
        if let leaf = node.leaf {
            self[leaf]?.parentHash
        } else {
            self[node]?.parentHash
        }
    }
}
