internal import Sodium

extension Group {
    /// Application data for the group, encrypted. `authenticatedData` goes in the clear.
    ///
    /// Throws ``MLSError/proposalsPending`` while there are proposals: section 12.4 wants them committed first.
    package mutating func encrypt(
        _ data: [UInt8], authenticatedData: [UInt8] = []
    ) throws(MLSError) -> [UInt8] {
        guard isActive else { throw .inactive }
        guard !hasProposals else { throw .proposalsPending }
        let content = frame(.application(data), authenticatedData)
        let authenticated = AuthenticatedContent.signed(
            content, wireFormat: .privateMessage, context: epoch.context, suite: suite, key: signingKey)
        return try sealed(authenticated)
    }

    /// Proposes anything but an Update, and keeps the proposal for a Commit of ours. The KeyPackage of an Add is checked
    /// as those who receive the proposal will check it.
    ///
    /// `time`, in seconds since 1970, is what its lifetime is checked against; nil leaves it unchecked.
    package mutating func propose(
        _ proposal: Proposal, authenticatedData: [UInt8] = [], at time: UInt64?
    ) throws(MLSError) -> [UInt8] {
        guard proposal.type != .update, proposal.type != .externalInit else { throw .misuse }
        if case .add(let keyPackage) = proposal {
            try check(keyPackage, at: time)
        }
        return try send(proposal, authenticatedData).message
    }

    /// Throws when no Commit could add the owner, even after the Removes that are proposed.
    private func check(_ keyPackage: KeyPackage, at time: UInt64?) throws(MLSError) {
        var tree = epoch.tree
        for case .remove(let leaf) in proposals.accepted.map(\.proposal) where tree[leaf] != nil {
            try tree.remove(leaf)
        }
        let validation = try LeafNodeValidation(
            suite: suite, groupID: groupID, groupExtensions: epoch.context.extensions,
            policy: configuration.policy(at: time))
        try validation.check(keyPackage, in: tree)
    }

    /// Leaves a proposal, received or our own, out of our Commits; those of others may carry it out all the same.
    mutating func refuseProposal(_ reference: [UInt8]) {
        proposals.refuse(reference)
    }

    /// Proposes a new leaf key of ours, to be committed by somebody else.
    package mutating func proposeUpdate(authenticatedData: [UInt8] = []) throws(MLSError) -> [UInt8] {
        guard var leafNode = epoch.tree[ownLeaf] else { throw .inactive }
        let key = NodeKey(X25519.PrivateKey())
        leafNode.encryptionKey = key.publicKey
        leafNode.source = .update
        leafNode.sign(with: signingKey, suite: suite, groupID: groupID, leaf: ownLeaf)
        let (message, reference) = try send(.update(leafNode), authenticatedData)
        ownUpdates[reference] = key
        return message
    }

    private mutating func send(
        _ proposal: Proposal, _ authenticatedData: [UInt8]
    ) throws(MLSError) -> (message: [UInt8], reference: [UInt8]) {
        guard isActive else { throw .inactive }
        let authenticated = AuthenticatedContent.signed(
            frame(.proposal(proposal), authenticatedData), wireFormat: handshakeFormat, context: epoch.context,
            suite: suite, key: signingKey)
        let reference = suite.proposalReference(authenticated.encoded)
        let entry = ProposalEntry(proposal: proposal, sender: .member(ownLeaf), reference: reference)
        try proposals.add(entry)
        return (try protectedHandshake(authenticated), reference)
    }

    /// How proposals and Commits are wrapped.
    var handshakeFormat: WireFormat { configuration.encryptsHandshake ? .privateMessage : .publicMessage }

    func frame(_ body: FramedContent.Body, _ authenticatedData: [UInt8]) -> FramedContent {
        FramedContent(
            groupID: groupID, epoch: epochNumber, sender: .member(ownLeaf), authenticatedData: authenticatedData,
            body: body)
    }

    /// The message of a proposal or Commit that is signed, and tagged if it must be.
    mutating func protectedHandshake(_ authenticated: AuthenticatedContent) throws(MLSError) -> [UInt8] {
        guard authenticated.wireFormat == .publicMessage else { return try sealed(authenticated) }
        let message = PublicMessage(
            authenticated, context: epoch.context, suite: suite, membershipKey: epoch.secrets.membershipKey)
        return MLSMessage.publicMessage(message).encoded
    }

    private mutating func sealed(_ authenticated: AuthenticatedContent) throws(MLSError) -> [UInt8] {
        let kind = SecretTree.Kind(authenticated.content.body.type)
        var ratchet = try epoch.secretTree.ratchet(of: ownLeaf, kind)
        let (generation, key) = try ratchet.next()
        epoch.secretTree.replace(ratchet, of: ownLeaf, kind)
        let message = try PrivateMessage.sealed(
            authenticated, from: ownLeaf, generation: generation, key: key,
            senderDataSecret: epoch.secrets.senderDataSecret, suite: suite, padding: configuration.padding)
        return MLSMessage.privateMessage(message).encoded
    }
}
