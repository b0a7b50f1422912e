import Sodium
import TestSupport
import Testing

@testable import MLS

@Suite struct TreeVerificationTests {
    private static func leaf(_ number: UInt32) -> LeafIndex { LeafIndex(rawValue: number) }

    /// Eight places: path upon path, then one member removed and two added, so that there are blank, merged and unmerged
    /// nodes.
    private static func grownTree() throws -> RatchetTree {
        var group = try TreeGroup(count: 7)
        for member in group.members {
            try group.commit(from: member)
        }
        try group.commit(from: group.member(at: 0), removing: [leaf(5)])
        try group.commit(from: group.member(at: 4))
        try group.commit(from: group.member(at: 3), adding: [TreeMember(), TreeMember()])
        #expect(group.tree[NodeIndex(rawValue: 11)]?.unmergedLeaves == [leaf(5), leaf(7)])
        #expect(group.tree[group.tree.shape.root]?.unmergedLeaves == [])
        return group.tree
    }

    /// The tree of section 7.9's example: F has joined below Y and W, and stays unmerged at both. What W's parent hash
    /// was made of is the tree without F.
    @Test func theOriginalSiblingIsHashedWithoutUnmergedLeaves() throws {
        var group = try TreeGroup(count: 7)
        try group.commit(from: group.member(at: 4), removing: [Self.leaf(5)])
        try group.commit(from: group.member(at: 0))
        var before = group.tree
        let joiner = TreeMember()
        try group.commit(from: group.member(at: 0))
        before = group.tree
        let leaf = try group.tree.add(joiner.leafNode())
        #expect(leaf == Self.leaf(5))
        let root = group.tree.shape.root
        let sibling = NodeIndex(rawValue: 11)
        #expect(group.tree[root]?.unmergedLeaves == [leaf])
        #expect(group.tree[sibling]?.unmergedLeaves == [leaf])
        #expect(group.tree.treeHash(of: sibling) != before.treeHash(of: sibling))
        #expect(group.tree.treeHash(of: sibling, without: [leaf]) == before.treeHash(of: sibling))
        #expect(group.tree.treeHash(of: root, without: [leaf]) == before.treeHash(of: root))
        try group.tree.verifyStructure()
    }

    @Test func anHonestTreePasses() throws {
        var tree = try Self.grownTree()
        try tree.verifyStructure()
        try TreeMember.rules().check(&tree)
    }

    /// Every change of a parent node's content is found, whichever node it is.
    @Test func changedParentsAreFound() throws {
        let honest = try Self.grownTree()
        for node in honest.occupiedParents {
            let changes: [(inout ParentNode) -> Void] = [
                { $0.encryptionKey = X25519.PrivateKey().publicKey.bytes },
                { $0.parentHash = $0.parentHash.isEmpty ? [1] : [] },
                { parent in
                    let below = honest.members.first { node.covers($0) && !parent.unmergedLeaves.contains($0) }
                    parent.unmergedLeaves = (parent.unmergedLeaves + [below ?? Self.leaf(0)]).sorted()
                },
            ]
            for (number, change) in changes.enumerated() {
                #expect(throws: MLSError.self, "change \(number) of node \(node.rawValue)") {
                    var tree = honest
                    Self.changeParent(at: node, of: &tree, change)
                    try tree.verifyStructure()
                }
            }
        }
    }

    /// Changes a parent by way of a leaf below it.
    private static func changeParent(
        at node: NodeIndex, of tree: inout RatchetTree, _ change: (inout ParentNode) -> Void
    ) {
        tree.changeParents(above: leaf(UInt32(node.leafRange.lowerBound))) { index, parent in
            guard index == node, var changed = parent else { return }
            change(&changed)
            parent = changed
        }
    }

    @Test func unmergedLeavesMustBeMembersAndEverywhere() throws {
        let honest = try Self.grownTree()
        func expectRefused(_ error: TreeError, _ change: (inout RatchetTree) -> Void) {
            var tree = honest
            change(&tree)
            #expect(throws: MLSError.tree(error)) { try tree.verifyStructure() }
        }
        expectRefused(.invalidParentHash) { tree in
            Self.changeParent(at: NodeIndex(rawValue: 11), of: &tree) { $0.unmergedLeaves = [] }
        }
        expectRefused(.invalidUnmergedLeaves) { tree in
            Self.changeParent(at: tree.shape.root, of: &tree) { $0.unmergedLeaves = [Self.leaf(1)] }
        }
        expectRefused(.invalidUnmergedLeaves) { tree in
            Self.changeParent(at: tree.shape.root, of: &tree) { $0.unmergedLeaves = [Self.leaf(9)] }
        }
        expectRefused(.invalidUnmergedLeaves) { $0.set(Self.leaf(7), to: nil) }
    }

    @Test func keysAreDistinct() throws {
        let honest = try Self.grownTree()
        let other = try #require(honest[Self.leaf(1)])
        func expectRefused(_ error: TreeError, _ change: (inout LeafNode) -> Void) throws {
            var tree = honest
            var changed = try #require(honest[Self.leaf(2)])
            change(&changed)
            tree.set(Self.leaf(2), to: changed)
            #expect(throws: MLSError.tree(error)) { try tree.verifyStructure() }
        }
        try expectRefused(.duplicateSignatureKey) { $0.signatureKey = other.signatureKey }
        try expectRefused(.duplicateEncryptionKey) { $0.encryptionKey = other.encryptionKey }
        let root = try #require(honest[honest.shape.root])
        try expectRefused(.duplicateEncryptionKey) { $0.encryptionKey = root.encryptionKey }
    }

    @Test func treesAreTruncated() throws {
        var tree = try Self.grownTree()
        tree.resize(to: TreeShape(holding: 16))
        #expect(throws: MLSError.tree(.notTruncated)) { try tree.verifyStructure() }
        var empty = RatchetTree(creator: TreeMember().leafNode(), suite: TreeMember.suite)
        try empty.verifyStructure()
        empty.set(Self.leaf(0), to: nil)
        #expect(throws: MLSError.tree(.notTruncated)) { try empty.verifyStructure() }
    }

    /// A leaf signed for another place or group, or not at all.
    @Test func leavesAreChecked() throws {
        let group = try TreeGroup(count: 4)
        var tree = group.tree
        try TreeMember.rules().check(&tree)
        let strange = try LeafNodeValidation(
            suite: TreeMember.suite, groupID: [1], groupExtensions: [], policy: LeafNodePolicy(time: nil))
        #expect(throws: MLSError.invalidSignature) { try strange.check(&tree) }
        let expired = try TreeMember.rules(time: TreeMember.now + 101)
        #expect(throws: MLSError.tree(.outsideLifetime)) { try expired.check(&tree) }
    }
}
