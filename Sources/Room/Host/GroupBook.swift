package import Chat
package import Sodium

/// The room's one book of who is in its group: what is public of the group, followed Commit by Commit.
///
/// The room knows nothing of MLS; `SecureGroup` implements this with RFC 9420. It is a value: the book of before a Commit
/// undoes it.
package protocol GroupBook: Sendable {
    /// Begins with a group as its creator, its only member, describes it in epoch 0.
    init(founding groupInfo: [UInt8], by creator: MemberID, isAtRelay: Bool) throws(GroupError)

    /// Follows on the group of a GroupInfo that the room has accepted, with the tree of its epoch.
    init(resuming groupInfo: [UInt8], tree: [UInt8], isAtRelay: Bool) throws(GroupError)

    /// The number of the current epoch.
    var epoch: UInt64 { get }
    var memberCount: Int { get }
    /// All who are in the group, in no order.
    var members: [MemberID] { get }
    func contains(_ id: MemberID) -> Bool
    /// Whether the member moderates, as the group has it.
    func isModerator(_ id: MemberID) -> Bool
    /// All who do, and are in the group: its creator first, and then in the order in which they came to.
    var moderators: [MemberID] { get }
    /// How often the secret that lets others in has been another one; 0 at a host.
    var secretGeneration: UInt64 { get }
    /// Which of its secrets the Noise pre-shared key is made from; nil for none.
    func generation(ofHandshakeKey key: SecretContent) -> UInt64?
    /// The public tree of the current epoch, for those who come in.
    var tree: [UInt8] { get }

    /// What members know a KeyPackage by when somebody has come in by it.
    static func mark(of keyPackage: [UInt8]) -> [UInt8]

    /// Whether a member could let the candidate in, alone.
    func wouldAccept(_ candidate: GroupCandidate) -> Bool
    /// Whether the candidate is in the group with this very signature key, and could come anew if it knew its secret.
    func isMember(_ candidate: GroupCandidate) -> Bool
    /// Checks a Commit in every way that needs no secret, and that it does what it is for and nothing else.
    func stage(
        _ commit: [UInt8], from sender: MemberID, as purpose: CommitPurpose
    ) throws(GroupError) -> BookedCommit
    /// Whether this lets somebody in by itself in the current epoch, as far as can be seen.
    func accepts(groupInfo: [UInt8]) -> Bool
    /// The node of the tree to whose key a path secret of the committer is encrypted for the member: one ciphertext for all who have
    /// that key; nil when one of them is not in the group.
    func branch(of id: MemberID, from committer: MemberID) -> Int?
    /// Bytes of what a member that is asked to add and to remove so many may answer at most.
    func answerByteCount(adding: Int, removing: Int) -> Int
}

/// What a Commit may be for.
package enum CommitPurpose: Sendable {
    /// New keys for its sender; and another list of moderators, if it is one of them.
    case update
    /// What the sender was asked for: some of these are added, with the KeyPackages that they have shown, and some of these
    /// removed. New keys alone are as good.
    case answer(adding: [GroupCandidate], removing: [MemberID])
    /// The sender comes in by itself, perhaps in the place of its former self.
    case external
}

/// A Commit that was checked, and the book after it.
package struct BookedCommit: Sendable {
    /// Who is in the group anew, or with a new leaf.
    package let added: [MemberID]
    /// Who is not in it any more.
    package let removed: [MemberID]
    package let book: any GroupBook

    package init(added: [MemberID], removed: [MemberID], book: any GroupBook) {
        self.added = added
        self.removed = removed
        self.book = book
    }

    /// Whether anybody came or went.
    var changesMembers: Bool { !added.isEmpty || !removed.isEmpty }
}
