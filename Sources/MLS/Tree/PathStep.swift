/// One node of a leaf's direct path.
struct PathStep: Hashable, Sendable {
    /// The node above the leaf.
    let node: NodeIndex
    /// The child of ``node`` that is not above the leaf: a node of the copath.
    let copathChild: NodeIndex
}
