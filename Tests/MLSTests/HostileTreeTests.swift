import Sodium
import TestSupport
import Testing
import Wire

@testable import MLS

@Suite struct HostileTreeTests {
    /// A grown group, and the last Commit sent in it.
    private static func sample(_ random: inout SeededRandom) throws -> (TreeGroup, TreeGroup.Sent, TreeGroup) {
        var group = try TreeGroup(count: 9)
        for member in group.members {
            try group.commit(from: member)
        }
        try group.commit(from: group.member(at: 2), removing: [LeafIndex(rawValue: 4)])
        try group.commit(from: group.member(at: 6), adding: [TreeMember(), TreeMember()])
        let before = group
        let sent = try group.commit(
            from: group.member(at: 1), updating: [group.member(at: 8)], removing: [LeafIndex(rawValue: 0)],
            adding: [TreeMember()])
        return (before, sent, group)
    }

    /// Everything that can be asked of a tree before it is verified.
    private static func useEverything(_ tree: inout RatchetTree) throws {
        for index in 0..<tree.shape.nodeCount {
            let node = NodeIndex(rawValue: index)
            _ = tree.resolution(of: node)
            _ = tree.treeHash(of: node)
        }
        for leaf in tree.members {
            _ = tree.filteredDirectPath(of: leaf)
        }
        try tree.verifyStructure()
        try TreeMember.rules(maximumLifetime: .max).check(&tree)
    }

    /// Damaged trees are refused, and whatever is done with them first does no harm. A tree cut short is refused.
    @Test func damagedTrees() throws {
        var random = SeededRandom(seed: 3)
        let honest = try Self.sample(&random).2.tree
        let encoded = honest.encoded
        for _ in 0..<150 {
            var damaged = encoded
            for _ in 0...random.below(3) {
                damaged = damaged.flippingBit(random.below(8 * damaged.count))
            }
            guard damaged != encoded else { continue }
            #expect(throws: (any Error).self) {
                var tree = try RatchetTree(decoding: damaged, suite: TreeMember.suite)
                for leaf in [0, 5, 9] as [UInt32] where tree[LeafIndex(rawValue: leaf)] != nil {
                    var changed = tree
                    try? changed.remove(LeafIndex(rawValue: leaf))
                    _ = try? changed.add(TreeMember().leafNode())
                    _ = changed.treeHash()
                }
                try Self.useEverything(&tree)
            }
        }
        for count in stride(from: 0, to: encoded.count, by: 7) {
            #expect(throws: WireError.self) {
                try RatchetTree(decoding: Array(encoded.prefix(count)), suite: TreeMember.suite)
            }
        }
        var untouched = try RatchetTree(decoding: encoded, suite: TreeMember.suite)
        try Self.useEverything(&untouched)
    }

    /// Nodes of a tree in another order are still nodes: they decode, and are refused by what they say.
    @Test func shuffledTrees() throws {
        var random = SeededRandom(seed: 4)
        let honest = try Self.sample(&random).2.tree
        let leaves = honest.members
        for _ in 0..<40 {
            var tree = honest
            let (one, other) = (leaves[random.below(leaves.count)], leaves[random.below(leaves.count)])
            guard one != other else { continue }
            let (oneNode, otherNode) = (tree[one], tree[other])
            tree.set(one, to: otherNode)
            tree.set(other, to: oneNode)
            #expect(throws: MLSError.self) { try Self.useEverything(&tree) }
        }
    }

    /// A damaged path never gives a member another tree or secret than the honest one: some step refuses it.
    @Test func damagedPaths() throws {
        var random = SeededRandom(seed: 5)
        let (_, sent, after) = try Self.sample(&random)
        let sender = LeafIndex(rawValue: 1)
        let encoded = sent.path.encoded
        var decoded = 0
        for _ in 0..<150 {
            let damaged = encoded.flippingBit(random.below(8 * encoded.count))
            guard let path = try? UpdatePath(decoding: damaged) else { continue }
            decoded += 1
            var tree = sent.proposed
            let accepted = Result {
                try TreeMember.rules().check(path.leafNode, for: .commit(sender), in: tree)
                try tree.merge(path, from: sender, newLeaves: sent.newLeaves)
            }
            guard case .success = accepted else { continue }
            #expect(tree == after.tree, "ciphertexts are all that may differ")
            #expect(path.nodes.map(\.encryptionKey) == sent.path.nodes.map(\.encryptionKey))
        }
        #expect(decoded > 50)
    }
}
