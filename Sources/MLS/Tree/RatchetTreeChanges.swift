/// What proposals do to the tree (section 12.1), and the new keys of a Commit's path (section 7.5).
extension RatchetTree {
    /// Adds a member at the leftmost blank leaf, or in a tree made twice as large (section 12.1.1). Returns where.
    package mutating func add(_ leafNode: LeafNode) throws(MLSError) -> LeafIndex {
        let place = leaves.firstIndex { $0 == nil } ?? leaves.count
        guard place < Self.maximumLeafCount else { throw .tree(.tooManyLeaves) }
        resize(to: TreeShape(holding: max(leaves.count, place + 1)))
        let leaf = LeafIndex(rawValue: UInt32(place))
        set(leaf, to: leafNode)
        changeParents(above: leaf) { _, parent in
            guard var changed = parent else { return }
            let position = changed.unmergedLeaves.firstIndex { leaf < $0 } ?? changed.unmergedLeaves.endIndex
            changed.unmergedLeaves.insert(leaf, at: position)
            parent = changed
        }
        return leaf
    }

    /// Replaces a member's leaf node and blanks the nodes above (section 12.1.2).
    package mutating func update(_ leaf: LeafIndex, to leafNode: LeafNode) throws(MLSError) {
        guard !isBlank(leaf) else { throw .tree(.noSuchMember) }
        set(leaf, to: leafNode)
        changeParents(above: leaf) { _, parent in parent = nil }
    }

    /// Blanks a member's leaf and the nodes above, and truncates the tree (section 12.1.3).
    package mutating func remove(_ leaf: LeafIndex) throws(MLSError) {
        guard !isBlank(leaf) else { throw .tree(.noSuchMember) }
        changeParents(above: leaf) { _, parent in parent = nil }
        set(leaf, to: nil)
        resize(to: TreeShape(holding: usedLeafCount))
    }

    /// The leaves up to the last one that is not blank.
    var usedLeafCount: Int { (leaves.lastIndex { $0 != nil } ?? 0) + 1 }

    /// Puts new keys on the filtered direct path of `leaf`, one for each of its nodes from below, blanks the rest of
    /// the direct path, and sets the parent hashes from the root downwards (section 7.5).
    ///
    /// Returns the parent hash that belongs into the leaf node. Throws ``TreeError/wrongPathLength`` when there are more
    /// or fewer keys than nodes.
    mutating func setPath(of leaf: LeafIndex, to encryptionKeys: [[UInt8]]) throws(MLSError) -> [UInt8] {
        let path = filteredDirectPath(of: leaf)
        guard path.count == encryptionKeys.count else { throw .tree(.wrongPathLength) }
        var nodes: [NodeIndex: ParentNode] = [:]
        var parentHash: [UInt8] = []
        for (step, key) in zip(path, encryptionKeys).reversed() {
            let node = ParentNode(encryptionKey: key, parentHash: parentHash)
            nodes[step.node] = node
            parentHash = self.parentHash(of: node, siblingHash: treeHash(of: step.copathChild))
        }
        changeParents(above: leaf) { index, parent in parent = nodes[index] }
        return parentHash
    }

    /// Takes the public keys and the leaf node of a member's path into the tree, after the proposals (section 7.5).
    ///
    /// `newLeaves` are those that the same Commit adds. The leaf node itself must have been checked by
    /// ``LeafNodeValidation``. After an error the tree is to be thrown away: ``TreeError/wrongPathLength``,
    /// ``TreeError/wrongCiphertextCount``, ``TreeError/wrongCiphertextLength``, ``TreeError/invalidKey``, ``TreeError/duplicateEncryptionKey`` for a key that
    /// the tree already has (section 12.4.2), ``TreeError/encryptionKeyNotChanged`` or ``TreeError/invalidParentHash``.
    mutating func merge(
        _ path: UpdatePath, from sender: LeafIndex, newLeaves: Set<LeafIndex> = []
    ) throws(MLSError) {
        guard let replaced = self[sender] else { throw .tree(.noSuchMember) }
        guard replaced.encryptionKey != path.leafNode.encryptionKey else { throw .tree(.encryptionKeyNotChanged) }
        try checkKeysAreNew(of: path)
        try replacePath(by: path, from: sender, newLeaves: newLeaves)
    }

    /// Adds the committer of an external Commit and takes its path into the tree (section 12.4.3.2). Returns its leaf.
    /// Throws as ``merge(_:from:newLeaves:)`` does, and ``TreeError/tooManyLeaves``.
    mutating func mergeExternal(_ path: UpdatePath) throws(MLSError) -> LeafIndex {
        try checkKeysAreNew(of: path)
        let leaf = try add(path.leafNode)
        try replacePath(by: path, from: leaf, newLeaves: [])
        return leaf
    }

    private func checkKeysAreNew(of path: UpdatePath) throws(MLSError) {
        var new: Set<[UInt8]> = []
        for key in [path.leafNode.encryptionKey] + path.nodes.map(\.encryptionKey) {
            guard CipherSuite.isEncryptionKey(key) else { throw .tree(.invalidKey) }
            guard encryptionKeys[key] == 0, new.insert(key).inserted else { throw .tree(.duplicateEncryptionKey) }
        }
    }

    private mutating func replacePath(
        by path: UpdatePath, from sender: LeafIndex, newLeaves: Set<LeafIndex>
    ) throws(MLSError) {
        let steps = filteredDirectPath(of: sender)
        guard path.nodes.count == steps.count else { throw .tree(.wrongPathLength) }
        for (step, node) in zip(steps, path.nodes) {
            guard node.encryptedPathSecret.count == encryptionTargets(of: step, newLeaves: newLeaves).count else {
                throw .tree(.wrongCiphertextCount)
            }
            guard node.encryptedPathSecret.allSatisfy(suite.isPathSecret) else { throw .tree(.wrongCiphertextLength) }
        }
        let parentHash = try setPath(of: sender, to: path.nodes.map(\.encryptionKey))
        guard path.leafNode.parentHash == parentHash else { throw .tree(.invalidParentHash) }
        set(sender, to: path.leafNode)
    }

    /// The nodes that the path secret of `step` is encrypted to (section 7.5).
    func encryptionTargets(of step: PathStep, newLeaves: Set<LeafIndex>) -> [NodeIndex] {
        resolution(of: step.copathChild).filter { node in
            guard let leaf = node.leaf else { return true }
            return !newLeaves.contains(leaf)
        }
    }

    /// The node whose key a path secret of the member at `sender` is encrypted to for the one at `leaf` (section 7.5): all who have
    /// that key can follow, or none. Nil for one and the same.
    package func encryptionTarget(of leaf: LeafIndex, from sender: LeafIndex) -> NodeIndex? {
        guard leaf != sender, let step = shape.path(above: sender).first(where: { $0.copathChild.covers(leaf) })
        else { return nil }
        var node = step.copathChild
        while let children = node.children {
            if let parent = self[node] { return parent.unmergedLeaves.contains(leaf) ? leaf.node : node }
            node = children.left.covers(leaf) ? children.left : children.right
        }
        return node
    }
}
