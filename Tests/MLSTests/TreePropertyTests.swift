import TestSupport
import Testing

@testable import MLS

@Suite struct TreePropertyTests {
    /// Members come, go, update and commit at random; after each Commit all agree, the tree passes every check, each
    /// member has the keys of exactly the nodes that it is merged into, and the cached hashes are those of a tree that
    /// was never changed.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func randomGroups(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var group = TreeGroup()
        var largest = 0
        for _ in 0..<40 {
            let committer = group.members[random.below(group.members.count)]
            var others = group.members.filter { $0 !== committer }.shuffled(using: &random)
            let growing = group.members.count < 3 || group.members.count < 20 && random.below(2) == 0
            let removed = others.prefix(growing ? 0 : random.below(min(6, others.count + 1)))
            others.removeFirst(removed.count)
            let updated = others.prefix(random.below(3))
            let added = (0..<random.below(growing ? 5 : 2)).map { _ in TreeMember() }
            try group.commit(
                from: committer, updating: Array(updated), removing: removed.map(\.leaf), adding: added)
            try group.checkInvariants()
            largest = max(largest, group.members.count)
        }
        #expect(largest >= 10)
    }

    /// Without any path a tree keeps its shape's laws: add and remove are enough to blank, extend and truncate.
    @Test func randomAddsAndRemoves() throws {
        var random = SeededRandom(seed: 7)
        var group = try TreeGroup(count: 4)
        for _ in 0..<200 {
            let members = group.tree.members
            if members.count > 1, random.below(5) < 2 || members.count > 40 {
                let leaf = members[random.below(members.count)]
                let before = group.tree
                try group.tree.remove(leaf)
                #expect(group.tree[leaf] == nil)
                #expect(group.tree.members == before.members.filter { $0 != leaf })
            } else {
                let firstBlank = (0...).first { !members.contains(LeafIndex(rawValue: $0)) }
                #expect(try group.tree.add(TreeMember().leafNode()).rawValue == firstBlank)
            }
            let last = Int(try #require(group.tree.members.last).rawValue)
            if group.tree.members.count < members.count {
                #expect(group.tree.shape == TreeShape(holding: last + 1))
            }
            var decoded = try RatchetTree(decoding: group.tree.encoded, suite: group.tree.suite)
            #expect(decoded == group.tree)
            #expect(decoded.treeHash() == group.tree.treeHash())
            try decoded.verifyStructure()
        }
    }
}
