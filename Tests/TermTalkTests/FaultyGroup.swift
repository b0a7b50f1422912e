import Chat
import Room
import SecureGroup
import Sodium

/// The group of a member that does wrong in one way or another, from when a test says so.
final class FaultyGroup: GroupEngine {
    private let inner: RoomGroup
    /// Its Commits look right to a relay, and can be followed by nobody: their last byte, of the membership tag, is another one. It
    /// follows them itself.
    var isSpoiling = false
    /// It cannot follow any Commit.
    var isDeaf = false
    /// It lets nobody in and removes nobody; its own new keys it gives itself as others do.
    var isSilent = false
    /// How often it was asked while it was silent.
    private(set) var silences = 0
    /// So is the last byte of its Welcomes, from now on.
    var spoilsWelcomes = false
    private var whole: [[UInt8]: [UInt8]] = [:]

    init(_ inner: RoomGroup) {
        self.inner = inner
    }

    private func spoil(_ commit: GroupCommit) -> GroupCommit {
        guard isSpoiling, let last = commit.commit.last else { return commit }
        var changed = commit
        changed.commit[changed.commit.count - 1] = last ^ 1
        whole[changed.commit] = commit.commit
        return changed
    }

    func commit(adding: [GroupCandidate], removing: [MemberID]) throws(GroupError) -> GroupCommit {
        if isSilent, !adding.isEmpty || !removing.isEmpty {
            silences += 1
            throw .unavailable
        }
        var commit = spoil(try inner.commit(adding: adding, removing: removing))
        if spoilsWelcomes, let last = commit.welcome.last { commit.welcome[commit.welcome.count - 1] = last ^ 1 }
        return commit
    }

    func received(commit: [UInt8], from sender: MemberID) throws(GroupError) -> GroupChange {
        if isDeaf { throw .forged }
        return try inner.received(commit: whole[commit] ?? commit, from: sender)
    }

    // The rest is as it is.

    var id: MemberID { inner.id }
    var epoch: UInt64 { inner.epoch }
    var members: Set<MemberID> { inner.members }
    var hasPendingCommit: Bool { inner.hasPendingCommit }
    var groupID: [UInt8] { inner.groupID }
    var chainStart: [UInt8] { inner.chainStart }
    var moderators: Set<MemberID> { inner.moderators }
    var hasExternalCommit: Bool { inner.hasExternalCommit }
    func signatureKey(of member: MemberID) -> [UInt8]? { inner.signatureKey(of: member) }
    func epochAuthenticator() throws(GroupError) -> SecretBytes { try inner.epochAuthenticator() }
    func keyPackage() -> [UInt8] { inner.keyPackage() }
    func create() throws(GroupError) -> [UInt8] { try inner.create() }
    func join(_ welcome: [UInt8], tree: [UInt8], host: MemberID?) throws(GroupError) {
        try inner.join(welcome, tree: tree, host: host)
    }
    func seal(_ plaintext: [UInt8], id: MessageID) throws(GroupError) -> [UInt8] { try inner.seal(plaintext, id: id) }
    func open(_ sealed: [UInt8], id: MessageID, from sender: MemberID) throws(GroupError) -> OpenedMessage {
        try inner.open(sealed, id: id, from: sender)
    }
    func sealPrivately(_ plaintext: [UInt8], id: MessageID, to receiver: MemberID) throws(GroupError) -> [UInt8] {
        try inner.sealPrivately(plaintext, id: id, to: receiver)
    }
    func openPrivately(_ sealed: [UInt8], id: MessageID, from sender: MemberID) throws(GroupError) -> OpenedMessage {
        try inner.openPrivately(sealed, id: id, from: sender)
    }
    func commit(moderator: MemberID, isModerator: Bool) throws(GroupError) -> GroupCommit {
        try inner.commit(moderator: moderator, isModerator: isModerator)
    }
    func canFollow(_ commit: GroupCommit, from sender: MemberID) -> Bool { inner.canFollow(commit, from: sender) }
    func forgetEpochs(before epoch: UInt64) { inner.forgetEpochs(before: epoch) }
    func dropPendingCommit() { inner.dropPendingCommit() }
    func groupSecret() -> SecretBytes? { inner.groupSecret() }
    var handshakeKey: SecretContent? { inner.handshakeKey }
    var secretGeneration: UInt64 { inner.secretGeneration }
    func commitNewSecret() throws(GroupError) -> GroupCommit { spoil(try inner.commitNewSecret()) }
    func sealedSecret(for candidate: GroupCandidate) -> [UInt8]? { inner.sealedSecret(for: candidate) }
    func takeSecret(_ sealed: [UInt8], from member: MemberID) throws(GroupError) -> Bool {
        try inner.takeSecret(sealed, from: member)
    }
    func commitExternally(_ groupInfo: [UInt8], tree: [UInt8], epoch: UInt64) throws(GroupError) -> GroupCommit {
        try inner.commitExternally(groupInfo, tree: tree, epoch: epoch)
    }
    func enterExternally() throws(GroupError) { try inner.enterExternally() }
}
