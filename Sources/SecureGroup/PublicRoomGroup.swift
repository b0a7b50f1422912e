package import Chat
internal import MLS
package import Room
package import Sodium

/// A room's group as its host or relay follows it: all that is public, and nothing that opens or seals.
///
/// Members are known by their ids; where they are in the tree follows from what Commits do.
package struct PublicRoomGroup: GroupBook {
    private let group: PublicGroup
    private let leaves: [MemberID: LeafIndex]

    package init(founding groupInfo: [UInt8], by creator: MemberID, isAtRelay: Bool) throws(GroupError) {
        do throws(MLSError) {
            let policy = LeafNodePolicy(time: nil, profile: RoomGroup.leafNodeProfile(isAtRelay: isAtRelay))
            group = try PublicGroup(groupInfo: groupInfo, suite: RoomGroup.suite, policy: policy)
            _ = try group.check(groupInfo: groupInfo, hasTree: true)
        } catch {
            throw .forged
        }
        guard let terms = RoomGroup.terms(of: group.context, isAtRelay: isAtRelay), group.context.epoch == 0,
            group.members.count == 1,
            let member = group.members.first, RoomGroup.id(of: member.signatureKey) == creator,
            terms.roles == GroupRoles(creator: member.signatureKey),
            terms.proofKeys.map({ $0.generation == 0 && $0.haveProven(member.leafNode) }) != false
        else { throw .forged }
        leaves = [creator: member.leaf]
    }

    package init(resuming groupInfo: [UInt8], tree: [UInt8], isAtRelay: Bool) throws(GroupError) {
        do throws(MLSError) {
            let policy = LeafNodePolicy(time: nil, profile: RoomGroup.leafNodeProfile(isAtRelay: isAtRelay))
            group = try PublicGroup(groupInfo: groupInfo, tree: tree, suite: RoomGroup.suite, policy: policy)
        } catch {
            throw .forged
        }
        var leaves: [MemberID: LeafIndex] = [:]
        for member in group.members { leaves[RoomGroup.id(of: member.signatureKey)] = member.leaf }
        guard RoomGroup.terms(of: group.context, isAtRelay: isAtRelay) != nil,
            leaves.count == group.members.count
        else { throw .forged }
        self.leaves = leaves
    }

    private init(_ group: PublicGroup, leaves: [MemberID: LeafIndex]) {
        self.group = group
        self.leaves = leaves
    }

    package var epoch: UInt64 { group.context.epoch }
    package var memberCount: Int { leaves.count }

    package func branch(of id: MemberID, from committer: MemberID) -> Int? {
        guard let leaf = leaves[id], let other = leaves[committer] else { return nil }
        return group.tree.encryptionTarget(of: leaf, from: other)?.rawValue
    }

    package var members: [MemberID] { Array(leaves.keys) }
    package var tree: [UInt8] { group.tree.encoded }

    package func contains(_ id: MemberID) -> Bool { leaves[id] != nil }

    package func isModerator(_ id: MemberID) -> Bool {
        guard let leaf = leaves[id], let key = group.tree.signatureKey(of: leaf) else { return false }
        return terms?.roles.keys.contains(key) ?? false
    }

    package var moderators: [MemberID] {
        (terms?.roles.keys ?? []).map { RoomGroup.id(of: $0) }.filter(contains)
    }

    private var terms: GroupTerms? { GroupTerms(group.context.extensions) }

    package var secretGeneration: UInt64 { terms?.proofKeys?.generation ?? 0 }

    package func generation(ofHandshakeKey key: SecretContent) -> UInt64? { terms?.proofKeys?.generation(of: key) }

    package func wouldAccept(_ candidate: GroupCandidate) -> Bool {
        guard let keyPackage = Self.keyPackage(of: candidate),
            terms?.proofKeys.map({ GroupSecret.isProven(keyPackage.leafNode, by: $0.current.proofKey) }) != false
        else { return false }
        return group.wouldAccept(keyPackage, replacing: leaves[candidate.id])
    }

    /// The key of its leaf, of which a member makes a new one each time, and which is its owner's alone. What is no KeyPackage is known
    /// by itself.
    package static func mark(of keyPackage: [UInt8]) -> [UInt8] {
        guard case .keyPackage(let read)? = try? MLSMessage(checkingLengthOf: keyPackage) else { return keyPackage }
        return read.leafNode.encryptionKey
    }

    package func isMember(_ candidate: GroupCandidate) -> Bool {
        guard let leaf = leaves[candidate.id], let keyPackage = Self.keyPackage(of: candidate),
            group.tree.signatureKey(of: leaf) == keyPackage.leafNode.signatureKey
        else { return false }
        return group.wouldAccept(keyPackage, replacing: leaf)
    }

    /// The KeyPackage, when its signature key has the candidate's id.
    static func keyPackage(of candidate: GroupCandidate) -> KeyPackage? {
        guard candidate.keyPackage.count <= RoomLimits.keyPackageByteCount,
            case .keyPackage(let keyPackage)? = try? MLSMessage(checkingLengthOf: candidate.keyPackage),
            RoomGroup.id(of: keyPackage.leafNode.signatureKey) == candidate.id
        else { return nil }
        return keyPackage
    }

    package func accepts(groupInfo: [UInt8]) -> Bool {
        (try? group.check(groupInfo: groupInfo)) != nil
    }

    package func answerByteCount(adding: Int, removing: Int) -> Int {
        group.commitByteLimit(proposals: RoomGroup.proposalByteCount(adds: adding, others: adding + removing + 2))
            + RoomLimits.welcomeByteCount + RoomLimits.groupInfoByteCount + 4 * RoomLimits.candidatesPerCommit
            + Self.requestByteCount
    }

    /// Lengths and the epoch in a request.
    private static let requestByteCount = 64

    package func stage(
        _ commit: [UInt8], from sender: MemberID, as purpose: CommitPurpose
    ) throws(GroupError) -> BookedCommit {
        let (adds, others) =
            switch purpose {
            // Perhaps who moderates.
            case .update: (0, 1)
            // Each candidate may replace a leaf; a pre-shared key; and whoever goes may be a moderator.
            case .answer(let candidates, let removals): (candidates.count, candidates.count + removals.count + 2)
            // ExternalInit, a pre-shared key, a former self.
            case .external: (0, 3)
            }
        let limit = group.commitByteLimit(proposals: RoomGroup.proposalByteCount(adds: adds, others: others))
        guard commit.count <= limit else { throw .forged }
        let staged: PublicGroup.Staged
        do throws(MLSError) {
            staged = try group.stage(commit, proposalLimit: adds + others)
        } catch {
            throw error == .wrongEpoch ? .otherEpoch : .forged
        }
        let effects = staged.effects
        guard GroupRules(context: group.context, tree: group.tree, leaves: leaves).allow(effects, by: sender),
            Self.fit(effects, purpose)
        else { throw .forged }
        var leaves = self.leaves
        let removed = effects.removed.map { RoomGroup.id(of: $0.signatureKey) }
        for id in removed { leaves[id] = nil }
        let added = effects.comers.map { RoomGroup.id(of: $0.signatureKey) }
        for (id, comer) in zip(added, effects.comers) { leaves[id] = comer.leaf }
        return BookedCommit(
            added: added, removed: removed.filter { leaves[$0] == nil },
            book: PublicRoomGroup(staged.group, leaves: leaves))
    }

    private static func fit(_ effects: CommitEffects, _ purpose: CommitPurpose) -> Bool {
        let removed = effects.removed.map { RoomGroup.id(of: $0.signatureKey) }
        switch purpose {
        case .update: return !effects.isExternal && effects.added.isEmpty && removed.isEmpty
        case .external: return effects.isExternal
        case .answer(let candidates, let removals):
            var offered: [MemberID: LeafNode] = [:]
            for candidate in candidates { offered[candidate.id] = keyPackage(of: candidate)?.leafNode }
            // Whoever comes back gets another leaf, and does not only lose its own.
            let allowed = Set(removals).union(effects.added.map { RoomGroup.id(of: $0.signatureKey) })
            return !effects.isExternal && removed.allSatisfy(allowed.contains)
                && effects.added.allSatisfy { offered[RoomGroup.id(of: $0.signatureKey)] == $0.leafNode }
        }
    }
}
