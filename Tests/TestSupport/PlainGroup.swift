package import Chat
package import Room
package import Sodium

/// A group without any secret, for tests of what is around groups: it knows epochs and members, and protects nothing.
package final class PlainGroup: GroupEngine {
    package let id: MemberID
    package private(set) var epoch: UInt64 = 0
    package private(set) var members: Set<MemberID> = []
    private var roles: Set<MemberID> = []
    package var moderators: Set<MemberID> { roles.intersection(members) }
    private var pending: [UInt8]?
    /// The first epoch that is opened.
    private var floor: UInt64 = 0
    private var isWaiting = false
    private var latestKeyPackage: [UInt8] = []
    /// Who else was in the group when it was in it last.
    private var formerMembers: Set<MemberID> = []
    /// Whether groups are made as at a relay.
    private let isAtRelay: Bool
    private var external: (epoch: UInt64, members: Set<MemberID>, roles: Set<MemberID>)?
    /// Who cannot follow the Commits of this one.
    package enum Hindrance: UInt64, Sendable {
        case nobody = 0
        case all = 1
        /// Those behind the second branch of ``PlainBook``.
        case oddIDs = 2

        fileprivate static let shift: UInt64 = 48

        fileprivate func hinders(_ id: MemberID) -> Bool {
            switch self {
            case .nobody: false
            case .all: true
            case .oddIDs: id.wireValue & 1 != 0
            }
        }
    }

    package var hindrance = Hindrance.nobody
    /// Whether the group can get another secret.
    package var hasSecretsLeft = true
    /// Signature keys that are not made from the id.
    package var keys: [MemberID: [UInt8]] = [:]

    /// Which of the secrets of a relay's group it knows.
    package private(set) var secretGeneration: UInt64

    package init(
        id: MemberID = MemberID(entropy: Random.uint32()), isAtRelay: Bool = false, secretGeneration: UInt64 = 0
    ) {
        self.id = id
        self.isAtRelay = isAtRelay
        self.secretGeneration = secretGeneration
    }

    package var hasPendingCommit: Bool { pending != nil }
    package var chainStart: [UInt8] { Self.bytes(epoch) }

    package var groupID: [UInt8] { [1] }

    package func signatureKey(of member: MemberID) -> [UInt8]? {
        members.contains(member) ? keys[member] ?? Self.bytes(member) : nil
    }

    package func epochAuthenticator() throws(GroupError) -> SecretBytes {
        SecretBytes(copying: Self.bytes(epoch).span)
    }

    package func keyPackage() -> [UInt8] {
        isWaiting = true
        if !members.isEmpty { formerMembers = members.subtracting([id]) }
        members = []
        pending = nil
        external = nil
        latestKeyPackage = Self.bytes(id) + Self.bytes(Random.uint64()) + Self.short(secretGeneration)
        return latestKeyPackage
    }

    @discardableResult
    package func create() throws(GroupError) -> [UInt8] {
        guard isWaiting else { throw .unavailable }
        isWaiting = false
        epoch = 0
        floor = 0
        members = [id]
        roles = [id]
        secretGeneration = 0
        return Self.info(epoch: 0, members, roles)
    }

    package func join(_ welcome: [UInt8], tree: [UInt8], host: MemberID?) throws(GroupError) {
        guard isWaiting, welcome.count >= 12, welcome[8..<12].elementsEqual(Self.short(secretGeneration)) else {
            throw .cannotJoin
        }
        isWaiting = false
        epoch = Self.number(welcome)
        floor = epoch
        members = Self.ids(tree)
        roles = Self.ids(welcome.dropFirst(12))
        guard members.contains(id) else { throw .cannotJoin }
    }

    package func seal(_ plaintext: [UInt8], id: MessageID) -> [UInt8] { Self.bytes(epoch) + plaintext }

    package func open(_ sealed: [UInt8], id: MessageID, from sender: MemberID) throws(GroupError) -> OpenedMessage {
        guard sealed.count >= 8, members.contains(sender) else { throw .forged }
        let epoch = Self.number(sealed)
        guard epoch <= self.epoch, epoch >= floor else { throw .otherEpoch }
        return OpenedMessage(plaintext: Array(sealed.dropFirst(8)), epoch: epoch)
    }

    package func sealPrivately(
        _ plaintext: [UInt8], id: MessageID, to receiver: MemberID
    ) throws(GroupError) -> [UInt8] {
        guard members.contains(receiver) else { throw .unavailable }
        return seal(plaintext, id: id)
    }

    package func openPrivately(
        _ sealed: [UInt8], id: MessageID, from sender: MemberID
    ) throws(GroupError) -> OpenedMessage {
        try open(sealed, id: id, from: sender)
    }

    package func commit(
        adding candidates: [GroupCandidate], removing: [MemberID]
    ) throws(GroupError) -> GroupCommit {
        guard pending == nil else { throw .unavailable }
        let usable = candidates.filter {
            $0.keyPackage.starts(with: Self.bytes($0.id)) && (!isAtRelay || Self.isProven($0, secretGeneration))
        }.map(\.id)
        let refused = candidates.map(\.id).filter { !usable.contains($0) }
        guard !usable.isEmpty || !removing.isEmpty || candidates.isEmpty else {
            return GroupCommit(epoch: epoch, refused: refused, commit: [])
        }
        let commit = Self.commit(epoch: epoch, by: id, adding: usable, removing: removing, hindering: hindrance)
        let after = members.subtracting(removing).union(usable)
        pending = commit
        var whole = GroupCommit(
            epoch: epoch, added: usable, removed: removing, refused: refused, commit: commit,
            welcome: usable.isEmpty ? [] : Self.bytes(epoch &+ 1) + Self.short(secretGeneration) + Self.tree(of: roles))
        whole.groupInfo = Self.info(epoch: epoch &+ 1, after, roles, generation: secretGeneration)
        return whole
    }

    package func commit(moderator: MemberID, isModerator: Bool) throws(GroupError) -> GroupCommit {
        guard pending == nil, roles.contains(moderator) != isModerator,
            !isModerator || roles.count < RoomLimits.moderators
        else { throw .unavailable }
        let commit = Self.commit(epoch: epoch, by: id, moderator: moderator, isModerator: isModerator)
        pending = commit
        var whole = GroupCommit(epoch: epoch, commit: commit)
        whole.groupInfo = Self.info(
            epoch: epoch &+ 1, members, Self.roles(roles, after: commit), generation: secretGeneration)
        return whole
    }

    /// The bytes of a Commit by which somebody is a moderator, or is none any more.
    package static func commit(
        epoch: UInt64, by id: MemberID, moderator: MemberID, isModerator: Bool
    ) -> [UInt8] {
        bytes(epoch) + bytes(id) + bytes(isModerator ? becomesModerator : becomesNone) + bytes(moderator)
    }

    private static let becomesModerator: UInt64 = 1 << 40
    private static let becomesNone: UInt64 = 1 << 41
    private static let renewsSecret: UInt64 = 1 << 42

    /// Whether a Commit gives the group another secret.
    static func isRenewal(_ commit: [UInt8]) -> Bool {
        commit.count == 24 && number(commit[12...]) & (1 << Hindrance.shift - 1) == renewsSecret
    }

    /// Whether the KeyPackage shows that its owner knows that secret of the group.
    package static func isProven(_ candidate: GroupCandidate, _ generation: UInt64) -> Bool {
        candidate.keyPackage.suffix(4).elementsEqual(short(generation))
    }

    /// The key for handshakes that stands for a secret.
    package static func handshakeKey(of generation: UInt64) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: generation) &+ 7, count: 32)
    }

    /// Who moderates after a Commit.
    static func roles(_ roles: Set<MemberID>, after commit: [UInt8]) -> Set<MemberID> {
        guard commit.count == 24 else { return roles }
        switch number(commit[12...]) {
        case becomesModerator: return roles.union(ids(commit[20...]))
        case becomesNone: return roles.subtracting(ids(commit[20...]))
        default: return roles
        }
    }

    /// The bytes of a Commit.
    package static func commit(
        epoch: UInt64, by id: MemberID, adding: [MemberID] = [], removing: [MemberID] = [],
        hindering: Hindrance = .nobody
    ) -> [UInt8] {
        bytes(epoch) + bytes(id) + bytes(UInt64(adding.count) | hindering.rawValue << Hindrance.shift)
            + (adding + removing).flatMap { bytes($0) }
    }

    /// What is told of an epoch; as short for many members as for few.
    package static func info(
        epoch: UInt64, _ members: Set<MemberID>, _ roles: Set<MemberID>, generation: UInt64 = 0
    ) -> [UInt8] {
        bytes(epoch) + BLAKE2b.hash(tree(of: members).span).prefix(16) + short(generation) + tree(of: roles)
    }

    /// How often the secret was another one, as told there.
    static func generation(in info: [UInt8]) -> UInt64 {
        info.dropFirst(24).prefix(4).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Who moderates, as told there.
    package static func roles(in info: [UInt8]) -> Set<MemberID> { ids(info.dropFirst(28)) }

    package static func tree(of members: Set<MemberID>) -> [UInt8] {
        members.sorted { $0.packed < $1.packed }.flatMap { bytes($0) }
    }

    package func groupSecret() -> SecretBytes? {
        isAtRelay ? SecretBytes(count: 16) : nil
    }

    package var handshakeKey: SecretContent? {
        isAtRelay ? SecretContent(copying: Self.handshakeKey(of: secretGeneration).span) : nil
    }

    package func commitNewSecret() throws(GroupError) -> GroupCommit {
        guard isAtRelay, hasSecretsLeft, pending == nil, secretGeneration + 1 < UInt64(RoomLimits.groupInvites) else {
            throw .unavailable
        }
        let commit =
            Self.bytes(epoch) + Self.bytes(id)
            + Self.bytes(Self.renewsSecret | hindrance.rawValue << Hindrance.shift) + Self.bytes(id)
        pending = commit
        var whole = GroupCommit(epoch: epoch, commit: commit)
        whole.groupInfo = Self.info(epoch: epoch &+ 1, members, roles, generation: secretGeneration + 1)
        return whole
    }
    package func sealedSecret(for candidate: GroupCandidate) -> [UInt8]? {
        guard isAtRelay, members.contains(candidate.id), candidate.id != id else { return nil }
        let said = Self.bytes(secretGeneration) + candidate.keyPackage
        return said + [UInt8](repeating: 0, count: max(0, RoomLimits.sealedSecretByteCount - said.count))
    }

    package func takeSecret(_ sealed: [UInt8], from member: MemberID) throws(GroupError) -> Bool {
        guard formerMembers.contains(member), sealed.dropFirst(8).starts(with: latestKeyPackage) else { throw .forged }
        defer { secretGeneration = Self.number(sealed) }
        return secretGeneration != Self.number(sealed)
    }

    package var hasExternalCommit: Bool { external != nil }

    package func commitExternally(
        _ groupInfo: [UInt8], tree: [UInt8], epoch: UInt64
    ) throws(GroupError) -> GroupCommit {
        let info = Self.info(epoch: epoch, Self.ids(tree), [], generation: secretGeneration)
        guard isWaiting, groupInfo.starts(with: info) else { throw .cannotJoin }
        roles = Self.roles(in: groupInfo)
        let after = Self.ids(tree).union([id])
        external = (epoch &+ 1, after, roles)
        var commit = GroupCommit(
            epoch: epoch, added: [id], commit: Self.commit(epoch: epoch, by: id, adding: [id]))
        commit.groupInfo = Self.info(epoch: epoch &+ 1, after, roles, generation: secretGeneration)
        return commit
    }

    package func enterExternally() throws(GroupError) {
        guard let (epoch, members, roles) = external.take() else { throw .unavailable }
        isWaiting = false
        self.epoch = epoch
        floor = epoch
        self.members = members
        self.roles = roles
    }

    package func forgetEpochs(before epoch: UInt64) {
        floor = max(floor, min(epoch, self.epoch))
    }

    package func canFollow(_ proposed: GroupCommit, from sender: MemberID) -> Bool {
        let commit = proposed.commit
        return commit.count >= 20 && Array(commit[8..<12]) == Self.bytes(sender) && Self.number(commit) == epoch
    }

    package func received(commit: [UInt8], from sender: MemberID) throws(GroupError) -> GroupChange {
        let (added, removed) = try Self.read(commit, from: sender, epoch: epoch)
        let isOwn = sender == id
        let hindrance = Hindrance(rawValue: Self.number(commit[12...]) >> Hindrance.shift) ?? .nobody
        if !isOwn, hindrance.hinders(id) { throw .forged }
        if isOwn, pending != commit { throw .forged }
        pending = nil
        roles = Self.roles(roles, after: commit)
        members = members.subtracting(removed).union(added)
        epoch += 1
        if Self.isRenewal(commit) { secretGeneration += 1 }
        return GroupChange(added: added, removed: removed.subtracting(added), isOwn: isOwn)
    }

    package func dropPendingCommit() {
        pending = nil
    }

    /// Whom a Commit adds and removes.
    static func read(
        _ commit: [UInt8], from sender: MemberID, epoch: UInt64
    ) throws(GroupError) -> (added: Set<MemberID>, removed: Set<MemberID>) {
        guard commit.count >= 20, Array(commit[8..<12]) == bytes(sender) else { throw .forged }
        guard Self.number(commit) == epoch else { throw .otherEpoch }
        let number = Self.number(commit[12...]) & (1 << Hindrance.shift - 1)
        guard number < becomesModerator else { return ([], []) }
        let count = Int(clamping: min(number, 65_536))
        return (ids(commit.dropFirst(20).prefix(4 * count)), ids(commit.dropFirst(20 + 4 * count)))
    }

    private static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) }
    }

    static func bytes(_ id: MemberID) -> [UInt8] {
        Array(bytes(UInt64(id.wireValue)).suffix(4))
    }

    private static func short(_ number: UInt64) -> [UInt8] { Array(bytes(number).suffix(4)) }

    static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
        bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    static func ids(_ bytes: some Collection<UInt8>) -> Set<MemberID> {
        let bytes = Array(bytes)
        return Set(
            stride(from: 0, to: bytes.count, by: 4).map { start in
                MemberID(entropy: bytes[start...].prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
            })
    }
}
