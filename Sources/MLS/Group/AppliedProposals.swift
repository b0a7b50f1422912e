/// What a list of proposals makes of a group, once every rule of RFC 9420 section 12.2 holds.
struct AppliedProposals: Sendable {
    /// The tree after all of them, without the path.
    private(set) var tree: RatchetTree
    /// The group context's extensions after all of them.
    private(set) var extensions: [Extension]
    private(set) var added: [(leaf: LeafIndex, keyPackage: KeyPackage)] = []
    private(set) var removed: [(leaf: LeafIndex, leafNode: LeafNode)] = []
    private(set) var updated: [LeafIndex] = []
    private(set) var preSharedKeys: [PreSharedKeyID] = []
    /// The KEM output of an external Commit.
    private(set) var externalInit: [UInt8]?
    private(set) var reInit: ReInit?
    /// Whether the Commit must have a path (section 12.4).
    let requiresPath: Bool
    /// The rules for the leaf nodes of the next epoch.
    let validation: LeafNodeValidation

    /// The leaves that get nothing of the path but through their Welcome.
    var newLeaves: Set<LeafIndex> { Set(added.map(\.leaf)) }

    /// Checks and applies `entries` in the order of section 12.3. `committer` is nil for an external Commit.
    init(
        _ entries: [ProposalEntry], by committer: LeafIndex?, tree: RatchetTree, context: GroupContext,
        policy: LeafNodePolicy
    ) throws(MLSError) {
        self.tree = tree
        extensions = context.extensions
        requiresPath =
            entries.isEmpty
            || entries.contains { entry in
                [.update, .remove, .externalInit, .groupContextExtensions].contains(entry.proposal.type)
            }
        if let committer {
            try Self.checkList(entries, by: committer)
        } else {
            try Self.checkExternalList(entries)
        }
        for entry in entries {
            if case .groupContextExtensions(let new) = entry.proposal { extensions = new }
        }
        validation = try LeafNodeValidation(
            suite: tree.suite, groupID: context.groupID, groupExtensions: extensions, policy: policy)
        try applyUpdates(entries)
        for entry in entries {
            guard case .remove(let leaf) = entry.proposal else { continue }
            guard let leafNode = self.tree[leaf] else { throw .tree(.noSuchMember) }
            try self.tree.remove(leaf)
            removed.append((leaf, leafNode))
        }
        for entry in entries {
            guard case .add(let keyPackage) = entry.proposal else { continue }
            try validation.check(keyPackage, in: self.tree)
            added.append((try self.tree.add(keyPackage.leafNode), keyPackage))
        }
        // Whoever is added, and whoever has a new leaf node, was looked at already.
        if entries.contains(where: { $0.proposal.type == .groupContextExtensions }) {
            try validation.checkSupport(by: self.tree)
        }
        try takeRest(entries, context)
    }

    private mutating func applyUpdates(_ entries: [ProposalEntry]) throws(MLSError) {
        for entry in entries {
            guard case .update(let leafNode) = entry.proposal else { continue }
            guard case .member(let leaf) = entry.sender else { throw .proposal(.senderNotAllowed) }
            try validation.check(leafNode, for: .update(leaf), in: tree)
            try tree.update(leaf, to: leafNode)
            updated.append(leaf)
        }
    }

    /// What does not concern the tree.
    private mutating func takeRest(_ entries: [ProposalEntry], _ context: GroupContext) throws(MLSError) {
        var identifiers: Set<PreSharedKeyID> = []
        for entry in entries {
            switch entry.proposal {
            case .preSharedKey(let identifier):
                try Self.check(identifier, in: context)
                guard identifiers.insert(identifier).inserted else { throw .proposal(.duplicatePreSharedKey) }
                preSharedKeys.append(identifier)
            case .externalInit(let kemOutput):
                externalInit = kemOutput
            case .reInit(let reInit):
                guard reInit.version.rawValue >= context.version.rawValue else { throw .proposal(.olderVersion) }
                self.reInit = reInit
            case .add, .update, .remove, .groupContextExtensions:
                break
            }
        }
    }

    /// Section 12.1.4. What links a group to the one it continues is mixed in by its first Commit alone.
    private static func check(_ identifier: PreSharedKeyID, in context: GroupContext) throws(MLSError) {
        guard identifier.nonce.count == CipherSuite.hashByteCount else { throw .proposal(.wrongNonceLength) }
        if case .resumption(let usage, _, _) = identifier.source, usage != .application, context.epoch > 0 {
            throw .proposal(.wrongResumptionUsage)
        }
    }

    /// Section 12.2 for the Commit of a member.
    private static func checkList(_ entries: [ProposalEntry], by committer: LeafIndex) throws(MLSError) {
        var concerned: Set<LeafIndex> = []
        for entry in entries {
            guard entry.isAllowed else { throw .proposal(.senderNotAllowed) }
            switch (entry.proposal, entry.sender) {
            case (.update, .member(let leaf)):
                guard leaf != committer else { throw .proposal(.updateByCommitter) }
                guard concerned.insert(leaf).inserted else { throw .proposal(.twoForOneLeaf) }
            case (.remove(let leaf), _):
                guard leaf != committer else { throw .proposal(.removesCommitter) }
                guard concerned.insert(leaf).inserted else { throw .proposal(.twoForOneLeaf) }
            case (.externalInit, _):
                throw .proposal(.externalInit)
            case (.reInit, _):
                guard entries.count == 1 else { throw .proposal(.reInitNotAlone) }
            default:
                break
            }
        }
        guard entries.count(where: { $0.proposal.type == .groupContextExtensions }) <= 1 else {
            throw .proposal(.duplicateGroupContextExtensions)
        }
    }

    /// Section 12.2 for an external Commit.
    private static func checkExternalList(_ entries: [ProposalEntry]) throws(MLSError) {
        let types = entries.map(\.proposal.type)
        guard types.count(where: { $0 == .externalInit }) == 1 else { throw .proposal(.externalInit) }
        guard types.count(where: { $0 == .remove }) <= 1 else { throw .proposal(.twoForOneLeaf) }
        guard types.allSatisfy({ [.externalInit, .remove, .preSharedKey].contains($0) }),
            entries.allSatisfy({ $0.reference == nil })
        else { throw .proposal(.notForExternalCommit) }
    }
}

extension ProposalEntry {
    /// Whether senders of this kind may propose that (sections 12.1.8, 12.2). What is inside a Commit is the
    /// committer's.
    fileprivate var isAllowed: Bool {
        switch sender {
        case .member: proposal.type != .externalInit
        case .external:
            [.add, .remove, .preSharedKey, .reInit, .groupContextExtensions].contains(proposal.type)
        case .newMemberProposal: proposal.type == .add
        case .newMemberCommit: false
        }
    }
}
