/// How the nodes of a tree of 2^d leaves hang together (section 4.1, appendix C).
package struct TreeShape: Hashable, Sendable {
    /// A power of two.
    package let leafCount: Int

    /// The smallest tree that has at least this many leaves, and one.
    package init(holding leafCount: Int) {
        var rounded = 1
        while rounded < leafCount {
            rounded *= 2
        }
        self.leafCount = rounded
    }

    /// The smallest tree that has at least this many nodes.
    init(holdingNodes nodeCount: Int) {
        self.init(holding: nodeCount / 2 + 1)
    }

    package var nodeCount: Int { 2 * leafCount - 1 }

    package var root: NodeIndex { NodeIndex(rawValue: leafCount - 1) }

    func contains(_ node: NodeIndex) -> Bool {
        (0..<nodeCount).contains(node.rawValue)
    }

    func contains(_ leaf: LeafIndex) -> Bool {
        leaf.rawValue < leafCount
    }

    /// The node above; nil for the root and for what is not in the tree.
    package func parent(of node: NodeIndex) -> NodeIndex? {
        contains(node) && node != root ? node.parentInTallerTree : nil
    }

    /// The other child of the node above; nil for the root and for what is not in the tree.
    package func sibling(of node: NodeIndex) -> NodeIndex? {
        guard let parent = parent(of: node), let children = parent.children else { return nil }
        return node == children.left ? children.right : children.left
    }

    /// The nodes above `leaf`, each with its child that is not above the leaf: direct path and copath from below
    /// (section 4.1.2). Empty for what is not in the tree.
    func path(above leaf: LeafIndex) -> [PathStep] {
        var steps: [PathStep] = []
        var node = leaf.node
        while let parent = parent(of: node), let sibling = sibling(of: node) {
            steps.append(PathStep(node: parent, copathChild: sibling))
            node = parent
        }
        return steps
    }
}
