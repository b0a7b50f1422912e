import Sodium
import TestSupport
import Testing

@testable import MLS

@Suite struct RatchetTreeTests {
    private static func leaf(_ number: UInt32) -> LeafIndex { LeafIndex(rawValue: number) }
    private static func node(_ number: Int) -> NodeIndex { NodeIndex(rawValue: number) }

    /// A tree whose leaves from the left are these members.
    private static func tree(of count: Int) throws -> RatchetTree {
        var tree = RatchetTree(creator: TreeMember().leafNode(), suite: TreeMember.suite)
        for _ in 1..<count {
            _ = try tree.add(TreeMember().leafNode())
        }
        return tree
    }

    @Test func shapesHoldTheirLeaves() {
        #expect([0, 1, 2, 3, 4, 5, 8, 9].map { TreeShape(holding: $0).leafCount } == [1, 1, 2, 4, 4, 8, 8, 16])
        #expect([1, 2, 3, 4, 7, 8].map { TreeShape(holdingNodes: $0).leafCount } == [1, 2, 2, 4, 4, 8])
    }

    @Test func whatIsNotInTheTreeIsNothing() throws {
        let tree = try Self.tree(of: 3)
        for number in [4, 5, 1 << 31, UInt32.max] {
            let outside = Self.leaf(number)
            #expect(tree[outside] == nil)
            #expect(tree.signatureKey(of: outside) == nil)
            #expect(tree.shape.path(above: outside).isEmpty)
            #expect(tree.resolution(of: outside.node).isEmpty)
            var changed = tree
            #expect(throws: MLSError.tree(.noSuchMember)) { try changed.remove(outside) }
            #expect(throws: MLSError.tree(.noSuchMember)) {
                try changed.update(outside, to: TreeMember().leafNode())
            }
            #expect(changed == tree)
        }
        var changed = tree
        #expect(throws: MLSError.tree(.noSuchMember)) { try changed.remove(Self.leaf(3)) }
        #expect(tree.shape.parent(of: tree.shape.root) == nil)
        #expect(tree.shape.sibling(of: tree.shape.root) == nil)
        #expect(tree[Self.node(7)] == nil)
    }

    @Test func signatureKeysAreThoseOfTheLeafNodes() throws {
        var tree = try Self.tree(of: 5)
        try tree.remove(Self.leaf(2))
        for number in 0..<8 as Range<UInt32> {
            #expect(tree.signatureKey(of: Self.leaf(number)) == tree[Self.leaf(number)]?.signatureKey)
        }
        #expect(tree.signatureKey(of: Self.leaf(2)) == nil)
        #expect(tree.signatureKey(of: Self.leaf(4)) != nil)
    }

    @Test func addingExtendsAndFillsFromTheLeft() throws {
        var tree = try Self.tree(of: 5)
        #expect(tree.shape.leafCount == 8)
        try tree.remove(Self.leaf(1))
        try tree.remove(Self.leaf(3))
        #expect(try tree.add(TreeMember().leafNode()) == Self.leaf(1))
        #expect(try tree.add(TreeMember().leafNode()) == Self.leaf(3))
        #expect(try tree.add(TreeMember().leafNode()) == Self.leaf(5))
    }

    @Test func removingTruncatesAsOftenAsItCan() throws {
        var tree = try Self.tree(of: 9)
        #expect(tree.shape.leafCount == 16)
        for leaf in 2..<8 as Range<UInt32> {
            try tree.remove(Self.leaf(leaf))
        }
        #expect(tree.shape.leafCount == 16)
        try tree.remove(Self.leaf(8))
        #expect(tree.shape.leafCount == 2)
        try tree.remove(Self.leaf(0))
        #expect(tree.shape.leafCount == 2)
        try tree.remove(Self.leaf(1))
        #expect(tree.shape.leafCount == 1)
    }

    /// Section 4.1.1: a parent, then its unmerged leaves; blank ones give their children's, left first.
    @Test func resolutionsAreInOrder() throws {
        var group = try TreeGroup(count: 4)
        try group.commit(from: group.members[3])
        try group.tree.update(Self.leaf(0), to: TreeMember().leafNode())
        #expect(group.tree.resolution(of: Self.node(3)) == [0, 2, 5].map(Self.node))
        try group.tree.remove(Self.leaf(2))
        #expect(group.tree.resolution(of: Self.node(3)) == [0, 2, 6].map(Self.node))
        #expect(group.tree.resolution(of: Self.node(5)) == [Self.node(6)])
        group = try TreeGroup(count: 4)
        try group.commit(from: group.members[3])
        try group.commit(from: group.members[3], removing: [Self.leaf(0)])
        _ = try group.tree.add(TreeMember().leafNode())
        #expect(group.tree.resolution(of: Self.node(3)) == [3, 0].map(Self.node))
    }

    /// A leaf that is filled again counts before unmerged ones to its right.
    @Test func unmergedLeavesAreSorted() throws {
        var group = try TreeGroup(count: 7)
        try group.commit(from: group.members[6], removing: [Self.leaf(1)])
        let last = try group.tree.add(TreeMember().leafNode())
        #expect(last == Self.leaf(1))
        #expect(try group.tree.add(TreeMember().leafNode()) == Self.leaf(7))
        #expect(group.tree[Self.node(7)]?.unmergedLeaves == [1, 7].map(Self.leaf))
        let root = group.tree.shape.root
        var other = try Self.tree(of: 8)
        try other.remove(Self.leaf(1))
        try other.remove(Self.leaf(6))
        let key = [UInt8](repeating: 1, count: 32)
        other.changeParents(above: Self.leaf(0)) { node, parent in
            if node == root { parent = ParentNode(encryptionKey: key, unmergedLeaves: [Self.leaf(5)]) }
        }
        #expect(try other.add(TreeMember().leafNode()) == Self.leaf(1))
        #expect(try other.add(TreeMember().leafNode()) == Self.leaf(6))
        #expect(other[root]?.unmergedLeaves == [1, 5, 6].map(Self.leaf))
    }

    @Test func updateAndRemoveBlankThePathOnly() throws {
        var group = try TreeGroup(count: 8)
        for member in group.members {
            try group.commit(from: member)
        }
        #expect(group.tree.occupiedParents.map(\.rawValue) == [1, 3, 5, 7, 9, 11, 13])
        var removed = group.tree
        try removed.remove(Self.leaf(2))
        #expect(removed.occupiedParents.map(\.rawValue) == [1, 9, 11, 13])
        try group.tree.update(Self.leaf(5), to: TreeMember().leafNode())
        #expect(group.tree.occupiedParents.map(\.rawValue) == [1, 3, 5, 13])
    }

    @Test func onlyThePathIsHashedAgain() throws {
        var tree = try Self.tree(of: 8)
        _ = tree.treeHash()
        #expect(tree.hashes.allSatisfy { $0 != nil })
        try tree.update(Self.leaf(5), to: TreeMember().leafNode())
        #expect(tree.hashes.indices.filter { tree.hashes[$0] == nil }.map { 2 * $0 + 1 } == [7, 9, 11])
    }

    @Test func filteredPathLeavesOutWhatStandsForNobody() throws {
        var tree = try Self.tree(of: 8)
        try tree.remove(Self.leaf(1))
        try tree.remove(Self.leaf(4))
        try tree.remove(Self.leaf(5))
        #expect(tree.filteredDirectPath(of: Self.leaf(0)).map(\.node) == [3, 7].map(Self.node))
        #expect(tree.filteredDirectPath(of: Self.leaf(2)).map(\.node) == [5, 3, 7].map(Self.node))
        #expect(tree.filteredDirectPath(of: Self.leaf(6)).map(\.node) == [13, 7].map(Self.node))
        #expect(tree.filteredDirectPath(of: Self.leaf(6)).map(\.copathChild) == [14, 3].map(Self.node))
        let single = RatchetTree(creator: TreeMember().leafNode(), suite: TreeMember.suite)
        #expect(single.filteredDirectPath(of: Self.leaf(0)).isEmpty)
    }

    @Test func theLargestTreeIsFull() throws {
        let limit = RatchetTree.maximumLeafCount
        var tree = RatchetTree(creator: TreeMember().leafNode(), suite: TreeMember.suite)
        tree.resize(to: TreeShape(holding: limit))
        let sample = TreeMember().leafNode()
        for number in 0..<UInt32(limit - 1) {
            tree.set(Self.leaf(number), to: sample)
        }
        #expect(try tree.add(sample) == Self.leaf(UInt32(limit - 1)))
        #expect(throws: MLSError.tree(.tooManyLeaves)) { try tree.add(sample) }
        #expect(tree.shape.leafCount == limit)
    }
}
