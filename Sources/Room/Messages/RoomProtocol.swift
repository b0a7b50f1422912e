internal import Chat

/// The types of the room's messages on the wire (docs/protocol.md, "Room").
enum RoomMessageType {
    // From a member.
    static let join: UInt8 = 0x10
    static let post: UInt8 = 0x11
    static let privatePost: UInt8 = 0x12
    static let changeNick: UInt8 = 0x13
    static let leave: UInt8 = 0x14
    static let commit: UInt8 = 0x15
    static let register: UInt8 = 0x16
    static let joinExternally: UInt8 = 0x17
    static let found: UInt8 = 0x18
    static let moderate: UInt8 = 0x19
    static let cannotFollow: UInt8 = 0x1a
    static let secret: UInt8 = 0x1b
    static let turnWanted: UInt8 = 0x1c
    // From the host.
    static let admitted: UInt8 = 0x20
    static let refused: UInt8 = 0x21
    static let committed: UInt8 = 0x22
    static let left: UInt8 = 0x23
    static let nickChanged: UInt8 = 0x24
    static let posted: UInt8 = 0x25
    static let privatePosted: UInt8 = 0x26
    static let receipts: UInt8 = 0x27
    static let declined: UInt8 = 0x28
    static let closing: UInt8 = 0x29
    static let present: UInt8 = 0x2a
    static let removed: UInt8 = 0x2b
    static let topicChanged: UInt8 = 0x2c
    static let lockChanged: UInt8 = 0x2d
    static let extended: UInt8 = 0x2e
    static let waiting: UInt8 = 0x2f
    static let commitWanted: UInt8 = 0x30
    static let commitDeclined: UInt8 = 0x31
    static let groupInfo: UInt8 = 0x32
    static let registered: UInt8 = 0x34
    static let slowMode: UInt8 = 0x33
    static let tree: UInt8 = 0x35
    static let inviteRevoked: UInt8 = 0x36
    static let away: UInt8 = 0x37
    static let back: UInt8 = 0x38
    static let settled: UInt8 = 0x39
    static let passed: UInt8 = 0x3a
    static let undone: UInt8 = 0x3b
    static let barred: UInt8 = 0x3c
    static let moderated: UInt8 = 0x3d
    static let secretWanted: UInt8 = 0x3e
    static let sealedSecret: UInt8 = 0x40
    static let moved: UInt8 = 0x3f
    static let hosts: UInt8 = 0x41
}

/// The limits that a room puts on its members, each with its reason.
package struct RoomLimits: Sendable {
    /// Members at a time, the host's own one included; 0 for no limit.
    package var members = 50

    /// Members in one message of the list that a new member gets, so that the longest nicks fit into one message.
    static let membersPerMessage = 1_000

    /// Members that a client believes a host to have. Such a list takes some megabytes.
    static let membersBelieved = 65_536

    /// Nicks that are tried for a joiner whose own is taken, each with the next number; a room of the usual size has fewer
    /// members, and whoever asks for more costs the host a millisecond.
    static let nicksTried = 100

    /// Bytes of the offer of a file: its name, of up to 255, and what proves it.
    static let offerByteCount = 512

    /// Bytes of sealed content: a text, and what group encryption adds.
    static let contentByteCount = ChatLimits.textByteCount + 2_048

    /// Bytes of a KeyPackage: ours have some 300, all alike but for their keys.
    package static let keyPackageByteCount = 640

    /// Those who are let in by one Commit at most, so that what the committer is asked stays below 48 KiB.
    package static let candidatesPerCommit = 64

    /// Those who are removed by one Commit at most.
    package static let removalsPerCommit = 256

    /// Bytes of a GroupInfo: ours have some 300, without a tree, and with that of a group of one some 600; and 64 for each of
    /// ``groupInvites``, and 32 for each moderator.
    package static let groupInfoByteCount = 2_048

    /// Bytes of a Welcome, which has no tree: some 300, and some 210 for each of ``candidatesPerCommit``.
    package static let welcomeByteCount = 16_384

    /// KeyPackages remembered by which somebody has come in; a megabyte or two.
    static let spentKeyPackages = 65_536

    /// What one member takes in a group's tree at most: a leaf node, a node above it, and its number in all nodes above that.
    private static let treeByteCountPerMember = 512 + 128
    /// What blank places in the tree take at most.
    private static let treeOverhead = 65_536

    /// Bytes of the tree of a group of so many at most.
    package static func treeByteCount(members: Int) -> Int { treeOverhead + members * treeByteCountPerMember }

    /// Bytes of a Noise pre-shared key.
    static let presharedKeyByteCount = 32

    /// Bytes of a tree, of some thousands of members, or of a Commit.
    package static let groupMessageByteCount = 4 * 1_048_576 - 65_536

    /// Bytes of a message that the log has: a Commit of the longest, and who comes by it.
    static let loggedByteCount = groupMessageByteCount + 32_768

    /// Invites that the group at a relay can have, one after the other: what each is known by is in everything that tells of the group.
    package static let groupInvites = 16

    /// Members that moderate at most: their keys are in everything that tells of the group.
    package static let moderators = 16

    /// Bytes of a group's secret that is sealed for one member (HPKE), and signed.
    package static let sealedSecretByteCount = 128
    /// Members that one is asked for the secret of, so that one which does not answer, or wrongly, keeps nobody out.
    static let secretsAsked = 3
    /// How often a member may have others asked for it: each of them seals, and the room passes on.
    static let secretInterval = Duration.seconds(5)

    /// Secrets that the group may change at once; its further ones are apart by ``renewalInterval``, so that no moderator uses up alone, in
    /// a moment, those that it can have in all (``groupInvites``).
    static let quickRenewals: UInt64 = 8
    /// Less than ``spoiltInviteTime``, and than a moderator waits that wants to leave.
    static let renewalInterval = Duration.seconds(20)

    /// How long a relay lets nobody new in after somebody who knows the invite was sent out: whoever is to be out
    /// of the group has to be removed first, and moderators may be away.
    package static let spoiltInviteTime = Duration.seconds(90)
    /// Those whom a relay remembers as sent out and knowing the group's invite, until it is another one.
    static let spoilers = 256

    /// A message may have been sealed so many epochs ago: members keep what opens as many. In a round trip of 4 s, all that
    /// comes and goes in the long run, and new keys, begin 6.
    package static let epochsBack = 16
    /// And so long ago at most: a member whose connection is silent for longer counts as away.
    static let epochTime = Duration.seconds(60)
    /// Books of before Commits that are kept, while few have followed these: in the minutes in which everybody but one is away no
    /// more is done. Each is some 150 bytes a member.
    static let booksKept = 8
    /// How long it takes at the least until a Commit counts as followed: whoever cannot follow it has said so by then.
    static let followTime = Duration.seconds(10)
    /// How long the room waits for what others say, after one could not follow.
    static let undoPatience = Duration.seconds(20)

    /// How long it waits so where it is clear already that the Commit is undone: whoever has not said by then that it could
    /// not follow comes in anew.
    static let undoMoment = Duration.seconds(5)
    /// Members whose Commits are not taken any more, of whom the oldest is forgotten: as many as ``bannedKeys``.
    static let barredCommitters = 1_024
    /// How soon members are told that they need what opens past epochs no more, after everybody has learnt of the last one.
    static let floorInterval = Duration.seconds(10)
    /// Pause between two looks whether somebody who is far behind has caught up, before the next epoch begins.
    static let lagPause = Duration.seconds(1)

    /// How long a member that is asked for a Commit may take, before another one is asked; less than joiners wait, and more
    /// than a circuit of tor takes to answer.
    static let committerPatience = Duration.seconds(8)
    /// The same of one that is asked for its own new keys, which it wanted: whoever is slower may still come in time.
    static let updatePatience = Duration.seconds(6)
    /// The same of a moderator that is to give the group another secret: nobody new comes in before, so slow ones are waited for.
    static let renewalPatience = Duration.seconds(12)

    /// Commits a second that let in or remove members, in the long run, and at once after a pause. Each lets in many, and what
    /// is on its way passes ``epochsBack`` of them at most.
    static let memberChangesPerSecond = 1.0
    static let memberChangeBurst = 64.0

    /// Commits a second that let in somebody by the same invite, in the long run, and at once after a pause: whoever comes and goes
    /// all the time slows down those who come by the same invite. Each lets in many, and whoever has come goes by another
    /// one: both together are less than what the room takes in all, so that those with other invites do not wait for it.
    static let waysPerSecond = 0.4
    static let wayBurst = 24.0
    /// Invites of which that is remembered when all is well; there are ``InviteTable/maximum`` in force.
    static let ways = 64

    /// Pause between two Commits of the room by which members give themselves new keys.
    static let updateInterval = Duration.seconds(2)

    /// Pause between two such Commits of one member that is no moderator, so that others have their turn.
    static let ownUpdateInterval = Duration.seconds(20)

    /// The same of one of whose Commits somebody has said that it could not be followed: it could have the same one come in anew each time.
    /// And of all who do not moderate, once a moderator has said so: one after the other could.
    static let accusedUpdateInterval = Duration.seconds(300)

    /// What a moderator that is on its way back to its place asks for before it is there, at most.
    static let requestsBeforeJoining = 4

    /// A Commit counts as so many messages, because every member has to compute for it.
    package static let commitCost = 10.0

    /// Memory in what was said and is kept for members that are away or read slowly; the same bytes for all of them.
    package var logByteCount = 64 * 1_048_576
    /// Below, what is under way of one message to one member would not fit; above, no machine that hosts rooms has it.
    package static let logByteCounts = 1_048_576...16 * 1_073_741_824

    /// Bytes that may wait for one member alone, and of these from one of the others; more is declined. What waits for all is
    /// bounded by ``logByteCount``.
    static let privateByteCount = 4 * 1_048_576
    static let privateByteCountPerSender = 1_048_576

    /// Messages a second that one member may send in the long run, and at once after a pause. More is not refused: the host
    /// stops reading from the member for a moment.
    package var messagesPerSecond = 100.0
    package var messageBurst = 500.0

    /// A pause is over after this time at the latest, and another one follows if the debt is not paid: a member that is
    /// not read from for longer would count as dead.
    static let longestPause = Duration.seconds(30)

    /// A change of nick counts as so many messages, because everybody is told.
    static let nickChangeCost = 20.0

    /// Bytes a second that one member may send in the long run, and at once.
    package var bytesPerSecond = 1_048_576.0
    package var byteBurst = 4_194_304.0

    /// Whether each joiner waits until the host lets it in.
    package var asksHost = false

    /// Whether the host is a relay: it has no participant, and the members let each other in.
    package var isRelay = false

    /// At a relay, whether somebody who knows the group's secret comes in while no member is there.
    package var admitsUnattended = true

    /// Keys that may not come back; past it the oldest is forgotten. A key is made in no time, so that a longer list would
    /// keep nobody out: what does is that the invite is changed.
    static let bannedKeys = 1_024

    /// A member whose connection broke keeps its place for so long: a night, a laptop that is carried to another place. It
    /// costs what one entry of a table does; what was said meanwhile is in the log for all.
    package var absence = Duration.seconds(86_400)

    /// In a full room a member that has been away for so long may lose its place to one that wants to come in.
    var protectedAbsence = Duration.seconds(900)

    /// How far off a room's end can be: a hundred years.
    static let longestTime = Duration.seconds(100 * 366 * 86_400)

    /// Message ids remembered so that a message sent again is not repeated, and receipts counted, for so many of the latest messages.
    static let remembered = 4_096

    /// Receipts are reported to a message's sender at most this often.
    static let receiptInterval = Duration.milliseconds(500)
    /// How long it takes until members are told that somebody has gone away, and that receipts do not count it any more. A
    /// connection that breaks is mostly there again by then, also through tor, and costs nobody anything.
    package static let awayGrace = Duration.seconds(10)

    /// Receipts in one message: when a member leaves that received nothing for long, those of thousands of messages change.
    static let receiptsPerMessage = 1_000

    package init() {}
}
