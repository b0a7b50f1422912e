internal import Sodium
internal import Wire

/// A group as a GroupInfo describes it, checked as one who joins must (RFC 9420 section 12.4.3.1).
struct JoinableGroup: Sendable {
    let groupInfo: GroupInfo
    /// The tree, all of whose leaves and parent hashes hold.
    let tree: RatchetTree
    /// Who vouches for it.
    let signer: Member

    /// `externalTree` is the tree when the GroupInfo does not bring it.
    init(
        _ groupInfo: GroupInfo, externalTree: [UInt8]?, suite: CipherSuite, policy: LeafNodePolicy
    ) throws(MLSError) {
        let context = groupInfo.context
        guard context.version == .mls10, context.cipherSuite == suite.identifier else { throw .unsupported }
        guard groupInfo.extensions.hasDistinctTypes else { throw .tree(.duplicateExtension) }
        guard let encodedTree = groupInfo.extensions.data(of: .ratchetTree) ?? externalTree else { throw .cannotJoin }
        var tree: RatchetTree
        do throws(WireError) {
            tree = try RatchetTree(decoding: encodedTree, suite: suite)
        } catch {
            throw .malformed(error)
        }
        guard let signer = tree.member(at: groupInfo.signer) else { throw .unknownMember }
        try groupInfo.verifySignature(by: signer.signatureKey, suite: suite)
        guard tree.treeHash() == context.treeHash else { throw .cannotJoin }
        let validation = try LeafNodeValidation(
            suite: suite, groupID: context.groupID, groupExtensions: context.extensions, policy: policy)
        try validation.check(&tree)
        self.groupInfo = groupInfo
        self.tree = tree
        self.signer = signer
    }
}
