package import Sodium
internal import Wire

/// A group as one of its members has it (RFC 9420): bytes of messages in, what they mean out.
///
/// A Commit, our own or another's, changes nothing until it is applied. Secrets of an epoch are deleted when the next
/// one begins, but for what opens late application messages (``forgetEpochs(before:)``).
package struct Group: ~Copyable {
    /// The suite of the group.
    let suite: CipherSuite
    /// What may be changed at any time.
    var configuration: GroupConfiguration
    /// The pre-shared keys for Commits to come.
    package var preSharedKeys: PreSharedKeys

    var epoch: EpochState
    var proposals = ProposalStore()
    /// The leaf keys of Updates that we have proposed, by reference.
    var ownUpdates: [[UInt8]: NodeKey] = [:]
    var pastEpochs: [PastEpoch] = []
    /// Who vouched for the group when we joined by a Welcome.
    package internal(set) var welcomedBy: Member?
    /// The pre-shared keys that the Welcome was opened with: whoever made it had them too.
    package internal(set) var welcomeKeys: [PreSharedKeyID] = []
    let signingKey: Ed25519.KeyPair
    var phase = Phase.active

    /// Where we stand in the group.
    enum Phase: ~Copyable {
        case active
        /// The same, and a Commit of ours waits to be applied or dropped.
        case committing(PendingCommit)
        /// We were removed.
        case removed
        /// A ReInit has been committed.
        case closed
    }

    init(
        epoch: consuming EpochState, signingKey: consuming Ed25519.KeyPair, configuration: GroupConfiguration,
        preSharedKeys: PreSharedKeys
    ) {
        suite = epoch.tree.suite
        self.configuration = configuration
        self.preSharedKeys = preSharedKeys
        self.epoch = epoch
        self.signingKey = signingKey
        keepResumptionSecret()
    }

    /// A new group whose only member is the owner of `keyPackage` (section 11).
    package init(
        creating groupID: [UInt8], as keyPackage: consuming OwnKeyPackage, suite: CipherSuite,
        extensions: [Extension] = [], configuration: GroupConfiguration = GroupConfiguration(),
        preSharedKeys: PreSharedKeys = PreSharedKeys(), at time: UInt64? = nil
    ) throws(MLSError) {
        let leafNode = keyPackage.keyPackage.leafNode
        var tree = RatchetTree(creator: leafNode, suite: suite)
        let validation = try LeafNodeValidation(
            suite: suite, groupID: groupID, groupExtensions: extensions, policy: configuration.policy(at: time))
        try validation.check(&tree)
        let context = GroupContext(
            cipherSuite: suite.identifier, groupID: groupID, epoch: 0, treeHash: tree.treeHash(),
            confirmedTranscriptHash: [], extensions: extensions)
        let secrets = try EpochSecrets(
            suite: suite, epochSecret: SecretBytes(randomCount: CipherSuite.hashByteCount))
        let keys = TreeKeys(leaf: LeafIndex(rawValue: 0), leafKey: keyPackage.leafKey.clone())
        self.init(
            epoch: try EpochState(context: context, tree: tree, keys: keys, secrets: secrets),
            signingKey: keyPackage.signingKey.clone(), configuration: configuration, preSharedKeys: preSharedKeys)
    }

    /// The group's identifier.
    package var groupID: [UInt8] { epoch.context.groupID }
    /// The number of the current epoch.
    package var epochNumber: UInt64 { epoch.context.epoch }
    /// What all members agree on.
    package var context: GroupContext { epoch.context }
    /// Our place.
    package var ownLeaf: LeafIndex { epoch.keys.leaf }
    /// Whether we are a member, and the group was not closed.
    var isActive: Bool {
        switch phase {
        case .active: true
        case .committing: true
        default: false
        }
    }
    /// Whether we are a member no more.
    var wasRemoved: Bool {
        switch phase {
        case .removed: true
        default: false
        }
    }
    /// Whether a Commit of ours is waiting to be applied or dropped.
    package var hasPendingCommit: Bool {
        switch phase {
        case .committing: true
        default: false
        }
    }
    /// Whether there are proposals that a Commit should carry out before anybody goes on talking.
    var hasProposals: Bool { !proposals.accepted.isEmpty }

    /// All members, from the left of the tree.
    package var members: [Member] {
        epoch.tree.members.compactMap { leaf in epoch.tree.member(at: leaf) }
    }

    /// What is public of the current epoch.
    package var tree: RatchetTree { epoch.tree }

    /// One member; nil when nobody is there.
    package func member(at leaf: LeafIndex) -> Member? {
        epoch.tree.member(at: leaf)
    }

    /// The key that a member signs with; nil when nobody is there.
    package func signatureKey(of leaf: LeafIndex) -> [UInt8]? {
        epoch.tree.signatureKey(of: leaf)
    }

    /// The same for all members of the epoch and for nobody else (section 8.7). Throws ``MLSError/inactive`` after our
    /// removal.
    package func epochAuthenticator() throws(MLSError) -> SecretBytes {
        guard !wasRemoved else { throw .inactive }
        return epoch.secrets.epochAuthenticator.clone()
    }

    /// A secret for the application (section 8.5). Throws ``MLSError/inactive`` after our removal.
    package func export(label: String, context: [UInt8], count: Int) throws(MLSError) -> SecretBytes {
        guard !wasRemoved else { throw .inactive }
        return try epoch.secrets.export(suite: suite, label: label, context: context, count: count)
    }

    /// Bytes of the longest Commit of this epoch whose proposals have so many: before it is decoded. Without a profile of leaf
    /// nodes there is no limit but that of every message.
    package func commitByteLimit(proposals byteCount: Int) -> Int {
        configuration.leafNodePolicy.commitByteLimit(proposals: byteCount, in: epoch.tree)
    }

    /// The content of the extension `ratchet_tree`, for those who join.
    func encodedTree() -> [UInt8] {
        epoch.tree.encoded
    }

    /// What a new member must know, signed by us, as a message (section 12.4.3). With `allowsExternalCommit` anybody
    /// who reads it can join by an external Commit.
    package func groupInfo(allowsExternalCommit: Bool, includesTree: Bool = true) throws(MLSError) -> [UInt8] {
        guard isActive else { throw .inactive }
        return try groupInfo(of: epoch, allowsExternalCommit, includesTree)
    }

    /// The same of the epoch that our pending Commit begins, for whoever joins after it was accepted.
    ///
    /// Throws ``MLSError/misuse`` when no Commit is pending.
    package func pendingGroupInfo(
        allowsExternalCommit: Bool, includesTree: Bool = true
    ) throws(MLSError) -> [UInt8] {
        switch phase {
        case .committing(let pending): try groupInfo(of: pending.next, allowsExternalCommit, includesTree)
        default: throw .misuse
        }
    }

    private func groupInfo(
        of state: borrowing EpochState, _ allowsExternalCommit: Bool, _ includesTree: Bool
    ) throws(MLSError) -> [UInt8] {
        var extensions: [Extension] = []
        if includesTree {
            extensions.append(Extension(type: .ratchetTree, data: state.tree.encoded))
        }
        if allowsExternalCommit {
            var data = ByteWriter()
            data.writeVector(try state.secrets.externalKeyPair(suite: suite).publicKey.bytes)
            extensions.append(Extension(type: .externalPub, data: data.bytes))
        }
        let info = GroupInfo(
            context: state.context, extensions: extensions, confirmationTag: state.confirmationTag,
            signer: state.keys.leaf, suite: suite, key: signingKey)
        return MLSMessage.groupInfo(info).encoded
    }

    /// Makes the resumption secret of the epoch a pre-shared key, and forgets the oldest.
    mutating func keepResumptionSecret() {
        preSharedKeys.addResumption(
            epoch.secrets.resumptionSecret.clone(), groupID: groupID, epoch: epochNumber)
        if epochNumber >= UInt64(Limits.maximumResumptionSecrets) {
            preSharedKeys.removeResumption(
                groupID: groupID, epoch: epochNumber - UInt64(Limits.maximumResumptionSecrets))
        }
    }
}

extension RatchetTree {
    /// The member at a leaf; nil when nobody is there.
    func member(at leaf: LeafIndex) -> Member? {
        self[leaf].map { Member(leaf: leaf, leafNode: $0) }
    }
}
