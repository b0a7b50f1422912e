package import Chat
internal import MLS
package import Room
package import Sodium
internal import Wire

/// A member's side of a room's group: MLS (RFC 9420), suite 0x0003.
///
/// Sans-IO. Members are known by their ids, which are made from their signature keys; the same id with another key is
/// reported. Nothing that outsiders propose is ever taken, and external Commits only in a relay's room
/// (`RoomGroup+Relay.swift`).
package final class RoomGroup: GroupEngine {
    static let suite = CipherSuite.x25519ChaChaPoly
    /// What is said is padded, signature included, to a multiple of this, so that with all that is around it a short text
    /// fits the smallest sealed message of the session (docs/protocol.md, "Content").
    static let paddingUnit = 336
    /// The same for what is said to one member, whose signature is outside.
    static let privatePaddingUnit = 288
    /// How long a KeyPackage is said to count, in seconds: it is used at once, but clocks differ.
    private static let lifetime: UInt64 = 30 * 24 * 3_600
    private static let clockTolerance = day
    private static let day: UInt64 = 24 * 3_600
    private static let chainLabel = "TermTalk message chain"
    /// Proposals in a Commit: candidates, each of which may replace a leaf, removals, a pre-shared key, and who moderates.
    static let proposalLimit = 2 * RoomLimits.candidatesPerCommit + RoomLimits.removalsPerCommit + 2
    /// Keys remembered; some megabytes.
    static let pinnedKeys = 65_536

    private let signingKey: Ed25519.KeyPair
    let trust: GroupTrust
    /// Of a relay's room.
    var secrets = RoomSecrets()
    /// Whether a host's own participant has let us in: it has created the group, and nobody else does.
    private var isOfHost = false
    private let time: UInt64

    var joining: OwnKeyPackage?
    var group: Group?
    var external: OutsideEntry?
    /// A Commit that was looked at and is not accepted by the room yet.
    var checked: CheckedCommit?
    package internal(set) var members: Set<MemberID> = []
    /// Where in the tree each member is.
    var leaves: [MemberID: LeafIndex] = [:]
    private var pinned = PinnedKeys(limit: pinnedKeys)
    private var openedPrivately = OpenedPrivately()
    /// The leaf keys of the KeyPackages by which somebody has come in.
    var spent = RecentSet<[UInt8]>(limit: pinnedKeys)
    package private(set) var chainStart: [UInt8] = []

    /// - Parameters:
    ///   - trust: what makes the group the right one.
    ///   - time: now, in seconds since 1970.
    ///   - signingKey: made from randomness, and of this room only.
    package init(
        trust: GroupTrust, time: UInt64, signingKey: consuming Ed25519.KeyPair = Ed25519.KeyPair()
    ) {
        self.signingKey = signingKey
        self.trust = trust
        self.time = time
        if case .secret(let secret) = trust { secrets.current = secret }
    }

    /// In a host's room: `creator` vouches for the group, or the host's own participant does.
    package convenience init(creator: Ed25519.PublicKey?, time: UInt64) {
        self.init(trust: creator.map(GroupTrust.creator) ?? .host, time: time)
    }

    /// Of a relay's room: what every member must have shown to know.
    package var secret: GroupSecret? { secrets.current }

    package var publicKey: Ed25519.PublicKey { signingKey.publicKey }

    package var id: MemberID { Self.id(of: signingKey.publicKey.bytes) }

    func sign(_ content: [UInt8], label: String) -> [UInt8] {
        Self.suite.signWithLabel(signingKey, label: label, content: content)
    }

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

    /// What the group has agreed on.
    var terms: GroupTerms? {
        switch group {
        case .some(let group): GroupTerms(group.context.extensions)
        case .none: nil
        }
    }

    package var moderators: Set<MemberID> {
        Set((terms?.roles.keys ?? []).filter { signatureKey(of: Self.id(of: $0)) == $0 }.map(Self.id))
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
        case .some(let group): group.signatureKey(of: leaf)
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
        rememberGroup()
        group = nil
        external = nil
        members = []
        leaves = [:]
        openedPrivately = OpenedPrivately()
        let package = newKeyPackage()
        let message = package.message
        joining = consume package
        return message
    }

    private func newKeyPackage() -> OwnKeyPackage {
        // By whole days: by how much a clock is wrong tells one machine from others.
        let today = time - time % Self.day
        return OwnKeyPackage(
            suite: Self.suite, credential: leafNodeProfile.credential, signingKey: signingKey.clone(),
            lifetime: Lifetime(
                notBefore: today - min(today, Self.clockTolerance), notAfter: today.saturatingAdd(Self.lifetime)),
            capabilities: leafNodeProfile.capabilities,
            leafExtensions: secret.map { [$0.proof(for: publicKey.bytes)] } ?? [])
    }

    /// The pre-shared keys that Commits and Welcomes may name.
    var preSharedKeys: PreSharedKeys { secret?.preSharedKeys ?? PreSharedKeys() }

    @discardableResult
    package func create() throws(GroupError) -> [UInt8] {
        guard joining.take() != nil else { throw .unavailable }
        switch trust {
        case .creator(let creator) where creator != publicKey: throw .wrongCreator
        case .secret: throw .wrongCreator
        case .host, .creator: break
        case .address where isOfHost: throw .wrongCreator
        // One that could not be told to the relay is used again: somebody may have it from us.
        case .address, .first: secrets.current = secret ?? GroupSecret()
        }
        do throws(MLSError) {
            group = try Group(
                creating: Random.bytes(Self.groupIDByteCount), as: newKeyPackage(), suite: Self.suite,
                extensions: GroupTerms(
                    roles: GroupRoles(creator: publicKey.bytes),
                    proofKeys: secret.map { GroupProofKeys(first: $0.mark) }
                ).extensions, configuration: configuration,
                preSharedKeys: preSharedKeys)
        } catch {
            throw .unavailable
        }
        try entered()
        return try withGroup { (group) throws(MLSError) in
            try group.groupInfo(allowsExternalCommit: true)
        }
    }

    package func join(_ welcome: [UInt8], tree: [UInt8], host: MemberID?) throws(GroupError) {
        guard welcome.count <= RoomLimits.welcomeByteCount else { throw .cannotJoin }
        switch joining.take() {
        case .some(let package):
            let group: Group
            do throws(MLSError) {
                group = try Group(
                    joining: welcome, with: package, suite: Self.suite, tree: tree, configuration: configuration,
                    preSharedKeys: preSharedKeys)
            } catch {
                throw .cannotJoin
            }
            guard isRight(group, host: host) else { throw .wrongCreator }
            external = nil
            isOfHost = secret == nil
            self.group = consume group
            do throws(GroupError) {
                try entered()
            } catch {
                self.group = nil
                throw error
            }
        case .none:
            throw .unavailable
        }
    }

    /// Whether the group that a Welcome lets us into is the one we want.
    private func isRight(_ group: borrowing Group, host: MemberID?) -> Bool {
        guard let signer = group.welcomedBy, vouches(for: group.context, signer) else { return false }
        guard secret == nil else { return group.welcomeKeys.contains(where: GroupSecret.isKey) }
        return switch trust {
        case .creator(let creator): signer.signatureKey == creator.bytes
        case .host, .address: Self.id(of: signer.signatureKey) == host
        case .first, .secret: false
        }
    }

    /// Takes in who is there in the first epoch that we see.
    func entered() throws(GroupError) {
        let all: [Member]
        switch group {
        case .some(let group): all = group.members
        case .none: throw .unavailable
        }
        var leaves: [MemberID: LeafIndex] = [:]
        for member in all {
            // One id has one leaf.
            guard leaves.updateValue(member.leaf, forKey: Self.id(of: member.signatureKey)) == nil else {
                throw .cannotJoin
            }
        }
        self.leaves = leaves
        members = Set(leaves.keys)
        _ = note(all)
        try beginEpoch()
    }

    /// Remembers the keys of those who are there now; returns those whose key is not the one of before.
    func note(_ comers: [Member]) -> Set<MemberID> {
        var changed: Set<MemberID> = []
        for member in comers where pinned.note(member.signatureKey, of: Self.id(of: member.signatureKey)) {
            changed.insert(Self.id(of: member.signatureKey))
        }
        pinned.trim { leaves[$0] != nil }
        return changed
    }

    package func forgetEpochs(before epoch: UInt64) {
        openedPrivately.forget(before: epoch)
        switch group.take() {
        case .some(var current):
            current.forgetEpochs(before: epoch)
            group = consume current
        case .none:
            break
        }
    }

    func beginEpoch() throws(GroupError) {
        switch group {
        case .some(let group):
            let kept = UInt64(Limits.maximumPastEpochs)
            openedPrivately.forget(before: group.epochNumber - min(group.epochNumber, kept))
            let secret = try mapped { () throws(MLSError) in
                try group.export(label: Self.chainLabel, context: [], count: 32)
            }
            chainStart = secret.withBytes { bytes in bytes.indices.map { bytes[$0] } }
        case .none:
            throw .unavailable
        }
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
        let signatureKey = self.signatureKey(of: sender)
        let message = try withGroup { (group) throws(MLSError) -> ApplicationMessage in
            // Neither proposals nor Commits come this way; they must leave no trace in the group.
            guard case .privateMessage(let message) = try MLSMessage(checkingLengthOf: sealed),
                message.contentType == .application, message.authenticatedData == id.bytes,
                case .application(let opened) = try group.receive(sealed, from: signatureKey)
            else { throw .misuse }
            return opened
        }
        guard Self.id(of: message.signatureKey) == sender else { throw .forged }
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
        guard Self.id(of: message.signatureKey) == sender else { throw .forged }
        try openedPrivately.insert(id, from: sender, epoch: message.epoch)
        return OpenedMessage(plaintext: message.data, epoch: message.epoch)
    }

    // MARK: The group

    func withGroup<Result>(
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

    func mapped<Result: ~Copyable>(_ body: () throws(MLSError) -> Result) throws(GroupError) -> Result {
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
