import Sodium
import TestSupport
import Testing

@testable import MLS

/// A group that consists of nothing but its tree: every member's keys, and the tree that all agree on.
struct TreeGroup {
    var tree: RatchetTree
    var members: [TreeMember]

    init() {
        let creator = TreeMember()
        tree = RatchetTree(creator: creator.leafNode(), suite: TreeMember.suite)
        members = [creator]
    }

    /// A group in which members have joined one by one, each added by the creator.
    init(count: Int) throws {
        self.init()
        for _ in 1..<count {
            try commit(from: members[0], adding: [TreeMember()])
        }
    }

    func member(at leaf: UInt32) throws -> TreeMember {
        try #require(members.first { $0.leaf.rawValue == leaf })
    }

    /// What a Commit sends, and what it is sent in.
    struct Sent {
        var path: UpdatePath
        let newLeaves: Set<LeafIndex>
        let context: [UInt8]
        /// The tree after the proposals, before the path.
        let proposed: RatchetTree
    }

    /// The proposals of one Commit without its path: Updates, Removes, Adds, in the order of section 12.3. Returns the
    /// leaves added, and those members' places are taken.
    static func propose(
        in tree: inout RatchetTree, updating: [TreeMember] = [], removing: [LeafIndex] = [], adding: [TreeMember] = []
    ) throws -> Set<LeafIndex> {
        for member in updating {
            let key = X25519.PrivateKey()
            let leafNode = member.leafNode {
                $0.encryptionKey = key.publicKey.bytes
                $0.source = .update
            }
            try TreeMember.rules().check(leafNode, for: .update(member.leaf), in: tree)
            try tree.update(member.leaf, to: leafNode)
            try member.keys.replaceLeafKey(by: key, in: tree)
        }
        for leaf in removing {
            try tree.remove(leaf)
        }
        var newLeaves: Set<LeafIndex> = []
        for member in adding {
            let keyPackage = member.keyPackage()
            try TreeMember.rules().check(keyPackage, in: tree)
            let leaf = try tree.add(keyPackage.leafNode)
            member.join(at: leaf)
            newLeaves.insert(leaf)
        }
        return newLeaves
    }

    /// One Commit with a path: all remaining members process it, new ones get a path secret as in a Welcome, and all
    /// must come to the same secret.
    @discardableResult
    mutating func commit(
        from committer: TreeMember, updating: [TreeMember] = [], removing: [LeafIndex] = [],
        adding: [TreeMember] = []
    ) throws -> Sent {
        var proposed = tree
        let newLeaves = try Self.propose(in: &proposed, updating: updating, removing: removing, adding: adding)
        var next = proposed
        let template = try #require(next[committer.leaf])
        let path = try FreshPath(
            updating: committer.leaf, in: &next, template: template, groupID: TreeMember.groupID,
            signingKey: committer.signingKey)
        let context = next.treeHash()
        let sent = Sent(
            path: try UpdatePath(decoding: path.encrypted(in: next, newLeaves: newLeaves, context: context).encoded),
            newLeaves: newLeaves, context: context, proposed: proposed)
        let commitSecret = path.commitSecret.revealed
        committer.keys = path.keys(replacing: committer.keys, in: next)

        var received = proposed
        try TreeMember.rules().check(sent.path.leafNode, for: .commit(committer.leaf), in: received)
        try received.merge(sent.path, from: committer.leaf, newLeaves: newLeaves)
        #expect(received == next)
        #expect(received.treeHash() == next.treeHash())
        let staying = members.filter { !removing.contains($0.leaf) }
        for member in staying where member !== committer {
            let target = try #require(received.encryptionTarget(of: member.leaf, from: committer.leaf))
            #expect(
                received.filteredDirectPath(of: committer.leaf).contains { step in
                    step.copathChild.covers(member.leaf)
                        && received.encryptionTargets(of: step, newLeaves: newLeaves).contains(target)
                })
            let hasItsKey = member.keys.key(of: target) != nil
            #expect(hasItsKey)
            let secret = try member.keys.receive(
                sent.path, from: committer.leaf, in: received, newLeaves: newLeaves, context: context)
            #expect(secret.revealed == commitSecret)
        }
        for member in adding {
            let secret = try path.pathSecret(for: member.leaf)
            // Without it the next path could not be followed.
            let lacksNothing = member.keys.areComplete(in: received)
            #expect(!lacksNothing)
            try member.keys.install(welcomeSecret: secret, from: committer.leaf, in: received)
        }
        members = staying + adding
        tree = received
        return sent
    }

    /// What must hold after every Commit.
    mutating func checkInvariants() throws {
        #expect(Set(tree.members) == Set(members.map(\.leaf)))
        var decoded = try RatchetTree(decoding: tree.encoded, suite: tree.suite)
        #expect(decoded == tree)
        #expect(decoded.encoded == tree.encoded)
        try TreeMember.rules().check(&decoded)
        for index in 0..<tree.shape.nodeCount {
            #expect(tree.treeHash(of: NodeIndex(rawValue: index)) == decoded.treeHash(of: NodeIndex(rawValue: index)))
        }
        for member in members {
            try member.keys.check(against: tree)
            let lacksNothing = member.keys.areComplete(in: tree)
            #expect(lacksNothing)
            #expect(member.keys.nodes == [member.leaf.node].merged(with: knownParents(of: member.leaf)))
        }
        for leaf in tree.members {
            let path = tree.filteredDirectPath(of: leaf)
            #expect(path.allSatisfy { !tree.resolution(of: $0.copathChild).isEmpty })
            #expect(Set(path).isSubset(of: tree.shape.path(above: leaf)))
        }
        #expect(Self.leaves(tree.resolution(of: tree.shape.root), in: tree) == tree.members)
    }

    /// The parents whose private keys the member at `leaf` must have: all above that it is merged into.
    private func knownParents(of leaf: LeafIndex) -> [NodeIndex] {
        tree.shape.path(above: leaf).map(\.node).filter { node in
            tree[node].map { !$0.unmergedLeaves.contains(leaf) } ?? false
        }
    }

    /// The members that together have the keys of `nodes`.
    private static func leaves(_ nodes: [NodeIndex], in tree: RatchetTree) -> [LeafIndex] {
        nodes.flatMap { node in
            tree.members.filter { leaf in
                node.covers(leaf) && !(tree[node]?.unmergedLeaves.contains(leaf) ?? false)
            }
        }.sorted()
    }
}

extension [NodeIndex] {
    fileprivate func merged(with others: [NodeIndex]) -> [NodeIndex] {
        (self + others).sorted()
    }
}
