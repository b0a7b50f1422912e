import Sodium
import TestSupport
import Testing

@testable import MLS

@Suite struct TreeKEMTests {
    private static func leaf(_ number: UInt32) -> LeafIndex { LeafIndex(rawValue: number) }

    /// The filtered direct path counts members that the same Commit adds; only what is encrypted leaves them out. A node
    /// above nobody but them has no ciphertext at all.
    @Test func newLeavesCountButNothingIsEncryptedForThem() throws {
        var group = try TreeGroup(count: 2)
        let sent = try group.commit(from: group.members[0], adding: [TreeMember(), TreeMember()])
        #expect(sent.newLeaves == [Self.leaf(2), Self.leaf(3)])
        #expect(sent.path.nodes.map(\.encryptedPathSecret.count) == [1, 0])
        try group.checkInvariants()

        var ignoring = sent.proposed
        var path = sent.path
        path.nodes.removeLast()
        #expect(throws: MLSError.tree(.wrongPathLength)) {
            try ignoring.merge(path, from: Self.leaf(0), newLeaves: sent.newLeaves)
        }
        var encrypting = sent.proposed
        #expect(throws: MLSError.tree(.wrongCiphertextCount)) { try encrypting.merge(sent.path, from: Self.leaf(0)) }
    }

    /// A member alone has a path without nodes, and still gets a new leaf.
    @Test func aPathAlone() throws {
        var group = TreeGroup()
        let sent = try group.commit(from: group.members[0])
        #expect(sent.path.nodes.isEmpty)
        #expect(sent.path.leafNode.parentHash == [])
        try group.checkInvariants()
    }

    /// The creator of an external Commit is added and gives the tree its path at once.
    @Test func externalCommit() throws {
        var group = try TreeGroup(count: 5)
        let joiner = TreeMember()
        var next = group.tree
        let leaf = try next.add(joiner.leafNode())
        let path = try FreshPath(
            updating: leaf, in: &next, template: joiner.leafNode(), groupID: TreeMember.groupID,
            signingKey: joiner.signingKey)
        let context = next.treeHash()
        let update = try path.encrypted(in: next, newLeaves: [], context: context)
        joiner.keys = path.keys()

        var received = group.tree
        try TreeMember.rules().check(update.leafNode, for: .externalCommit(leaf), in: received)
        #expect(try received.mergeExternal(update) == Self.leaf(5))
        #expect(received == next)
        for member in group.members {
            let secret = try member.keys.receive(update, from: leaf, in: received, newLeaves: [], context: context)
            #expect(secret.revealed == path.commitSecret.revealed)
        }
        group.tree = received
        group.members.append(joiner)
        try group.checkInvariants()
        var again = group.tree
        #expect(throws: MLSError.tree(.duplicateEncryptionKey)) { try again.mergeExternal(update) }
        try group.commit(from: joiner)
        try group.checkInvariants()
    }

    /// What is wrong with a path, and how it is found.
    @Test func damagedPathsAreRefused() throws {
        var group = try TreeGroup(count: 4)
        let before = group.tree
        let sent = try group.commit(from: group.members[1])
        let foreign = HPKECiphertext(kemOutput: [], ciphertext: [])
        let oldKey = try #require(before[before.shape.root]?.encryptionKey)
        let damages: [(String, TreeError, (inout UpdatePath) -> Void)] = [
            ("a node less", .wrongPathLength, { $0.nodes.removeLast() }),
            (
                "a node more", .wrongPathLength,
                { path in
                    path.nodes.append(
                        UpdatePathNode(encryptionKey: X25519.PrivateKey().publicKey.bytes, encryptedPathSecret: []))
                }
            ),
            ("a ciphertext less", .wrongCiphertextCount, { $0.nodes[1].encryptedPathSecret.removeLast() }),
            ("a ciphertext more", .wrongCiphertextCount, { $0.nodes[0].encryptedPathSecret.append(foreign) }),
            ("a short key", .invalidKey, { $0.nodes[0].encryptionKey.removeLast() }),
            ("a point of small order", .invalidKey, { $0.nodes[1].encryptionKey = [UInt8](repeating: 0, count: 32) }),
            ("a short leaf key", .invalidKey, { $0.leafNode.encryptionKey.removeLast() }),
            ("a key twice", .duplicateEncryptionKey, { $0.nodes[0].encryptionKey = $0.nodes[1].encryptionKey }),
            (
                "a key of leaf and node", .duplicateEncryptionKey,
                { $0.nodes[0].encryptionKey = $0.leafNode.encryptionKey }
            ),
            ("a key that it replaces", .duplicateEncryptionKey, { $0.nodes[0].encryptionKey = oldKey }),
            ("another key", .invalidParentHash, { $0.nodes[0].encryptionKey = X25519.PrivateKey().publicKey.bytes }),
            ("another parent hash", .invalidParentHash, { $0.leafNode.source = .commit(parentHash: [1]) }),
            ("no parent hash", .invalidParentHash, { $0.leafNode.source = .update }),
        ]
        for (what, error, damage) in damages {
            var path = sent.path
            damage(&path)
            var tree = before
            #expect(throws: MLSError.tree(error), "\(what)") { try tree.merge(path, from: Self.leaf(1)) }
        }
        var tree = before
        var kept = sent.path
        kept.leafNode.encryptionKey = try #require(before[Self.leaf(1)]?.encryptionKey)
        #expect(throws: MLSError.tree(.encryptionKeyNotChanged)) { try tree.merge(kept, from: Self.leaf(1)) }
        #expect(throws: MLSError.tree(.noSuchMember)) { try tree.merge(sent.path, from: Self.leaf(4)) }
    }

    /// A committer that encrypts something else than the secret of its public keys is found out by whom it concerns.
    @Test func falseSecretsAreRefused() throws {
        var group = try TreeGroup(count: 4)
        for member in group.members {
            try group.commit(from: member)
        }
        let receiver = try group.member(at: 2)
        let before = receiver.keys.clone()
        let sent = try group.commit(from: group.member(at: 0))
        let tree = group.tree
        let receiverKey = try #require(sent.proposed[NodeIndex(rawValue: 5)]?.encryptionKey)
        let lie = try PathSecret(SecretBytes(randomCount: 32))
            .encrypted(to: receiverKey, context: sent.context, suite: TreeMember.suite)
        let short = try PathSecret(SecretBytes(randomCount: 31))
            .encrypted(to: receiverKey, context: sent.context, suite: TreeMember.suite)
        let attempts: [(HPKECiphertext, [UInt8], TreeError)] = [
            (lie, sent.context, .publicKeyMismatch),
            (short, sent.context, .decryptionFailed),
            (sent.path.nodes[1].encryptedPathSecret[0], sent.context + [0], .decryptionFailed),
            (sent.path.nodes[0].encryptedPathSecret[0], sent.context, .decryptionFailed),
            (HPKECiphertext(kemOutput: [], ciphertext: []), sent.context, .decryptionFailed),
        ]
        for (ciphertext, context, error) in attempts {
            var path = sent.path
            path.nodes[1].encryptedPathSecret = [ciphertext]
            var keys = before.clone()
            let refusal = Self.refusal { () throws(MLSError) in
                _ = try keys.receive(path, from: Self.leaf(0), in: tree, newLeaves: [], context: context)
            }
            #expect(refusal == .tree(error))
            let isUnchanged = Self.matches(keys, sent.proposed)
            #expect(isUnchanged)
        }
    }

    /// The secret of a Welcome must give the keys in the tree.
    @Test func falseWelcomeSecretsAreRefused() throws {
        var group = try TreeGroup(count: 3)
        let joiner = TreeMember()
        try group.commit(from: group.members[0], adding: [joiner])
        let tree = group.tree
        let attempts: [(UInt32, Int, TreeError)] = [
            (0, 32, .publicKeyMismatch), (2, 32, .publicKeyMismatch), (0, 31, .noSuchMember), (3, 32, .noSuchMember),
            (4, 32, .noSuchMember),
        ]
        for (sender, byteCount, error) in attempts {
            var keys = joiner.keys.clone()
            let refusal = Self.refusal { () throws(MLSError) in
                try keys.install(welcomeSecret: SecretBytes(randomCount: byteCount), from: Self.leaf(sender), in: tree)
            }
            #expect(refusal == .tree(error))
            let isUnchanged = Self.matches(keys, tree)
            #expect(isUnchanged)
        }
    }

    /// A removed member has no key for the path of that Commit, not even when another gets its leaf.
    @Test(arguments: [false, true])
    func removedMembersAreShutOut(leafIsFilledAgain: Bool) throws {
        var group = try TreeGroup(count: 4)
        for member in group.members {
            try group.commit(from: member)
        }
        let removed = try group.member(at: 1)
        let sent = try group.commit(
            from: group.member(at: 0), removing: [Self.leaf(1)], adding: leafIsFilledAgain ? [TreeMember()] : [])
        #expect((group.tree[Self.leaf(1)] != nil) == leafIsFilledAgain)
        let (tree, newLeaves) = (group.tree, sent.newLeaves)
        for kept in [[], newLeaves] {
            let refusal = Self.refusal { () throws(MLSError) in
                _ = try removed.keys.receive(
                    sent.path, from: Self.leaf(0), in: tree, newLeaves: kept, context: sent.context)
            }
            #expect(refusal == .tree(.noPrivateKey) || refusal == .tree(.wrongCiphertextCount))
        }
        try group.checkInvariants()
    }

    /// A committer does not process its own path: it has the keys already.
    @Test func noneIsReceivedFromOneself() throws {
        var group = try TreeGroup(count: 2)
        let committer = group.members[0]
        let sent = try group.commit(from: committer)
        let tree = group.tree
        let refusal = Self.refusal { () throws(MLSError) in
            _ = try committer.keys.receive(
                sent.path, from: committer.leaf, in: tree, newLeaves: [], context: sent.context)
        }
        #expect(refusal == .tree(.noPrivateKey))
    }

    /// The private keys that a Commit replaces, and those of nodes it blanks, are wiped.
    @Test func replacedKeysAreLetGo() throws {
        var group = try TreeGroup(count: 4)
        for member in group.members {
            try group.commit(from: member)
        }
        let member = try group.member(at: 0)
        let nodes = [0, 1, 3].map(NodeIndex.init(rawValue:))
        #expect(member.keys.nodes == nodes)
        let root = WeakKey(member.keys.key(of: nodes[2]))
        let lower = WeakKey(member.keys.key(of: nodes[1]))
        let own = WeakKey(member.keys.key(of: nodes[0]))
        try group.commit(from: group.member(at: 2))
        #expect(root.key == nil)
        #expect(lower.key != nil)
        try group.commit(from: member, removing: [Self.leaf(1)])
        #expect(lower.key == nil)
        #expect(own.key == nil)
    }

    @Test func anUpdateNeedsTheKeyOfItsLeaf() throws {
        let group = try TreeGroup(count: 2)
        let (member, tree) = (group.members[0], group.tree)
        let refusal = Self.refusal { () throws(MLSError) in
            try member.keys.replaceLeafKey(by: X25519.PrivateKey(), in: tree)
        }
        #expect(refusal == .tree(.publicKeyMismatch))
        try member.keys.check(against: tree)
    }

    private struct WeakKey {
        weak var key: NodeKey?

        init(_ key: NodeKey?) {
            self.key = key
        }
    }

    /// Not `#expect(throws:)`: that cannot look into what captures a ~Copyable value.
    private static func refusal(_ body: () throws(MLSError) -> Void) -> MLSError? {
        do throws(MLSError) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    private static func matches(_ keys: borrowing TreeKeys, _ tree: RatchetTree) -> Bool {
        do throws(MLSError) {
            try keys.check(against: tree)
            return true
        } catch {
            return false
        }
    }
}
