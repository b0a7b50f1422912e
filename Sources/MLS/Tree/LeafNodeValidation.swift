internal import Wire

/// The rules for leaf nodes and KeyPackages of one group (sections 7.3, 10.1). Whether a credential speaks the truth is
/// the application's question (section 5.3.1), and not asked here.
package struct LeafNodeValidation: Sendable {
    /// The group's suite.
    let suite: CipherSuite
    /// The group's identifier.
    let groupID: [UInt8]
    /// What the application demands.
    let policy: LeafNodePolicy
    private let groupExtensions: [ExtensionType]
    private let required: RequiredCapabilities

    /// What a leaf node is used for.
    package enum Purpose: Hashable, Sendable {
        /// In the KeyPackage of an Add.
        case add
        /// In an Update by the member at this leaf, which it replaces.
        case update(LeafIndex)
        /// In the path of a Commit by the member at this leaf, which it replaces.
        case commit(LeafIndex)
        /// In the path of an external Commit, whose member will get this leaf.
        case externalCommit(LeafIndex)
        /// At this leaf of a tree, from any source.
        case member(LeafIndex)
    }

    /// The rules of a group with these group context extensions. Throws ``TreeError/duplicateExtension`` or
    /// ``TreeError/malformedExtension`` about them.
    package init(
        suite: CipherSuite, groupID: [UInt8], groupExtensions: [Extension], policy: LeafNodePolicy
    ) throws(MLSError) {
        guard groupExtensions.hasDistinctTypes else { throw .tree(.duplicateExtension) }
        self.suite = suite
        self.groupID = groupID
        self.policy = policy
        self.groupExtensions = groupExtensions.map(\.type)
        do throws(WireError) {
            required = try groupExtensions.decoded(.requiredCapabilities) ?? RequiredCapabilities()
        } catch {
            throw .tree(.malformedExtension)
        }
    }

    /// Checks one leaf node for its purpose in `tree`.
    ///
    /// For an Add, `tree` is the one after the Updates, the Removes and the Adds before it in the same Commit: then a
    /// member that is removed may come back, and nobody is added twice.
    func check(_ leafNode: LeafNode, for purpose: Purpose, in tree: RatchetTree) throws(MLSError) {
        try checkSource(of: leafNode, for: purpose, in: tree)
        if policy.profile != nil, case .commit(let leaf) = purpose, let replaced = tree[leaf] {
            guard leafNode.differsOnlyInKey(from: replaced) else { throw .tree(.notOfProfile) }
        }
        try checkAlone(leafNode, at: purpose.leaf)
        let replaced = purpose.leaf.flatMap { tree[$0] }
        try checkCredentialSupport(of: leafNode, replacing: replaced, in: tree)
        let signatures = replaced?.signatureKey == leafNode.signatureKey ? 1 : 0
        guard tree.signatureKeys[leafNode.signatureKey] <= signatures else { throw .tree(.duplicateSignatureKey) }
        let encryptions = replaced?.encryptionKey == leafNode.encryptionKey ? 1 : 0
        guard tree.encryptionKeys[leafNode.encryptionKey] <= encryptions else { throw .tree(.duplicateEncryptionKey) }
    }

    /// Checks the KeyPackage of an Add (section 10.1), in the tree that ``check(_:for:in:)`` says.
    func check(_ keyPackage: KeyPackage, in tree: RatchetTree) throws(MLSError) {
        guard keyPackage.version == .mls10, keyPackage.cipherSuite == suite.identifier else {
            throw .tree(.unsupportedCipherSuite)
        }
        guard policy.profile == nil || keyPackage.extensions.isEmpty else { throw .tree(.notOfProfile) }
        guard CipherSuite.isEncryptionKey(keyPackage.initKey) else { throw .tree(.invalidKey) }
        guard keyPackage.initKey != keyPackage.leafNode.encryptionKey else { throw .tree(.duplicateEncryptionKey) }
        try Self.check(keyPackage.extensions, supportedBy: keyPackage.leafNode.capabilities)
        try keyPackage.verifySignature(suite: suite)
        try check(keyPackage.leafNode, for: .add, in: tree)
    }

    /// Checks a whole tree of somebody else: its structure and every leaf node (section 12.4.3.1). Its hash is up to the
    /// caller, who has the group context.
    package func check(_ tree: inout RatchetTree) throws(MLSError) {
        try tree.verifyStructure()
        let members = tree.members
        for leaf in members {
            guard let leafNode = tree[leaf] else { continue }
            try checkAlone(leafNode, at: leaf)
        }
        try checkCredentialSupport(in: members.compactMap { tree[$0] })
    }

    /// What a GroupContextExtensions proposal asks of the members (section 12.1.7): that each supports the group's
    /// extensions, and what is required.
    func checkSupport(by tree: RatchetTree) throws(MLSError) {
        for leafNode in tree.members.compactMap({ tree[$0] }) {
            try checkGroupSupport(leafNode.capabilities)
        }
    }

    /// The rules that concern no other member.
    private func checkAlone(_ leafNode: LeafNode, at leaf: LeafIndex?) throws(MLSError) {
        if let profile = policy.profile, !profile.fits(leafNode) { throw .tree(.notOfProfile) }
        let capabilities = leafNode.capabilities
        guard CipherSuite.isEncryptionKey(leafNode.encryptionKey) else { throw .tree(.invalidKey) }
        try Self.check(leafNode.extensions, supportedBy: capabilities)
        try checkGroupSupport(capabilities)
        if case .keyPackage(let lifetime) = leafNode.source {
            guard lifetime.isWithin(policy.maximumLifetime) else { throw .tree(.invalidLifetime) }
            guard policy.time.map(lifetime.contains) ?? true else { throw .tree(.outsideLifetime) }
        }
        try leafNode.verifySignature(suite: suite, groupID: groupID, leaf: leaf ?? LeafIndex(rawValue: 0))
    }

    private func checkSource(
        of leafNode: LeafNode, for purpose: Purpose, in tree: RatchetTree
    ) throws(MLSError) {
        let isRight =
            switch (purpose, leafNode.source) {
            case (.add, .keyPackage), (.update, .update), (.commit, .commit), (.externalCommit, .commit), (.member, _):
                true
            default: false
            }
        guard isRight else { throw .tree(.wrongLeafNodeSource) }
        switch purpose {
        case .update(let leaf), .commit(let leaf):
            guard let replaced = tree[leaf] else { throw .tree(.noSuchMember) }
            guard replaced.encryptionKey != leafNode.encryptionKey else { throw .tree(.encryptionKeyNotChanged) }
        case .add, .externalCommit, .member: break
        }
    }

    private func checkGroupSupport(_ capabilities: Capabilities) throws(MLSError) {
        guard capabilities.versions.contains(.mls10), capabilities.cipherSuites.contains(suite.identifier) else {
            throw .tree(.unsupportedCipherSuite)
        }
        guard capabilities.support(groupExtensions + required.extensions) else { throw .tree(.unsupportedExtension) }
        guard capabilities.support(required.proposals) else { throw .tree(.unsupportedProposal) }
        guard capabilities.support(required.credentials) else { throw .tree(.unsupportedCredential) }
    }

    private static func check(
        _ extensions: [Extension], supportedBy capabilities: Capabilities
    ) throws(MLSError) {
        guard extensions.hasDistinctTypes else { throw .tree(.duplicateExtension) }
        guard capabilities.support(extensions.map(\.type)) else { throw .tree(.unsupportedExtension) }
    }

    /// The same for one that comes into a tree whose members support each other: only a type that is new has to be looked for
    /// in all of them.
    private func checkCredentialSupport(
        of leafNode: LeafNode, replacing replaced: LeafNode?, in tree: RatchetTree
    ) throws(MLSError) {
        var types = tree.credentialTypes
        if let replaced { types[replaced.credential.type, default: 1] -= 1 }
        let used = types.filter { $0.value > 0 }.keys
        let own = leafNode.credential.type
        guard leafNode.capabilities.support(used + [own]) else { throw .tree(.unsupportedCredential) }
        guard !used.contains(own) else { return }
        for other in tree.members.compactMap({ tree[$0] }) where other != replaced {
            guard other.capabilities.supports(own) else { throw .tree(.unsupportedCredential) }
        }
    }

    /// Every member supports the credential type of every other, and its own.
    private func checkCredentialSupport(in members: [LeafNode]) throws(MLSError) {
        let types = Set(members.map(\.credential.type))
        for member in members {
            guard member.capabilities.support(types) else { throw .tree(.unsupportedCredential) }
        }
    }
}

extension LeafNodeValidation.Purpose {
    /// The leaf that the leaf node is at, or will be at when the purpose tells.
    fileprivate var leaf: LeafIndex? {
        switch self {
        case .add: nil
        case .update(let leaf), .commit(let leaf), .externalCommit(let leaf), .member(let leaf): leaf
        }
    }
}
