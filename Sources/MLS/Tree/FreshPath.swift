internal import Sodium

/// What the committer of a path knows that others do not: the secrets of its new keys (section 7.4). The tree has the
/// public keys already; what is encrypted to the members is made by ``encrypted(in:newLeaves:context:)`` when the group
/// context of the new epoch is known.
struct FreshPath: ~Copyable {
    /// The committer.
    let leaf: LeafIndex
    /// Goes into the key schedule: the secret after the one of the last node (section 7.4).
    let commitSecret: SecretBytes
    /// The committer's new leaf node, signed.
    let leafNode: LeafNode
    private let steps: [PathStep]
    private let secrets: [PathSecret]
    private let privateKeys: [NodeIndex: NodeKey]

    /// Gives `leaf` of `tree` new keys, and all nodes of its filtered direct path (section 7.5).
    ///
    /// `template` is the leaf node as it shall be but for the encryption key, the source and the signature, which are
    /// made here. Throws ``TreeError/noSuchMember``.
    init(
        updating leaf: LeafIndex, in tree: inout RatchetTree, template: LeafNode, groupID: [UInt8],
        signingKey: borrowing Ed25519.KeyPair
    ) throws(MLSError) {
        guard !tree.isBlank(leaf) else { throw .tree(.noSuchMember) }
        let steps = tree.filteredDirectPath(of: leaf)
        var secrets: [PathSecret] = []
        var privateKeys: [NodeIndex: NodeKey] = [:]
        var publicKeys: [[UInt8]] = []
        var next = PathSecret(SecretBytes(randomCount: CipherSuite.hashByteCount))
        for step in steps {
            let key = try next.nodeKey(tree.suite)
            publicKeys.append(key.publicKey)
            privateKeys[step.node] = key
            secrets.append(next)
            next = try next.next(tree.suite)
        }
        let leafKey = NodeKey(X25519.PrivateKey())
        privateKeys[leaf.node] = leafKey
        var leafNode = template
        leafNode.encryptionKey = leafKey.publicKey
        leafNode.source = .commit(parentHash: try tree.setPath(of: leaf, to: publicKeys))
        leafNode.sign(with: signingKey, suite: tree.suite, groupID: groupID, leaf: leaf)
        tree.set(leaf, to: leafNode)
        self.leaf = leaf
        self.leafNode = leafNode
        self.steps = steps
        self.secrets = secrets
        self.privateKeys = privateKeys
        commitSecret = next.clone()
    }

    /// The path as the others get it (section 7.5). `tree` is the one this path was made in, `newLeaves` those added by
    /// the same Commit, for which nothing is encrypted here, and `context` the encoded group context of the new epoch
    /// as far as it is known (section 12.4.1).
    func encrypted(
        in tree: RatchetTree, newLeaves: Set<LeafIndex>, context: [UInt8]
    ) throws(MLSError) -> UpdatePath {
        var nodes: [UpdatePathNode] = []
        for (step, secret) in zip(steps, secrets) {
            guard let encryptionKey = tree.encryptionKey(of: step.node) else { throw .misuse }
            var ciphertexts: [HPKECiphertext] = []
            for target in tree.encryptionTargets(of: step, newLeaves: newLeaves) {
                guard let receiver = tree.encryptionKey(of: target) else { throw .misuse }
                ciphertexts.append(try secret.encrypted(to: receiver, context: context, suite: tree.suite))
            }
            nodes.append(UpdatePathNode(encryptionKey: encryptionKey, encryptedPathSecret: ciphertexts))
        }
        return UpdatePath(leafNode: leafNode, nodes: nodes)
    }

    /// The path secret for a new member's Welcome: that of the lowest node above both it and the committer
    /// (section 12.4.3.1). Throws ``TreeError/noSuchMember`` when there is none.
    func pathSecret(for newLeaf: LeafIndex) throws(MLSError) -> SecretBytes {
        guard let index = steps.firstIndex(where: { $0.copathChild.covers(newLeaf) }) else {
            throw .tree(.noSuchMember)
        }
        return secrets[index].clone()
    }

    /// The private keys that the committer has in the new epoch: those of this path, and of `previous` those that are
    /// still in `tree`.
    func keys(replacing previous: borrowing TreeKeys, in tree: RatchetTree) -> TreeKeys {
        var keys = previous.clone()
        keys.install(privateKeys, in: tree)
        return keys
    }

    /// The private keys of a member that had none before: of a group's creator, or after an external Commit.
    func keys() -> TreeKeys {
        TreeKeys(leaf: leaf, keys: privateKeys)
    }
}
