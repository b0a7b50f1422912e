import Testing

@testable import MLS

/// What two trees have in common is there once, and no longer than they are.
@Suite struct LeafPoolTests {
    @Test("A leaf node that another tree has taken lately is the same one, up to the pool's limit")
    func isShared() {
        let pool = LeafPool()
        let nodes = (0..<65).map { _ in TreeMember().leafNode() }
        let leaves = nodes.map(pool.leaf)
        #expect(leaves[1...].indices.allSatisfy { pool.leaf(nodes[$0]) === leaves[$0] })
        // The oldest of one more than there is room for is forgotten.
        #expect(pool.leaf(nodes[0]) !== leaves[0])
    }

    @Test("With the last tree it is gone, and what it holds")
    func goesWithItsTrees() {
        weak var pool: LeafPool?
        weak var leaf: RatchetTree.Leaf?
        var trees: [RatchetTree] = []
        do {
            let made = LeafPool()
            pool = made
            trees = [RatchetTree(creator: TreeMember().leafNode(), suite: TreeMember.suite, pool: made)]
            leaf = trees[0].leaves[0]
        }
        trees.append(trees[0])
        trees.removeFirst()
        #expect(pool != nil && leaf != nil)
        trees = []
        #expect(pool == nil && leaf == nil)
    }
}
