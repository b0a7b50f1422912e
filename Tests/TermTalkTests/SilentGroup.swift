import Chat
import Room
import SecureGroup
import Sodium

/// The group of a member that, while it is silent, answers to nobody's coming in; its own new keys it gives itself as others do.
final class SilentGroup: GroupEngine {
    private let inner: RoomGroup
    var isSilent = false
    /// How often it was asked while it was silent.
    private(set) var silences = 0

    init(_ inner: RoomGroup) { self.inner = inner }

    func commit(adding: [GroupCandidate], removing: [MemberID]) throws(GroupError) -> GroupCommit {
        if isSilent, !adding.isEmpty || !removing.isEmpty {
            silences += 1
            throw .unavailable
        }
        return try inner.commit(adding: adding, removing: removing)
    }

    func received(commit: [UInt8], from sender: MemberID) throws(GroupError) -> GroupChange {
        try inner.received(commit: commit, from: sender)
    }
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
    func commitNewSecret() throws(GroupError) -> GroupCommit { try inner.commitNewSecret() }
    func sealedSecret(for candidate: GroupCandidate) -> [UInt8]? { inner.sealedSecret(for: candidate) }
    func takeSecret(_ sealed: [UInt8], from member: MemberID) throws(GroupError) -> Bool {
        try inner.takeSecret(sealed, from: member)
    }
    func commitExternally(_ groupInfo: [UInt8], tree: [UInt8], epoch: UInt64) throws(GroupError) -> GroupCommit {
        try inner.commitExternally(groupInfo, tree: tree, epoch: epoch)
    }
    func enterExternally() throws(GroupError) { try inner.enterExternally() }
}
