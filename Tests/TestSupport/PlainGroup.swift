package import Room
package import Sodium

/// A group without any secret, for tests of what is around groups: it knows epochs and members, and protects nothing.
package final class PlainGroup: GroupEngine {
    package let id: MemberID
    package private(set) var epoch: UInt64 = 0
    package private(set) var members: Set<MemberID> = []
    private var pending: [UInt8]?
    private var isWaiting = false
    /// Whether groups are made as at a relay.
    private let isAtRelay: Bool
    private var hasCreated = false
    private var external: (epoch: UInt64, members: Set<MemberID>)?
    /// Signature keys that are not made from the id.
    package var keys: [MemberID: [UInt8]] = [:]

    package init(id: MemberID = MemberID(entropy: Random.uint32()), isAtRelay: Bool = false) {
        self.id = id
        self.isAtRelay = isAtRelay
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
        members = []
        pending = nil
        external = nil
        return Self.bytes(id)
    }

    package func create() throws(GroupError) {
        guard isWaiting else { throw .unavailable }
        isWaiting = false
        epoch = 0
        members = [id]
        hasCreated = isAtRelay
    }

    package func join(_ welcome: [UInt8], host: MemberID?) throws(GroupError) {
        guard isWaiting, welcome.count >= 8 else { throw .cannotJoin }
        isWaiting = false
        epoch = Self.number(welcome)
        members = Self.ids(welcome.dropFirst(8))
        guard members.contains(id) else { throw .cannotJoin }
    }

    package func seal(_ plaintext: [UInt8], id: MessageID) -> [UInt8] { Self.bytes(epoch) + plaintext }

    package func open(_ sealed: [UInt8], id: MessageID, from sender: MemberID) throws(GroupError) -> OpenedMessage {
        guard sealed.count >= 8, members.contains(sender) else { throw .forged }
        let epoch = Self.number(sealed)
        guard epoch <= self.epoch, self.epoch - epoch <= 2 else { throw .otherEpoch }
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
        let usable = candidates.filter { $0.keyPackage == Self.bytes($0.id) }.map(\.id)
        let refused = candidates.map(\.id).filter { !usable.contains($0) }
        let added = Array(Self.bytes(UInt64(usable.count))) + usable.flatMap { Self.bytes($0) }
        let commit = Self.bytes(epoch) + Self.bytes(id) + added + removing.flatMap { Self.bytes($0) }
        let after = members.subtracting(removing).union(usable)
        pending = commit
        var whole = GroupCommit(
            epoch: epoch, added: usable, removed: removing, refused: refused, commit: commit,
            welcome: usable.isEmpty ? [] : Self.bytes(epoch &+ 1) + after.flatMap { Self.bytes($0) })
        whole.groupInfo = info(epoch: epoch &+ 1, after)
        return whole
    }

    private func info(epoch: UInt64, _ members: Set<MemberID>) -> [UInt8] {
        isAtRelay ? Self.bytes(epoch) + members.flatMap { Self.bytes($0) } : []
    }

    package func createdSecret() -> SecretBytes? {
        hasCreated ? SecretBytes(count: 16) : nil
    }

    package func sealedGroupInfo() -> [UInt8] { info(epoch: epoch, members) }

    package var hasExternalCommit: Bool { external != nil }

    package func commitExternally(_ sealed: [UInt8], epoch: UInt64) throws(GroupError) -> GroupCommit {
        guard isWaiting, sealed.count >= 8, Self.number(sealed) == epoch else { throw .cannotJoin }
        let after = Self.ids(sealed.dropFirst(8)).union([id])
        external = (epoch &+ 1, after)
        var commit = GroupCommit(
            epoch: epoch, added: [id],
            commit: Self.bytes(epoch) + Self.bytes(id) + Self.bytes(1 as UInt64) + Self.bytes(id))
        commit.groupInfo = info(epoch: epoch &+ 1, after)
        return commit
    }

    package func enterExternally() throws(GroupError) {
        guard let (epoch, members) = external.take() else { throw .unavailable }
        isWaiting = false
        self.epoch = epoch
        self.members = members
    }

    package func accepts(_ commit: GroupCommit, from sender: MemberID) -> Bool {
        commit.commit.count >= 20 && Array(commit.commit[8..<12]) == Self.bytes(sender)
            && Self.number(commit.commit) == epoch
    }

    package func received(commit: [UInt8], from sender: MemberID) throws(GroupError) -> GroupChange {
        guard commit.count >= 20, Array(commit[8..<12]) == Self.bytes(sender) else { throw .forged }
        guard Self.number(commit) == epoch else { throw .otherEpoch }
        let isOwn = sender == id
        if isOwn, pending != commit { throw .forged }
        pending = nil
        let count = Int(clamping: min(Self.number(commit[12...]), 65_536))
        let added = Self.ids(commit.dropFirst(20).prefix(4 * count))
        let removed = Self.ids(commit.dropFirst(20 + 4 * count))
        members = members.subtracting(removed).union(added)
        epoch += 1
        return GroupChange(added: added, removed: removed.subtracting(added), isOwn: isOwn)
    }

    package func dropPendingCommit() {
        pending = nil
    }

    private static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) }
    }

    private static func bytes(_ id: MemberID) -> [UInt8] {
        Array(bytes(UInt64(id.wireValue)).suffix(4))
    }

    private static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
        bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func ids(_ bytes: some Collection<UInt8>) -> Set<MemberID> {
        let bytes = Array(bytes)
        return Set(
            stride(from: 0, to: bytes.count, by: 4).map { start in
                MemberID(entropy: bytes[start...].prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
            })
    }
}
