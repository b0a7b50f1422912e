internal import Chat
internal import MLS

/// What Commits may do in a room's group, beside the rules of RFC 9420: members and the room ask for the same.
struct GroupRules {
    /// The group's context before the Commit.
    let context: GroupContext
    let tree: RatchetTree
    /// Where in the tree each member is, before the Commit.
    let leaves: [MemberID: LeafIndex]

    /// Whether nothing but members, keys and moderators changes, the Commit is `sender`'s, and each id has one leaf.
    func allow(_ effects: CommitEffects, by sender: MemberID) -> Bool {
        effects.reInit == nil && effects.updated.isEmpty && effects.authenticatedData.isEmpty
            && keepsTerms(effects)
            && RoomGroup.id(of: effects.committer.signatureKey) == sender && hasDistinctIDs(effects)
            && isKeyed(effects) && areProven(effects)
    }

    /// Whether what the group has agreed on is as before, but that whoever goes does not moderate any more; or was changed by a
    /// moderator, and nothing else was.
    private func keepsTerms(_ effects: CommitEffects) -> Bool {
        guard let before = GroupTerms(context.extensions) else { return false }
        let kept = before.following(
            gone: effects.removed.map(\.signatureKey), come: effects.comers.map(\.signatureKey))
        guard effects.extensions != kept.extensions else { return true }
        guard !effects.isExternal, effects.added.isEmpty, effects.removed.isEmpty,
            let after = GroupTerms(effects.extensions)
        else { return false }
        return before.mayBecome(after, by: effects.committer.signatureKey)
            && after.roles.keys.allSatisfy { before.roles.keys.contains($0) || isMember($0) }
    }

    /// Whether the key's owner is in the group.
    private func isMember(_ key: [UInt8]) -> Bool {
        leaves[RoomGroup.id(of: key)].flatMap { tree[$0] }?.signatureKey == key
    }

    private var proofKeys: GroupProofKeys? { GroupTerms(context.extensions)?.proofKeys }

    /// Whether all who come to a relay's group have shown that they know its secret. A committer that was there keeps the proof
    /// that it came with.
    private func areProven(_ effects: CommitEffects) -> Bool {
        guard let key = proofKeys?.current.proofKey else { return true }
        return effects.comers.allSatisfy { GroupSecret.isProven($0.leafNode, by: key) }
    }

    /// Whether nobody who comes has the id of somebody who stays, or of another one who comes.
    private func hasDistinctIDs(_ effects: CommitEffects) -> Bool {
        let removed = Set(effects.removed.map(\.leaf))
        var comers: Set<MemberID> = []
        return effects.comers.allSatisfy { comer in
            let id = RoomGroup.id(of: comer.signatureKey)
            return comers.insert(id).inserted && leaves[id].map(removed.contains) ?? true
        }
    }

    /// Whether the group's secret is in the keys of the next epoch when somebody comes at a relay, and else nothing is. By
    /// itself nobody takes more than its own former leaf, and at a host nobody who has none comes in by itself.
    private func isKeyed(_ effects: CommitEffects) -> Bool {
        let isAtRelay = proofKeys != nil
        let keys = effects.comers.isEmpty || !isAtRelay ? 0 : 1
        guard effects.preSharedKeys.count == keys, effects.preSharedKeys.allSatisfy(GroupSecret.isKey) else {
            return false
        }
        guard effects.isExternal else { return true }
        return (isAtRelay || !effects.removed.isEmpty)
            && effects.removed.allSatisfy { $0.signatureKey == effects.committer.signatureKey }
    }
}

extension CommitEffects {
    /// Those who are in the group anew, or with a new leaf.
    var comers: [Member] { added + (isExternal ? [committer] : []) }
}
