import Wire

/// Tree hashes (section 7.8) and parent hashes (section 7.9).
extension RatchetTree {
    /// The hash of the whole tree, for the group context. Only what changed since the last time is hashed again.
    package mutating func treeHash() -> [UInt8] {
        treeHash(of: shape.root)
    }

    /// The hash of the subtree of `node`; empty when it is not in the tree.
    package mutating func treeHash(of node: NodeIndex) -> [UInt8] {
        guard shape.contains(node) else { return [] }
        if let leaf = node.leaf {
            return suite.hash(Self.leafHashInput(leaf, leaves[Int(leaf.rawValue)]))
        }
        guard let children = node.children else { return [] }
        if let known = hashes[node.rawValue / 2] {
            return known.bytes
        }
        let left = treeHash(of: children.left)
        let right = treeHash(of: children.right)
        let hash = suite.hash(Self.parentHashInput(self[node], left, right))
        hashes[node.rawValue / 2] = TreeHash(hash)
        return hash
    }

    /// The hash that the subtree of `node` would have without some leaves: they are blank, and merged nowhere is what
    /// they were (section 7.9, `original_sibling_tree_hash`). `leaves` must be in increasing order.
    mutating func treeHash(of node: NodeIndex, without leaves: ArraySlice<LeafIndex>) -> [UInt8] {
        let missing = leaves.within(node)
        if missing.isEmpty {
            return treeHash(of: node)
        }
        if let leaf = node.leaf {
            return suite.hash(Self.leafHashInput(leaf, nil))
        }
        guard let children = node.children else { return [] }
        var parent = self[node]
        parent?.unmergedLeaves.removeAll { missing.containsSorted($0) }
        let left = treeHash(of: children.left, without: missing)
        let right = treeHash(of: children.right, without: missing)
        return suite.hash(Self.parentHashInput(parent, left, right))
    }

    /// The parent hash of a node with the original tree hash of the sibling of what lies below (section 7.9).
    func parentHash(of parent: ParentNode, siblingHash: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeVector(parent.encryptionKey)
        writer.writeVector(parent.parentHash)
        writer.writeVector(siblingHash)
        return suite.hash(writer.bytes)
    }

    private static func leafHashInput(_ index: LeafIndex, _ leaf: EncodedNode<LeafNode>?) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(NodeType.leaf)
        index.write(to: &writer)
        writer.write(leaf == nil ? 0 : 1 as UInt8)
        if let leaf { writer.writeBytes(leaf.bytes) }
        return writer.bytes
    }

    private static func parentHashInput(_ parent: ParentNode?, _ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(NodeType.parent)
        writer.writeOptional(parent)
        writer.writeVector(left)
        writer.writeVector(right)
        return writer.bytes
    }
}

extension ArraySlice<LeafIndex> {
    /// Those below `node`; all must be in increasing order.
    func within(_ node: NodeIndex) -> ArraySlice<LeafIndex> {
        let range = node.leafRange
        let start = position { Int($0.rawValue) >= range.lowerBound }
        let end = position { Int($0.rawValue) >= range.upperBound }
        return self[start..<end]
    }

    func containsSorted(_ leaf: LeafIndex) -> Bool {
        let place = position { $0 >= leaf }
        return place < endIndex && self[place] == leaf
    }

    /// The first place at which `predicate` holds, when it holds at all later ones too.
    private func position(where predicate: (LeafIndex) -> Bool) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if predicate(self[middle]) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low
    }
}
