internal import MLS
package import Room
package import Sodium
internal import Wire

/// A member's side of a room's group: MLS (RFC 9420), suite 0x0003.
///
/// Sans-IO. Members are known by their ids, which are made from their signature keys; the same id with another key is
/// reported. Nothing that outsiders propose, and no external Commit, is ever taken.
package final class RoomGroup: GroupEngine {
    static let suite = CipherSuite.x25519ChaChaPoly
    /// What is said is padded, signature included, to a multiple of this, so that with all that is around it a short text
    /// fits the smallest sealed message of the session (docs/protocol.md, "Content").
    package static let paddingUnit = 336
    /// Bytes of a group's id.
    private static let groupIDByteCount = 16
    /// How long a KeyPackage is said to count, in seconds: it is used at once, but clocks differ.
    private static let lifetime: UInt64 = 30 * 24 * 3_600
    private static let clockTolerance = day
    private static let day: UInt64 = 24 * 3_600
    private static let chainLabel = "TermTalk message chain"
    /// Private messages whose ids are remembered, so that none is shown twice.
    static let rememberedPrivate = 8_192
    /// Keys remembered; past it those of whom is not in the group are forgotten. Some megabytes.
    static let pinnedKeys = 65_536

    private let signingKey: Ed25519.KeyPair
    /// The key that must vouch for the group, from the invite; nil when the room's host has to.
    private let creator: Ed25519.PublicKey?
    private let time: UInt64

    private var joining: OwnKeyPackage?
    private var group: Group?
    /// A Commit that was looked at and is not accepted by the room yet.
    private var checked: CheckedCommit?
    package private(set) var members: Set<MemberID> = []
    /// Where in the tree each member is.
    private var leaves: [MemberID: LeafIndex] = [:]
    /// The key that each id was first seen with.
    private var pinned: [MemberID: [UInt8]] = [:]
    private var privateIDs = RecentSet<MessageID>(limit: rememberedPrivate)
    /// The leaf keys of the KeyPackages by which somebody has come in.
    private var spent = RecentSet<[UInt8]>(limit: pinnedKeys)
    package private(set) var chainStart: [UInt8] = []

    /// - Parameters:
    ///   - creator: the signature key of the group's creator, from the invite.
    ///   - time: now, in seconds since 1970.
    package init(creator: Ed25519.PublicKey?, time: UInt64) {
        signingKey = Ed25519.KeyPair()
        self.creator = creator
        self.time = time
    }

    package var publicKey: Ed25519.PublicKey { signingKey.publicKey }

    package var id: MemberID { Self.id(of: signingKey.publicKey.bytes) }

    /// The id of a signature key: 30 bits of its hash.
    package static func id(of signatureKey: [UInt8]) -> MemberID {
        let hash = BLAKE2b.hash((Array("TermTalk member id".utf8) + signatureKey).span)
        return MemberID(entropy: hash.prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
    }

    package var epoch: UInt64 {
        switch group {
        case .some(let group): group.epochNumber
        case .none: 0
        }
    }

    package var groupID: [UInt8] {
        switch group {
        case .some(let group): group.groupID
        case .none: []
        }
    }

    package var hasPendingCommit: Bool {
        switch group {
        case .some(let group): group.hasPendingCommit
        case .none: false
        }
    }

    package func signatureKey(of member: MemberID) -> [UInt8]? {
        guard let leaf = leaves[member] else { return nil }
        return switch group {
        case .some(let group): group.member(at: leaf)?.signatureKey
        case .none: nil
        }
    }

    package func epochAuthenticator() throws(GroupError) -> SecretBytes {
        switch group {
        case .some(let group): return try mapped { () throws(MLSError) in try group.epochAuthenticator() }
        case .none: throw .unavailable
        }
    }

    // MARK: Joining

    package func keyPackage() -> [UInt8] {
        group = nil
        members = []
        leaves = [:]
        // By whole days: by how much a clock is wrong tells one machine from others.
        let today = time - time % Self.day
        let package = OwnKeyPackage(
            suite: Self.suite, credential: .basic(identity: []), signingKey: signingKey.clone(),
            lifetime: Lifetime(
                notBefore: today - min(today, Self.clockTolerance), notAfter: today.saturatingAdd(Self.lifetime)))
        let message = package.message
        joining = consume package
        return message
    }

    private static var configuration: GroupConfiguration {
        GroupConfiguration(padding: .multiple(of: paddingUnit))
    }

    package func create() throws(GroupError) {
        // Who knows the creator does not begin a group of its own because the host says so.
        guard creator == nil || creator == publicKey else { throw .wrongCreator }
        switch joining.take() {
        case .some(let package):
            do throws(MLSError) {
                group = try Group(
                    creating: Random.bytes(Self.groupIDByteCount), as: package, suite: Self.suite,
                    configuration: Self.configuration)
            } catch {
                throw .unavailable
            }
            _ = try entered()
        case .none:
            throw .unavailable
        }
    }

    package func join(_ welcome: [UInt8], host: MemberID?) throws(GroupError) {
        switch joining.take() {
        case .some(let package):
            let group: Group
            do throws(MLSError) {
                group = try Group(
                    joining: welcome, with: package, suite: Self.suite, configuration: Self.configuration)
            } catch {
                throw .cannotJoin
            }
            guard let signer = group.welcomedBy?.signatureKey else { throw .cannotJoin }
            if let creator {
                guard signer == creator.bytes else { throw .wrongCreator }
            } else if let host {
                guard Self.id(of: signer) == host else { throw .wrongCreator }
            }
            self.group = consume group
            do throws(GroupError) {
                _ = try entered()
            } catch {
                self.group = nil
                throw error
            }
        case .none:
            throw .unavailable
        }
    }

    /// Takes in who is there in a new epoch; returns those whose key is not the one of before.
    private func entered() throws(GroupError) -> Set<MemberID> {
        var changed: Set<MemberID> = []
        var leaves: [MemberID: LeafIndex] = [:]
        switch group {
        case .some(let group):
            for member in group.members {
                let id = Self.id(of: member.signatureKey)
                if let known = pinned[id], known != member.signatureKey {
                    changed.insert(id)
                }
                pinned[id] = member.signatureKey
                // One id has one leaf.
                guard leaves.updateValue(member.leaf, forKey: id) == nil else { throw .cannotJoin }
            }
            if pinned.count > Self.pinnedKeys {
                pinned = pinned.filter { leaves[$0.key] != nil }
            }
            let secret = try mapped { () throws(MLSError) in
                try group.export(label: Self.chainLabel, context: [], count: 32)
            }
            chainStart = secret.withBytes { bytes in bytes.indices.map { bytes[$0] } }
        case .none:
            throw .unavailable
        }
        self.leaves = leaves
        members = Set(leaves.keys)
        return changed
    }

    // MARK: Messages

    package func seal(_ plaintext: [UInt8], id: MessageID) throws(GroupError) -> [UInt8] {
        try withGroup { (group) throws(MLSError) in
            try group.encrypt(plaintext, authenticatedData: id.bytes)
        }
    }

    package func open(
        _ sealed: [UInt8], id: MessageID, from sender: MemberID
    ) throws(GroupError) -> OpenedMessage {
        let message = try withGroup { (group) throws(MLSError) -> ApplicationMessage in
            // Neither proposals nor Commits come this way; they must leave no trace in the group.
            guard case .privateMessage(let message) = try MLSMessage(checkingLengthOf: sealed),
                message.contentType == .application, message.authenticatedData == id.bytes,
                case .application(let opened) = try group.receive(sealed)
            else { throw .misuse }
            return opened
        }
        guard Self.id(of: message.sender.signatureKey) == sender else { throw .forged }
        return OpenedMessage(plaintext: message.data, epoch: message.epoch)
    }

    package func sealPrivately(
        _ plaintext: [UInt8], id: MessageID, to receiver: MemberID
    ) throws(GroupError) -> [UInt8] {
        guard let leaf = leaves[receiver] else { throw .unavailable }
        return try withGroup { (group) throws(MLSError) in
            try group.encryptPrivately(plaintext, to: leaf, authenticatedData: id.bytes)
        }
    }

    package func openPrivately(
        _ sealed: [UInt8], id: MessageID, from sender: MemberID
    ) throws(GroupError) -> OpenedMessage {
        let message = try withGroup { (group) throws(MLSError) in
            try group.decryptPrivately(sealed, authenticatedData: id.bytes)
        }
        guard Self.id(of: message.sender.signatureKey) == sender else { throw .forged }
        guard privateIDs.insert(id) else { throw .replayed }
        return OpenedMessage(plaintext: message.data, epoch: message.epoch)
    }

    // MARK: Commits

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
        let outgoing = try withGroup { (group) throws(MLSError) in
            // Who is only added needs no path: new keys for the committer, which are dear in a large room, come with its
            // Updates and with every removal. Lifetimes are not looked at: a KeyPackage is made and used at once, and clocks
            // differ.
            try group.commit(proposals, forcesPath: !hasWork, at: nil)
        }
        commit.commit = outgoing.commit
        commit.welcome = outgoing.welcome ?? []
        return commit
    }

    /// The KeyPackage, when it is whole, in order, that of its id, and new: who has left is not brought back by somebody who
    /// has kept its KeyPackage.
    private func usable(_ candidate: GroupCandidate) -> KeyPackage? {
        guard candidate.id != id,
            case .keyPackage(let keyPackage)? = try? MLSMessage(checkingLengthOf: candidate.keyPackage),
            Self.id(of: keyPackage.leafNode.signatureKey) == candidate.id,
            !spent.contains(keyPackage.leafNode.encryptionKey)
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
            let staged = try Self.staged(commit.commit, from: sender, in: &current)
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
                try Self.apply(commit, from: sender, to: &group, own: id)
            }
        }
        let changed = try entered()
        for member in effects.added { spent.insert(member.leafNode.encryptionKey) }
        let added = effects.added.map { Self.id(of: $0.signatureKey) }
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
        _ commit: [UInt8], from sender: MemberID, to group: inout Group, own: MemberID
    ) throws(MLSError) -> CommitEffects {
        if sender == own {
            try checkForm(of: commit)
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

    /// A proposal would be kept, and stop what we say; there are none in rooms. All of ours is encrypted.
    private static func checkForm(of commit: [UInt8]) throws(MLSError) {
        guard case .privateMessage(let message) = try MLSMessage(checkingLengthOf: commit),
            message.contentType == .commit
        else { throw .misuse }
    }

    /// A Commit of another member, looked at in every way: who comes in is added by a member, and one id has one leaf.
    private static func staged(
        _ commit: [UInt8], from sender: MemberID, in group: inout Group
    ) throws(MLSError) -> StagedCommit {
        try checkForm(of: commit)
        switch try group.receive(commit) {
        case .ownCommit:
            throw .misuse
        case .application:
            throw .misuse
        case .proposal:
            throw .misuse
        case .commit(let staged):
            let effects = staged.effects
            guard isAllowed(effects, by: sender, in: group) else { throw .misuse }
            return staged
        }
    }

    /// Who comes in is added by a member, one id has one leaf, and nothing but members and keys changes.
    private static func isAllowed(_ effects: CommitEffects, by sender: MemberID, in group: borrowing Group) -> Bool {
        !effects.isExternal && !effects.removesSelf && effects.reInit == nil && effects.updated.isEmpty
            && effects.preSharedKeys.isEmpty && effects.extensions == group.context.extensions
            && id(of: effects.committer.signatureKey) == sender && hasDistinctIDs(effects, in: group)
    }

    /// Whether nobody who is added has the id of somebody who stays.
    private static func hasDistinctIDs(_ effects: CommitEffects, in group: borrowing Group) -> Bool {
        let removed = Set(effects.removed.map(\.leaf))
        var ids = Set(group.members.filter { !removed.contains($0.leaf) }.map { id(of: $0.signatureKey) })
        return effects.added.allSatisfy { ids.insert(id(of: $0.signatureKey)).inserted }
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

    // MARK: The group

    private func withGroup<Result>(
        _ body: (inout Group) throws(MLSError) -> Result
    ) throws(GroupError) -> Result {
        switch group.take() {
        case .some(var current):
            let result: Swift.Result<Result, MLSError>
            do throws(MLSError) {
                result = .success(try body(&current))
            } catch {
                result = .failure(error)
            }
            group = consume current
            return try mapped { () throws(MLSError) in try result.get() }
        case .none:
            throw .unavailable
        }
    }

    private func mapped<Result: ~Copyable>(_ body: () throws(MLSError) -> Result) throws(GroupError) -> Result {
        do throws(MLSError) {
            return try body()
        } catch {
            switch error {
            case .generationGone: throw .replayed
            case .wrongEpoch, .wrongGroup: throw .otherEpoch
            case .inactive, .commitPending, .proposalsPending: throw .unavailable
            default: throw .forged
            }
        }
    }
}

/// A Commit that can be followed, and what comes of it.
private struct CheckedCommit: ~Copyable {
    let bytes: [UInt8]
    let sender: MemberID
    let staged: StagedCommit
}

extension MessageID {
    /// The id as 8 bytes, big-endian.
    fileprivate var bytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * UInt64($0))) }
    }
}

extension UInt64 {
    fileprivate func saturatingAdd(_ other: UInt64) -> UInt64 {
        let (sum, hasOverflowed) = addingReportingOverflow(other)
        return hasOverflowed ? .max : sum
    }
}
