internal import Sodium
internal import Wire

/// Who may sign what in an epoch (RFC 9420 sections 6.1, 12.1.8, 12.4.3.2).
struct ContentVerification: Sendable {
    let context: GroupContext
    let tree: RatchetTree

    /// Checks signature, and that senders of this kind may send such content.
    func verify(_ authenticated: AuthenticatedContent) throws(MLSError) -> VerifiedContent {
        try authenticated.verified(
            by: try signatureKey(for: authenticated.content), context: context, suite: tree.suite)
    }

    private func signatureKey(for content: FramedContent) throws(MLSError) -> [UInt8] {
        switch (content.sender, content.body) {
        case (.member(let leaf), _):
            guard let leafNode = tree[leaf] else { throw .unknownMember }
            return leafNode.signatureKey
        case (.external(let index), .proposal):
            return try externalSender(index)
        case (.newMemberProposal, .proposal(.add(let keyPackage))):
            return keyPackage.leafNode.signatureKey
        case (.newMemberCommit, .commit(let commit)):
            guard let path = commit.path else { throw .proposal(.missingPath) }
            return path.leafNode.signatureKey
        default:
            throw .proposal(.senderNotAllowed)
        }
    }

    private func externalSender(_ index: UInt32) throws(MLSError) -> [UInt8] {
        guard let data = context.extensions.data(of: .externalSenders) else { throw .unknownMember }
        do throws(WireError) {
            var reader = ByteReader(data)
            let senders: [ExternalSender] = try reader.readList()
            try reader.finish()
            guard index < senders.count else { throw .invalidValue }
            return senders[Int(index)].signatureKey
        } catch {
            throw .unknownMember
        }
    }
}
