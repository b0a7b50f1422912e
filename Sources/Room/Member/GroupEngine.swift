package import Chat
package import Sodium

/// A member's side of the room's group: who is in it, and what makes bytes of what its members say.
///
/// Rooms, sessions and hosts see only what the engine returns. `MemberClient` owns one. It has no clock and no sockets;
/// `SecureGroup` implements it with RFC 9420.
package protocol GroupEngine: AnyObject {
    /// The id that belongs to this member's signature key.
    var id: MemberID { get }
    /// The number of the current epoch.
    var epoch: UInt64 { get }
    /// Who is in the group in the current epoch.
    var members: Set<MemberID> { get }
    /// Whether a Commit of ours is on its way: it comes back by ``received(commit:from:)``, or has lost.
    var hasPendingCommit: Bool { get }
    /// The same for all members, and chosen by the creator; empty where there is no group.
    var groupID: [UInt8] { get }
    /// The key that a member signs with; nil for somebody who is not in the group.
    func signatureKey(of member: MemberID) -> [UInt8]?
    /// The same for all members of the epoch, and for nobody else.
    func epochAuthenticator() throws(GroupError) -> SecretBytes
    /// Where the chain of messages of the current epoch begins: known to the members only.
    var chainStart: [UInt8] { get }

    /// A new KeyPackage. The member is in no group from now on, until it creates or joins one.
    func keyPackage() -> [UInt8]
    /// Begins a group of one; at a relay with a secret of its own. Whoever knows that somebody else is the creator throws
    /// ``GroupError/wrongCreator``. Returns what the room needs to follow the group.
    @discardableResult
    func create() throws(GroupError) -> [UInt8]
    /// Joins by a Welcome and the tree of its epoch. Where nothing else says who the creator is, it must be vouched for by
    /// `host`.
    func join(_ welcome: [UInt8], tree: [UInt8], host: MemberID?) throws(GroupError)

    /// Encrypts for all members and signs; `id` is bound to it.
    func seal(_ plaintext: [UInt8], id: MessageID) throws(GroupError) -> [UInt8]
    /// What `sender` has sealed under this `id`.
    func open(_ sealed: [UInt8], id: MessageID, from sender: MemberID) throws(GroupError) -> OpenedMessage
    /// Encrypts for one member and signs.
    func sealPrivately(_ plaintext: [UInt8], id: MessageID, to receiver: MemberID) throws(GroupError) -> [UInt8]
    /// What `sender` has sealed for this member.
    func openPrivately(_ sealed: [UInt8], id: MessageID, from sender: MemberID) throws(GroupError) -> OpenedMessage

    /// Stages the next epoch, with fresh keys of ours, until it comes back. Whoever is in the group already and comes anew gets
    /// a new leaf.
    func commit(adding: [GroupCandidate], removing: [MemberID]) throws(GroupError) -> GroupCommit
    /// Who of the members moderates, as all of them know it.
    var moderators: Set<MemberID> { get }
    /// Stages the next epoch, with fresh keys of ours, in which somebody is a moderator, or is none any more. Throws
    /// ``GroupError/unavailable`` when that changes nothing or cannot be.
    func commit(moderator: MemberID, isModerator: Bool) throws(GroupError) -> GroupCommit
    /// Whether a Commit of another member can be followed, and its GroupInfo lets others follow it from outside. What was found
    /// out is kept for ``received(commit:from:)``.
    func canFollow(_ commit: GroupCommit, from sender: MemberID) -> Bool
    /// A Commit that the room has accepted, also our own: the next epoch begins.
    func received(commit: [UInt8], from sender: MemberID) throws(GroupError) -> GroupChange
    /// Nothing that was said before this epoch is to be opened any more.
    func forgetEpochs(before epoch: UInt64)
    /// Our Commit has lost.
    func dropPendingCommit()

    // At a relay.

    /// The secret that lets others into the group at a relay; nil at a host.
    func groupSecret() -> SecretBytes?
    /// The Noise pre-shared key that is made from it.
    var handshakeKey: SecretContent? { get }
    /// How often it has been another one.
    var secretGeneration: UInt64 { get }
    /// Stages the next epoch, with fresh keys of ours, in which the secret is another one, made by all who are in this epoch.
    /// Only a moderator's is taken. Throws ``GroupError/unavailable`` where that cannot be.
    func commitNewSecret() throws(GroupError) -> GroupCommit
    /// The secret, for a member that has lost the group and comes anew with this KeyPackage, and nobody else; nil where it is none,
    /// or has another key than in the group.
    func sealedSecret(for candidate: GroupCandidate) -> [UInt8]?
    /// The secret, sealed for our latest KeyPackage by somebody who was in the group when we were in it last. From now on it is
    /// what we know. Returns whether it is another one than before.
    func takeSecret(_ sealed: [UInt8], from member: MemberID) throws(GroupError) -> Bool
    /// A Commit with which we join the group of a GroupInfo and the tree of its epoch ourselves; for the same epoch the same, as
    /// it may be accepted late.
    func commitExternally(_ groupInfo: [UInt8], tree: [UInt8], epoch: UInt64) throws(GroupError) -> GroupCommit
    /// Whether there is such a Commit.
    var hasExternalCommit: Bool { get }
    /// It was accepted.
    func enterExternally() throws(GroupError)
}

/// What went wrong with the group. None of it says why: what a peer sent is not to be believed anyway.
package enum GroupError: Error, Equatable, CaseIterable {
    /// Not signed by its supposed sender, or changed on its way.
    case forged
    /// Seen before.
    case replayed
    /// Of an epoch that is over and forgotten, or that has not begun here.
    case otherEpoch
    /// The Welcome does not let this member in.
    case cannotJoin
    /// The Welcome is for a group of somebody else than the creator.
    case wrongCreator
    /// Not possible now: no member of a group, or a Commit is on its way.
    case unavailable
}

/// Who wants to be added.
package struct GroupCandidate: Sendable, Equatable {
    package var id: MemberID
    package var keyPackage: [UInt8]

    package init(id: MemberID, keyPackage: [UInt8]) {
        self.id = id
        self.keyPackage = keyPackage
    }
}

/// A Commit of ours, for the room.
package struct GroupCommit: Sendable, Equatable {
    /// The epoch that it ends.
    package var epoch: UInt64
    /// Whom it adds and removes: not told to the room, which sees that.
    package var added: [MemberID]
    package var removed: [MemberID]
    /// Candidates whose KeyPackages cannot be used.
    package var refused: [MemberID]
    /// For the members; empty when there is nothing to commit.
    package var commit: [UInt8]
    /// For those who are added.
    package var welcome: [UInt8]
    /// At a relay: the epoch that it begins, for those who come while nobody is there.
    package var groupInfo: [UInt8] = []

    package init(
        epoch: UInt64, added: [MemberID] = [], removed: [MemberID] = [], refused: [MemberID] = [], commit: [UInt8],
        welcome: [UInt8] = []
    ) {
        self.epoch = epoch
        self.added = added
        self.removed = removed
        self.refused = refused
        self.commit = commit
        self.welcome = welcome
    }
}

/// What a Commit has done.
package struct GroupChange: Sendable, Equatable {
    /// Those who are in the group now, and were not, or have a new leaf.
    package var added: Set<MemberID>
    package var removed: Set<MemberID>
    /// Members that came back under the same id with another signature key.
    package var changedKeys: Set<MemberID>
    var isOwn: Bool

    package init(
        added: Set<MemberID> = [], removed: Set<MemberID> = [], changedKeys: Set<MemberID> = [], isOwn: Bool = false
    ) {
        self.added = added
        self.removed = removed
        self.changedKeys = changedKeys
        self.isOwn = isOwn
    }
}

/// What another member said.
package struct OpenedMessage: Sendable, Equatable {
    package var plaintext: [UInt8]
    package var epoch: UInt64

    package init(plaintext: [UInt8], epoch: UInt64) {
        self.plaintext = plaintext
        self.epoch = epoch
    }
}
