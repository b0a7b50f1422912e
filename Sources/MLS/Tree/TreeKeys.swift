internal import Sodium

/// The private side of a group's tree: the keys of a member's own leaf, and of the nodes above it as far as the member
/// was told them. A key that is replaced, or whose node is blanked, is let go, and wiped with the last state that had it.
struct TreeKeys: ~Copyable, Sendable {
    /// The member's own leaf.
    let leaf: LeafIndex
    private var keys: [NodeIndex: NodeKey]

    /// The keys of a new member that knows but the key of its leaf node.
    init(leaf: LeafIndex, leafKey: consuming X25519.PrivateKey) {
        self.leaf = leaf
        keys = [leaf.node: NodeKey(leafKey)]
    }

    init(leaf: LeafIndex, keys: [NodeIndex: NodeKey]) {
        self.leaf = leaf
        self.keys = keys
    }

    /// A second, independent set of the same keys, for the state that a Commit may lead to.
    func clone() -> TreeKeys {
        TreeKeys(leaf: leaf, keys: keys)
    }

    /// The private key of `node`, if the member has it.
    func key(of node: NodeIndex) -> NodeKey? {
        keys[node]
    }

    /// The nodes whose private keys the member has, from the left.
    var nodes: [NodeIndex] { keys.keys.sorted() }

    /// Replaces the key of the leaf, when an Update of the member has been committed. Throws
    /// ``TreeError/publicKeyMismatch`` unless it is the one in `tree`.
    mutating func replaceLeafKey(
        by key: consuming X25519.PrivateKey, in tree: RatchetTree
    ) throws(MLSError) {
        guard tree[leaf]?.encryptionKey == key.publicKey.bytes else { throw .tree(.publicKeyMismatch) }
        keys[leaf.node] = NodeKey(key)
        forgetReplaced(in: tree)
    }

    /// Lets go of the keys that `tree` has no longer: to be called after the proposals of a Commit without a path.
    mutating func forgetReplaced(in tree: RatchetTree) {
        keys = keys.filter { node, key in tree.encryptionKey(of: node) == key.publicKey }
    }

    /// Throws ``TreeError/publicKeyMismatch`` unless every key is that of its node in `tree`, and the leaf's is there.
    func check(against tree: RatchetTree) throws(MLSError) {
        guard keys[leaf.node] != nil else { throw .tree(.noPrivateKey) }
        for (node, key) in keys {
            guard tree.encryptionKey(of: node) == key.publicKey else { throw .tree(.publicKeyMismatch) }
        }
    }

    /// Whether no key is missing that the member is to have: those of all nodes above its leaf that have one, but for those that it is
    /// not merged with yet (section 4.2).
    func areComplete(in tree: RatchetTree) -> Bool {
        tree.shape.path(above: leaf).allSatisfy { step in
            guard let parent = tree[step.node] else { return true }
            return keys[step.node] != nil || parent.unmergedLeaves.contains(leaf)
        }
    }

    /// Takes the secrets of a received path (section 7.5) and returns the commit secret.
    ///
    /// `tree` is the new one, after ``RatchetTree/merge(_:from:newLeaves:)`` of the same path; `context` is the encoded
    /// group context that the committer used. Nothing changes on an error: ``TreeError/noPrivateKey`` (of a member that
    /// the same Commit removes, too), ``TreeError/decryptionFailed`` or ``TreeError/publicKeyMismatch``.
    mutating func receive(
        _ path: UpdatePath, from sender: LeafIndex, in tree: RatchetTree, newLeaves: Set<LeafIndex>, context: [UInt8]
    ) throws(MLSError) -> SecretBytes {
        let steps = tree.filteredDirectPath(of: sender)
        guard steps.count == path.nodes.count else { throw .tree(.wrongPathLength) }
        guard !tree.isBlank(leaf), leaf != sender,
            let position = steps.firstIndex(where: { $0.copathChild.covers(leaf) })
        else { throw .tree(.noPrivateKey) }
        let targets = tree.encryptionTargets(of: steps[position], newLeaves: newLeaves)
        let ciphertexts = path.nodes[position].encryptedPathSecret
        guard ciphertexts.count == targets.count else { throw .tree(.wrongCiphertextCount) }
        for (target, ciphertext) in zip(targets, ciphertexts) {
            guard let key = keys[target], tree.encryptionKey(of: target) == key.publicKey else { continue }
            let secret = try key.decrypt(ciphertext, context: context, suite: tree.suite)
            return try install(secret, at: steps[position...].map(\.node), in: tree)
        }
        throw .tree(.noPrivateKey)
    }

    /// Takes the path secret that came in a Welcome from the member at `sender` (section 12.4.3.1). Nothing changes on
    /// an error.
    mutating func install(
        welcomeSecret: consuming SecretBytes, from sender: LeafIndex, in tree: RatchetTree
    ) throws(MLSError) {
        guard !tree.isBlank(sender), !tree.isBlank(leaf), leaf != sender,
            welcomeSecret.count == CipherSuite.hashByteCount
        else { throw .tree(.noSuchMember) }
        let above = tree.shape.path(above: leaf).drop { !$0.node.covers(sender) }.map(\.node)
        guard let common = above.first, tree[common] != nil else { throw .tree(.publicKeyMismatch) }
        _ = try install(PathSecret(welcomeSecret), at: above.filter { tree[$0] != nil }, in: tree)
    }

    /// Takes the key of the first node, derives those of the following ones, and returns the secret after them.
    private mutating func install(
        _ secret: PathSecret, at nodes: [NodeIndex], in tree: RatchetTree
    ) throws(MLSError) -> SecretBytes {
        var derived: [NodeIndex: NodeKey] = [:]
        var secret = secret
        for node in nodes {
            let key = try secret.nodeKey(tree.suite)
            guard tree.encryptionKey(of: node) == key.publicKey else { throw .tree(.publicKeyMismatch) }
            derived[node] = key
            secret = try secret.next(tree.suite)
        }
        install(derived, in: tree)
        return secret.clone()
    }

    /// Adds keys and lets go of those that `tree` has no longer.
    mutating func install(_ added: [NodeIndex: NodeKey], in tree: RatchetTree) {
        keys.merge(added) { _, new in new }
        forgetReplaced(in: tree)
    }
}
