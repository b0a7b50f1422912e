import Testing

@testable import MLS

/// What two trees have in common is there once, and no longer than they are.
@Suite struct LeafPoolTests {
    @Test("A leaf node that another tree has taken lately is the same one, up to the pool's limit")
    func isShared() {
        let pool = LeafPool()
        let nodes = (0..<65).map { _ in TreeMember().leafNode() }
        let leaves = nodes.map(pool.leaf)
        #expect(leaves[1...].indices.allSatisfy { Self.isOne(pool.leaf(nodes[$0]), leaves[$0]) })
        // The oldest of one more than there is room for is forgotten.
        #expect(!Self.isOne(pool.leaf(nodes[0]), leaves[0]))
    }

    /// Whether both are the same memory.
    private static func isOne(_ left: EncodedNode<LeafNode>, _ right: EncodedNode<LeafNode>) -> Bool {
        left.bytes.withUnsafeBufferPointer { left in
            right.bytes.withUnsafeBufferPointer { right in left.baseAddress == right.baseAddress }
        }
    }

    @Test("With the last tree it is gone, and what it holds")
    func goesWithItsTrees() {
        weak var pool: LeafPool?
        var trees: [RatchetTree] = []
        do {
            let made = LeafPool()
            pool = made
            trees = [RatchetTree(creator: TreeMember().leafNode(), suite: TreeMember.suite, pool: made)]
        }
        trees.append(trees[0])
        trees.removeFirst()
        #expect(pool != nil)
        trees = []
        #expect(pool == nil)
    }
}
