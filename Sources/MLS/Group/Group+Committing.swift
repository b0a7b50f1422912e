internal import Sodium

extension Group {
    /// Commits `new` and what was proposed in this epoch (RFC 9420 section 12.4.1), and stages the epoch after it until
    /// ``applyPendingCommit()`` or ``dropPendingCommit()``.
    ///
    /// Of the proposals that were sent before, those that the rules forbid together with `new` are left out; so are
    /// our own Updates, because the path does their work. Without `forcesPath` a Commit that only adds members has no
    /// path. `includesTree` says whether the Welcome brings the tree; otherwise the new member must get it elsewhere.
    /// `time`, in seconds since 1970, is what the lifetimes of new members' leaves are checked against; nil leaves them
    /// unchecked.
    package mutating func commit(
        _ new: [Proposal] = [], authenticatedData: [UInt8] = [], forcesPath: Bool = true, includesTree: Bool = true,
        at time: UInt64?
    ) throws(MLSError) -> OutgoingCommit {
        guard isActive else { throw .inactive }
        guard !hasPendingCommit else { throw .commitPending }
        let entries = try selectEntries(with: new, at: time)
        let applied = try apply(entries, at: time)
        var tree = applied.tree
        let hasPath = forcesPath || applied.requiresPath
        let path = hasPath ? try freshPath(in: &tree) : nil
        var context = try epoch.context.next(&tree, applied.extensions)
        let commit = Commit(
            proposals: entries.map(\.listed), path: try Self.encrypted(path, tree, applied.newLeaves, context))
        var authenticated = AuthenticatedContent.signed(
            frame(.commit(commit), authenticatedData), wireFormat: handshakeFormat, context: epoch.context,
            suite: suite, key: signingKey)
        context.confirmedTranscriptHash = TranscriptHash.confirmed(
            authenticated, interimBefore: epoch.interimTranscriptHash, suite: suite)
        let schedule = try KeySchedule(
            suite: suite, initSecret: epoch.secrets.initSecret, commitSecret: Self.commitSecret(of: path),
            preSharedKeySecret: try suite.preSharedKeySecret(try preSharedKeys.keys(applied.preSharedKeys)),
            context: context)
        let next = try EpochState(
            context: context, tree: tree, keys: nextKeys(path, tree),
            secrets: try schedule.epochSecrets(context: context))
        authenticated.authentication.confirmationTag = next.confirmationTag
        guard let committer = tree.member(at: ownLeaf) else { throw .unknownMember }
        let effects = CommitEffects(
            committer: committer, isExternal: false, applied, in: tree, removesSelf: false, epoch: context.epoch,
            authenticatedData: authenticatedData)
        let welcome = try welcome(to: applied, path, schedule, next, includesTree: includesTree)
        let message = try protectedHandshake(authenticated)
        phase = .committing(PendingCommit(message: message, effects: effects, next: next))
        return OutgoingCommit(commit: message, welcome: welcome, effects: effects)
    }

    private func apply(_ entries: [ProposalEntry], at time: UInt64?) throws(MLSError) -> AppliedProposals {
        try AppliedProposals(
            entries, by: ownLeaf, tree: epoch.tree, context: epoch.context, policy: configuration.policy(at: time))
    }

    /// What is in `new`, and of the others as much as is valid beside it: Removes are preferred, of several Updates the
    /// last, and a ReInit waits for all others (section 12.2).
    private func selectEntries(with new: [Proposal], at time: UInt64?) throws(MLSError) -> [ProposalEntry] {
        let own = new.map { ProposalEntry(proposal: $0, sender: .member(ownLeaf), reference: nil) }
        let stored = proposals.accepted.filter { entry in
            if case .update = entry.proposal { entry.sender != .member(ownLeaf) } else { true }
        }
        let ordered =
            stored.filter { $0.proposal.type == .remove }
            + stored.reversed().filter { $0.proposal.type == .update }
            + stored.filter { ![.remove, .update, .reInit].contains($0.proposal.type) }
            + stored.filter { $0.proposal.type == .reInit }
        guard !ordered.isEmpty else { return own }
        if isValid(own + ordered, at: time) { return own + ordered }
        var selected = own
        for entry in ordered where isValid(selected + [entry], at: time) {
            selected.append(entry)
        }
        return selected
    }

    private func isValid(_ entries: [ProposalEntry], at time: UInt64?) -> Bool {
        guard let applied = try? apply(entries, at: time) else { return false }
        return (try? preSharedKeys.keys(applied.preSharedKeys)) != nil
    }

    private func freshPath(in tree: inout RatchetTree) throws(MLSError) -> FreshPath {
        guard let leafNode = tree[ownLeaf] else { throw .unknownMember }
        return try FreshPath(
            updating: ownLeaf, in: &tree, template: leafNode, groupID: groupID, signingKey: signingKey)
    }

    private static func encrypted(
        _ path: borrowing FreshPath?, _ tree: RatchetTree, _ newLeaves: Set<LeafIndex>, _ context: GroupContext
    ) throws(MLSError) -> UpdatePath? {
        switch path {
        case .some(let path): try path.encrypted(in: tree, newLeaves: newLeaves, context: context.encoded)
        case .none: nil
        }
    }

    private static func commitSecret(of path: borrowing FreshPath?) -> SecretBytes {
        switch path {
        case .some(let path): path.commitSecret.clone()
        case .none: SecretBytes(count: CipherSuite.hashByteCount)
        }
    }

    private func nextKeys(_ path: borrowing FreshPath?, _ tree: RatchetTree) -> TreeKeys {
        switch path {
        case .some(let path):
            return path.keys(replacing: epoch.keys, in: tree)
        case .none:
            var keys = epoch.keys.clone()
            keys.forgetReplaced(in: tree)
            return keys
        }
    }

    /// The Welcome for those who are added (section 12.4.3.1); nil when there are none.
    private func welcome(
        to applied: AppliedProposals, _ path: borrowing FreshPath?, _ schedule: borrowing KeySchedule,
        _ next: borrowing EpochState, includesTree: Bool
    ) throws(MLSError) -> [UInt8]? {
        guard !applied.added.isEmpty else { return nil }
        let tree = includesTree ? [Extension(type: .ratchetTree, data: next.tree.encoded)] : []
        let info = GroupInfo(
            context: next.context, extensions: tree, confirmationTag: next.confirmationTag, signer: ownLeaf,
            suite: suite, key: signingKey)
        let sealing = try suite.welcomeKey(schedule.welcomeSecret())
        let encryptedGroupInfo = suite.aead.seal(
            info.encoded.span, authenticating: [UInt8]().span, nonce: try sealing.nonce(),
            key: sealing.key.bytes)
        var secrets: [EncryptedGroupSecrets] = []
        for (leaf, keyPackage) in applied.added {
            let groupSecrets = GroupSecrets(
                joinerSecret: schedule.joinerSecret.clone(), pathSecret: try Self.pathSecret(of: path, for: leaf),
                preSharedKeys: applied.preSharedKeys)
            let plaintext = groupSecrets.encoded()
            let (kemOutput, ciphertext) = try plaintext.withBytes { (plaintext) throws(MLSError) in
                try suite.encryptWithLabel(
                    publicKey: keyPackage.initKey, label: "Welcome", context: encryptedGroupInfo,
                    plaintext: plaintext)
            }
            secrets.append(
                EncryptedGroupSecrets(
                    newMember: keyPackage.reference(suite),
                    encryptedGroupSecrets: HPKECiphertext(kemOutput: kemOutput, ciphertext: ciphertext)))
        }
        let welcome = Welcome(
            cipherSuite: suite.identifier, secrets: secrets, encryptedGroupInfo: encryptedGroupInfo)
        return MLSMessage.welcome(welcome).encoded
    }

    private static func pathSecret(
        of path: borrowing FreshPath?, for leaf: LeafIndex
    ) throws(MLSError) -> SecretBytes? {
        switch path {
        case .some(let path): try path.pathSecret(for: leaf)
        case .none: nil
        }
    }
}
