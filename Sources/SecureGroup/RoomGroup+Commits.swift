package import Chat
internal import MLS
package import Room
internal import Sodium

// The Commits that a member makes, and those that it receives.
extension RoomGroup {
    package func commit(adding candidates: [GroupCandidate], removing: [MemberID]) throws(GroupError) -> GroupCommit {
        do throws(GroupError) {
            return try commitTogether(candidates, removing)
        } catch {
            // Two that have a key in common can each come in, and not together: one at a time, then.
            guard candidates.count > 1 else { throw error }
            return try commitTogether([candidates[0]], removing)
        }
    }

    private func commitTogether(
        _ candidates: [GroupCandidate], _ removing: [MemberID]
    ) throws(GroupError) -> GroupCommit {
        var proposals: [Proposal] = []
        var commit = GroupCommit(epoch: epoch, removed: removing, commit: [])
        var removed: Set<MemberID> = []
        var comers: [[UInt8]] = []
        for candidate in candidates {
            guard let keyPackage = usable(candidate) else {
                commit.refused.append(candidate.id)
                continue
            }
            if let leaf = leaves[candidate.id], removed.insert(candidate.id).inserted {
                proposals.append(.remove(leaf))
            }
            proposals.append(.add(keyPackage))
            commit.added.append(candidate.id)
            comers.append(keyPackage.leafNode.signatureKey)
        }
        for id in removing {
            guard let leaf = leaves[id], removed.insert(id).inserted else { continue }
            proposals.append(.remove(leaf))
        }
        guard !proposals.isEmpty || candidates.isEmpty && removing.isEmpty else { return commit }
        let hasWork = !proposals.isEmpty
        if let secret, !commit.added.isEmpty {
            proposals.append(.preSharedKey(secret.newKeyID()))
        }
        if let terms {
            let kept = terms.following(gone: removed.compactMap(signatureKey(of:)), come: comers)
            if kept != terms { proposals.append(.groupContextExtensions(kept.extensions)) }
        }
        try stage(proposals, forcesPath: !hasWork, in: &commit)
        return commit
    }

    package func commit(moderator: MemberID, isModerator: Bool) throws(GroupError) -> GroupCommit {
        guard var terms, let key = signatureKey(of: moderator),
            let roles = terms.roles.setting(key, isModerator: isModerator)
        else { throw .unavailable }
        terms.roles = roles
        var commit = GroupCommit(epoch: epoch, commit: [])
        try stage([.groupContextExtensions(terms.extensions)], forcesPath: true, in: &commit)
        return commit
    }

    func stage(
        _ proposals: [Proposal], forcesPath: Bool, in commit: inout GroupCommit
    ) throws(GroupError) {
        let outgoing = try withGroup { (group) throws(MLSError) in
            // Whoever is only added needs no path: new keys for the committer, which are dear in a large room, come with its
            // Updates and with every removal. Lifetimes are not looked at: a KeyPackage is made and used at once, and clocks
            // differ.
            try group.commit(proposals, forcesPath: forcesPath, includesTree: false, at: nil)
        }
        commit.commit = outgoing.commit
        commit.welcome = outgoing.welcome ?? []
        commit.groupInfo = try withGroup { (group) throws(MLSError) in
            try group.pendingGroupInfo(allowsExternalCommit: true, includesTree: false)
        }
    }

    /// The KeyPackage, when it is whole, in order, that of its id, and new.
    private func usable(_ candidate: GroupCandidate) -> KeyPackage? {
        guard candidate.id != id, let keyPackage = PublicRoomGroup.keyPackage(of: candidate),
            secret.map({ GroupSecret.isProven(keyPackage.leafNode, by: $0.proofKeyBytes) }) != false
        else { return nil }
        return isNew(keyPackage, of: candidate.id) ? keyPackage : nil
    }

    /// Whether nobody has come in by the KeyPackage, and the group takes it but for what it shows to know.
    func isNew(_ keyPackage: KeyPackage, of id: MemberID) -> Bool {
        !spent.contains(keyPackage.leafNode.encryptionKey) && canAdd(keyPackage, replacing: leaves[id])
    }

    /// Whether the group takes it, alone; one that it does not take must not spoil the Commit for others.
    private func canAdd(_ keyPackage: KeyPackage, replacing leaf: LeafIndex?) -> Bool {
        switch group {
        case .some(let group): group.wouldAccept(keyPackage, replacing: leaf)
        case .none: false
        }
    }

    package func canFollow(_ commit: GroupCommit, from sender: MemberID) -> Bool {
        checked = nil
        guard sender != id, var current = group.take() else { return false }
        do throws(MLSError) {
            let staged = try staged(commit.commit, from: sender, in: &current)
            // Whoever comes in from outside later needs the right key.
            if try staged.hasExternalKey(of: commit.groupInfo, suite: Self.suite) {
                checked = CheckedCommit(bytes: commit.commit, sender: sender, staged: staged)
            }
        } catch {
            // It cannot be followed; the group is as before.
        }
        group = consume current
        return hasChecked
    }

    private var hasChecked: Bool {
        switch checked {
        case .some: true
        case .none: false
        }
    }

    package func received(commit: [UInt8], from sender: MemberID) throws(GroupError) -> GroupChange {
        let before = secretGeneration
        let effects: CommitEffects
        if let found = checked.take(), found.bytes == commit, found.sender == sender {
            effects = try follow(found)
        } else {
            effects = try withGroup { (group) throws(MLSError) in try apply(commit, from: sender, to: &group) }
        }
        if secretGeneration != before { try useNextSecret() }
        let comers = effects.comers
        for member in effects.added { spent.insert(member.leafNode.encryptionKey) }
        let gone = effects.removed.map { Self.id(of: $0.signatureKey) }
        for id in gone { leaves[id] = nil }
        let added = comers.map { Self.id(of: $0.signatureKey) }
        for (id, comer) in zip(added, comers) { leaves[id] = comer.leaf }
        members.subtract(gone)
        members.formUnion(added)
        let changed = note(comers)
        try beginEpoch()
        return GroupChange(
            added: Set(added), removed: Set(gone).subtracting(members), changedKeys: changed,
            isOwn: effects.committer.signatureKey == publicKey.bytes)
    }

    private func follow(_ commit: consuming CheckedCommit) throws(GroupError) -> CommitEffects {
        guard var current = group.take() else { throw .unavailable }
        let effects = commit.staged.effects
        var failure: MLSError?
        do throws(MLSError) {
            try current.apply(commit.staged)
        } catch {
            failure = error
        }
        group = consume current
        return try mapped { () throws(MLSError) in
            if let failure { throw failure }
            return effects
        }
    }

    private func apply(
        _ commit: [UInt8], from sender: MemberID, to group: inout Group
    ) throws(MLSError) -> CommitEffects {
        if sender == id {
            switch try group.receive(commit) {
            case .ownCommit: return try group.applyPendingCommit()
            case .application: throw .misuse
            case .proposal: throw .misuse
            case .commit: throw .misuse
            }
        }
        let staged = try staged(commit, from: sender, in: &group)
        let effects = staged.effects
        try group.apply(staged)
        return effects
    }

    /// A Commit of another member, or of somebody who comes in by itself, looked at in every way. A proposal would be kept, and stop what
    /// we say; there are none in rooms. Commits come as the room can read them.
    private func staged(
        _ commit: [UInt8], from sender: MemberID, in group: inout Group
    ) throws(MLSError) -> StagedCommit {
        guard commit.count <= group.commitByteLimit(proposals: Self.largestProposals) else { throw .limitExceeded }
        let staged = try group.receiveCommit(commit, proposalLimit: Self.proposalLimit)
        let effects = staged.effects
        guard !effects.removesSelf,
            GroupRules(context: group.context, tree: group.tree, leaves: leaves).allow(effects, by: sender),
            try followsSecret(effects, of: group),
            // Whoever has left is not brought back by somebody who has kept its KeyPackage.
            !effects.added.contains(where: { spent.contains($0.leafNode.encryptionKey) })
        else { throw .misuse }
        return staged
    }

    /// Whether the secret stays, or becomes the one that everybody in the group can make.
    private func followsSecret(_ effects: CommitEffects, of group: borrowing Group) throws(MLSError) -> Bool {
        let keys = GroupTerms(effects.extensions)?.proofKeys
        guard keys != GroupTerms(group.context.extensions)?.proofKeys else { return true }
        let next = try Self.nextSecret(of: group)
        secrets.next = next
        return keys?.current == next.mark
    }

    package func dropPendingCommit() {
        switch group.take() {
        case .some(var current):
            current.dropPendingCommit()
            group = consume current
        case .none:
            break
        }
    }
}

/// A Commit that can be followed, and what comes of it.
struct CheckedCommit: ~Copyable {
    let bytes: [UInt8]
    let sender: MemberID
    let staged: StagedCommit
}
