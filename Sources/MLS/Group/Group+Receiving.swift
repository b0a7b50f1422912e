extension Group {
    /// Takes one message for the group, in three steps that types keep apart: decoded (``MLSMessage``), verified
    /// (``VerifiedContent``), processed (``Received``).
    ///
    /// `time`, in seconds since 1970, is what the lifetime of added KeyPackages is checked against; nil leaves it
    /// unchecked. `signatureKey` is that of the member that is said to have sent it, if anybody says so: what is encrypted as
    /// another member's is refused before anything is derived for it. A Commit with more than `proposalLimit` proposals is
    /// refused before any is looked at. After an error the group is as it was before, but for
    /// the count of what was done in vain (``Limits/maximumPassedGenerations``).
    package mutating func receive(
        _ bytes: [UInt8], from signatureKey: [UInt8]? = nil, at time: UInt64? = nil,
        proposalLimit: Int = Limits.maximumProposals
    ) throws(MLSError) -> Received {
        guard !wasRemoved else { throw .inactive }
        switch try MLSMessage(checkingLengthOf: bytes) {
        case .publicMessage(let message):
            if isPendingCommit(bytes) { return .ownCommit }
            return try process(try verify(message), at: time, proposalLimit)
        case .privateMessage(let message):
            if isPendingCommit(bytes) { return .ownCommit }
            return try receive(message, from: signatureKey, at: time, proposalLimit)
        case .welcome, .groupInfo, .keyPackage:
            throw .misuse
        }
    }

    /// The same of a Commit that comes as a PublicMessage, of another member or of somebody who comes in by itself. Nothing else is
    /// taken: what else a group keeps, or answers to, is none of its sender's business.
    ///
    /// - Throws: ``MLSError/misuse`` for what is no such Commit, our own that waits included.
    package mutating func receiveCommit(_ bytes: [UInt8], proposalLimit: Int) throws(MLSError) -> StagedCommit {
        guard !wasRemoved else { throw .inactive }
        guard case .publicMessage(let message) = try MLSMessage(checkingLengthOf: bytes),
            message.content.body.type == .commit, !isPendingCommit(bytes)
        else { throw .misuse }
        switch try process(try verify(message), at: nil, proposalLimit) {
        case .commit(let staged): return staged
        case .application: throw .misuse
        case .proposal: throw .misuse
        case .ownCommit: throw .misuse
        }
    }

    private func isPendingCommit(_ bytes: [UInt8]) -> Bool {
        switch phase {
        case .committing(let pending): pending.message == bytes
        default: false
        }
    }

    private func verify(_ message: PublicMessage) throws(MLSError) -> VerifiedContent {
        guard message.content.groupID == groupID else { throw .wrongGroup }
        guard message.content.epoch == epochNumber else { throw .wrongEpoch }
        if case .member(ownLeaf) = message.content.sender { throw .ownMessage }
        let authenticated = try message.unprotected(
            context: epoch.context, suite: suite, membershipKey: epoch.secrets.membershipKey)
        return try ContentVerification(context: epoch.context, tree: epoch.tree).verify(authenticated)
    }

    private mutating func receive(
        _ message: PrivateMessage, from signatureKey: [UInt8]?, at time: UInt64?, _ proposalLimit: Int
    ) throws(MLSError) -> Received {
        guard message.groupID == groupID else { throw .wrongGroup }
        guard message.epoch == epochNumber else { return try receiveLate(message, from: signatureKey) }
        let senderData = try message.senderData(secret: epoch.secrets.senderDataSecret, suite: suite)
        guard senderData.leaf != ownLeaf else { throw .ownMessage }
        let signer = try Self.signer(epoch.tree.signatureKey(of: senderData.leaf), saidToBe: signatureKey)
        let (verified, ratchet) = try Self.open(
            message, senderData, by: signer, from: &epoch.secretTree, context: epoch.context, suite: suite)
        let kind = SecretTree.Kind(message.contentType)
        guard case .application(let data) = verified.content.body else {
            let received = try process(verified, at: time, proposalLimit)
            epoch.secretTree.replace(ratchet, of: senderData.leaf, kind)
            return received
        }
        epoch.secretTree.replace(ratchet, of: senderData.leaf, kind)
        return .application(Self.application(data, verified, senderData, signer))
    }

    /// Only application data is read late: a proposal or a Commit of a past epoch means nothing any more.
    private func receiveLate(_ message: PrivateMessage, from signatureKey: [UInt8]?) throws(MLSError) -> Received {
        guard message.contentType == .application,
            let past = pastEpochs.first(where: { $0.context.epoch == message.epoch })
        else { throw .wrongEpoch }
        let senderData = try message.senderData(secret: past.senderDataSecret, suite: suite)
        guard senderData.leaf != ownLeaf else { throw .ownMessage }
        let signer = try Self.signer(past.signatureKey(of: senderData.leaf), saidToBe: signatureKey)
        let (verified, ratchet) = try Self.open(
            message, senderData, by: signer, from: &past.secretTree, context: past.context, suite: suite)
        guard case .application(let data) = verified.content.body else { throw .wrongEpoch }
        past.secretTree.replace(ratchet, of: senderData.leaf, .application)
        return .application(Self.application(data, verified, senderData, signer))
    }

    /// The key of the member that has encrypted something, unless it is said to be of somebody else.
    private static func signer(_ key: [UInt8]?, saidToBe claimed: [UInt8]?) throws(MLSError) -> [UInt8] {
        guard let key, claimed == nil || claimed == key else { throw .unknownMember }
        return key
    }

    /// Decrypts and verifies. The key counts as used when the ratchet that is returned is put back.
    private static func open(
        _ message: PrivateMessage, _ senderData: SenderData, by signer: [UInt8], from secretTree: inout SecretTree,
        context: GroupContext, suite: CipherSuite
    ) throws(MLSError) -> (VerifiedContent, HashRatchet) {
        let kind = SecretTree.Kind(message.contentType)
        let before = try secretTree.ratchet(of: senderData.leaf, kind)
        var ratchet = before
        let key = try ratchet.take(senderData.generation)
        do throws(MLSError) {
            let authenticated = try message.opened(senderData, key: key, suite: suite)
            return (try authenticated.verified(by: signer, context: context, suite: suite), ratchet)
        } catch {
            ratchet = before
            ratchet.wasVain(senderData.generation)
            secretTree.replace(ratchet, of: senderData.leaf, kind)
            throw error
        }
    }

    private static func application(
        _ data: [UInt8], _ verified: VerifiedContent, _ senderData: SenderData, _ signer: [UInt8]
    ) -> ApplicationMessage {
        ApplicationMessage(
            sender: senderData.leaf, signatureKey: signer, epoch: verified.content.epoch,
            generation: senderData.generation, data: data, authenticatedData: verified.content.authenticatedData)
    }

    /// A proposal or a Commit of the current epoch.
    private mutating func process(
        _ verified: VerifiedContent, at time: UInt64?, _ proposalLimit: Int
    ) throws(MLSError) -> Received {
        guard isActive else { throw .inactive }
        let content = verified.content
        switch content.body {
        case .application:
            throw .applicationDataInTheClear
        case .proposal(let proposal):
            guard content.sender != .newMemberProposal || configuration.acceptsNewMemberProposals else {
                throw .proposal(.senderNotAllowed)
            }
            let reference = suite.proposalReference(verified.authenticated.encoded)
            try proposals.add(ProposalEntry(proposal: proposal, sender: content.sender, reference: reference))
            return .proposal(
                ReceivedProposal(
                    sender: content.sender, proposal: proposal, reference: reference,
                    authenticatedData: content.authenticatedData))
        case .commit(let commit):
            guard commit.proposals.count <= proposalLimit else { throw .limitExceeded }
            return .commit(try stage(commit, verified, at: time))
        }
    }
}
