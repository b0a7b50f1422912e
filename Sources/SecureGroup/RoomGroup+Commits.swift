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
        let outgoing = try withGroup { (group) throws(MLSError) in
            // Who is only added needs no path: new keys for the committer, which are dear in a large room, come with its
            // Updates and with every removal. Lifetimes are not looked at: a KeyPackage is made and used at once, and clocks
            // differ.
            try group.commit(proposals, forcesPath: !hasWork, at: nil)
        }
        commit.commit = outgoing.commit
        commit.welcome = outgoing.welcome ?? []
        commit.groupInfo = sealedGroupInfo()
        return commit
    }

    /// The KeyPackage, when it is whole, in order, that of its id, and new: who has left is not brought back by somebody who
    /// has kept its KeyPackage.
    private func usable(_ candidate: GroupCandidate) -> KeyPackage? {
        guard candidate.id != id,
            case .keyPackage(let keyPackage)? = try? MLSMessage(checkingLengthOf: candidate.keyPackage),
            Self.id(of: keyPackage.leafNode.signatureKey) == candidate.id,
            secret?.isProven(keyPackage.leafNode) != false, !spent.contains(keyPackage.leafNode.encryptionKey)
        else { return nil }
        return canAdd(keyPackage, replacing: leaves[candidate.id]) ? keyPackage : nil
    }

    /// Whether the group takes it, alone; one that it does not take must not spoil the Commit for others.
    private func canAdd(_ keyPackage: KeyPackage, replacing leaf: LeafIndex?) -> Bool {
        switch group {
        case .some(let group): group.wouldAccept(keyPackage, replacing: leaf)
        case .none: false
        }
    }

    package func accepts(_ commit: GroupCommit, from sender: MemberID) -> Bool {
        checked = nil
        guard var current = group.take() else { return false }
        let added = Set(commit.added)
        let removed = Set(commit.removed).union(added)
        var isAccepted = false
        do throws(MLSError) {
            let staged = try Self.staged(
                commit.commit, from: sender, in: &current, secret,
                proposalLimit: 2 * commit.added.count + commit.removed.count + 1,
                proposalByteLimit: Self.proposalByteCount(
                    adds: commit.added.count, others: commit.added.count + commit.removed.count + 1))
            let effects = staged.effects
            if Set(effects.added.map({ Self.id(of: $0.signatureKey) })) == added,
                effects.removed.allSatisfy({ removed.contains(Self.id(of: $0.signatureKey)) })
            {
                checked = CheckedCommit(bytes: commit.commit, sender: sender, staged: staged)
                isAccepted = true
            }
        } catch {
            // It cannot be followed; the group is as before.
        }
        group = consume current
        return isAccepted
    }

    package func received(commit: [UInt8], from sender: MemberID) throws(GroupError) -> GroupChange {
        let effects: CommitEffects
        if let found = checked.take(), found.bytes == commit, found.sender == sender {
            effects = try follow(found)
        } else {
            effects = try withGroup { (group) throws(MLSError) in
                try Self.apply(commit, from: sender, to: &group, own: id, secret: secret)
            }
        }
        let changed = try entered()
        for member in effects.added { spent.insert(member.leafNode.encryptionKey) }
        let comers = effects.added + (effects.isExternal ? [effects.committer] : [])
        let added = comers.map { Self.id(of: $0.signatureKey) }
        let removed = effects.removed.map { Self.id(of: $0.signatureKey) }
        return GroupChange(
            added: Set(added), removed: Set(removed).subtracting(members), changedKeys: changed,
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

    private static func apply(
        _ commit: [UInt8], from sender: MemberID, to group: inout Group, own: MemberID, secret: GroupSecret?
    ) throws(MLSError) -> CommitEffects {
        if sender == own {
            try checkForm(of: commit, secret)
            switch try group.receive(commit) {
            case .ownCommit: return try group.applyPendingCommit()
            case .application: throw .misuse
            case .proposal: throw .misuse
            case .commit: throw .misuse
            }
        }
        let staged = try staged(commit, from: sender, in: &group, secret)
        let effects = staged.effects
        try group.apply(staged)
        return effects
    }

    /// A proposal would be kept, and stop what we say; there are none in rooms. All of members' is encrypted.
    private static func checkForm(of commit: [UInt8], _ secret: GroupSecret?) throws(MLSError) {
        switch try MLSMessage(checkingLengthOf: commit) {
        case .privateMessage(let message) where message.contentType == .commit: break
        case .publicMessage(let message) where secret != nil && message.content.sender == .newMemberCommit: break
        default: throw .misuse
        }
    }

    /// A Commit of another member, or of somebody who comes in by itself, looked at in every way: one id has one leaf.
    private static func staged(
        _ commit: [UInt8], from sender: MemberID, in group: inout Group, _ secret: GroupSecret?,
        proposalLimit: Int = RoomGroup.proposalLimit, proposalByteLimit: Int = RoomGroup.largestProposals
    ) throws(MLSError) -> StagedCommit {
        guard commit.count <= group.commitByteLimit(proposals: proposalByteLimit) else { throw .limitExceeded }
        try checkForm(of: commit, secret)
        switch try group.receive(commit, proposalLimit: proposalLimit) {
        case .ownCommit:
            throw .misuse
        case .application:
            throw .misuse
        case .proposal:
            throw .misuse
        case .commit(let staged):
            let effects = staged.effects
            guard isAllowed(effects, by: sender, in: group, secret) else { throw .misuse }
            return staged
        }
    }

    /// One id has one leaf, and nothing but members and keys changes.
    private static func isAllowed(
        _ effects: CommitEffects, by sender: MemberID, in group: borrowing Group, _ secret: GroupSecret?
    ) -> Bool {
        !effects.removesSelf && effects.reInit == nil && effects.updated.isEmpty && effects.authenticatedData.isEmpty
            && effects.extensions == group.context.extensions
            && id(of: effects.committer.signatureKey) == sender && hasDistinctIDs(effects, in: group)
            && mayEnter(effects, secret)
    }

    /// Whether nobody who is added has the id of somebody who stays.
    private static func hasDistinctIDs(_ effects: CommitEffects, in group: borrowing Group) -> Bool {
        let removed = Set(effects.removed.map(\.leaf))
        var ids = Set(group.members.filter { !removed.contains($0.leaf) }.map { id(of: $0.signatureKey) })
        let comers = effects.added + (effects.isExternal ? [effects.committer] : [])
        return comers.allSatisfy { ids.insert(id(of: $0.signatureKey)).inserted }
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
