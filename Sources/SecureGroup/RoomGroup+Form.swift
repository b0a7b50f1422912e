internal import MLS
internal import Room

// What a room's group looks like: every client makes the same, and nothing else comes into the tree, whoever signs it.
extension RoomGroup {
    /// Bytes of a leaf node at most: ours have some 250.
    static let leafNodeByteCount = 512
    /// Bytes of the id of a group.
    static let groupIDByteCount = 16
    /// Bytes of a proposal that is no Add at most: a PreSharedKey has some 60.
    private static let proposalByteCount = 128

    /// The leaf nodes of a group at a relay, or of one at a host with a participant of its own.
    static func leafNodeProfile(isAtRelay: Bool) -> LeafNodeProfile {
        LeafNodeProfile(
            credential: .basic(identity: []),
            capabilities: Capabilities(
                cipherSuites: [suite.identifier],
                extensions: isAtRelay
                    ? [GroupSecret.proofExtension, GroupRoles.extensionType, GroupProofKeys.extensionType]
                    : [GroupRoles.extensionType]),
            extensions: isAtRelay ? [GroupSecret.proofExtension] : [], byteCount: leafNodeByteCount)
    }

    var leafNodeProfile: LeafNodeProfile { Self.leafNodeProfile(isAtRelay: secret != nil) }

    var configuration: GroupConfiguration {
        GroupConfiguration(
            padding: .multiple(of: Self.paddingUnit), privatePadding: .multiple(of: Self.privatePaddingUnit),
            encryptsHandshake: false,
            leafNodePolicy: LeafNodePolicy(time: nil, profile: leafNodeProfile))
    }

    /// What a group has agreed on that may be a room's: the context is the same for all of them but for that, the id, and what
    /// follows from its members. Nil for others.
    static func terms(of context: GroupContext, isAtRelay: Bool) -> GroupTerms? {
        guard context.groupID.count == groupIDByteCount, let terms = GroupTerms(context.extensions),
            (terms.proofKeys != nil) == isAtRelay
        else { return nil }
        return terms
    }

    /// Bytes that the proposals of a Commit have at most.
    static func proposalByteCount(adds: Int, others: Int) -> Int {
        adds * (RoomLimits.keyPackageByteCount + 16) + others * proposalByteCount + GroupTerms.proposalByteCount
    }

    /// Bytes of a Commit of this epoch at most.
    var commitByteLimit: Int {
        switch group {
        case .some(let group): group.commitByteLimit(proposals: Self.largestProposals)
        case .none: 0
        }
    }

    /// The same of whatever a room accepts.
    static let largestProposals = proposalByteCount(
        adds: RoomLimits.candidatesPerCommit,
        others: RoomLimits.candidatesPerCommit + RoomLimits.removalsPerCommit + 2)
}
