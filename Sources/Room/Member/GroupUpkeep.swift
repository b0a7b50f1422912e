internal import Chat

/// What a member has to do for the group, and when.
struct GroupUpkeep {
    /// What the room asks this member to commit.
    struct Wanted {
        var candidates: [GroupCandidate]
        var removals: [MemberID]
    }

    /// A member gives itself new keys after so long, or so many messages, at the latest: what was stolen of it is of no use
    /// for what comes after.
    static let updateInterval = Duration.seconds(3_600)
    static let updateMessages = 100
    /// Those who come in together do not give themselves new keys together: one Commit is accepted an epoch.
    static let spreadPerMember = Duration.milliseconds(100)
    /// How long to wait at most before another try.
    static let longestSpread = Duration.seconds(60)
    /// Somebody may be in the group so long without being listed, and the other way round: a member that has left is not removed at
    /// once, and one whom an undone Commit had let in comes in again.
    static let unlistedTime = Duration.seconds(60)
    /// What opens past epochs is kept no longer, whether the host says that nothing of them comes any more or not: it does
    /// soon after ``RoomLimits/epochTime``.
    static let pastTime = Duration.seconds(300)

    /// How long to wait at most until the room undoes a Commit that could not be followed: longer than it waits itself.
    static let undoPatience = Duration.seconds(30)

    /// How long the moderators have to tell the relay of the group's new secret: longer than it takes over tor. Then the others do.
    static let registrationPatience = Duration.seconds(10)

    /// Whether this member, which comes in anew, moderated when it was in the group last.
    var hasModerated = false
    /// What this member, a moderator, wants to change of who moderates.
    struct RoleChange {
        let member: MemberID
        let isModerator: Bool
    }

    /// In this order, each by a Commit of its own.
    var roleChanges: [RoleChange] = []
    /// Whom this member, a moderator, has sent out of a relay's room: once they are out of the group, it gets another secret.
    var expelled = ExpelledMembers()

    /// When this member tells the relay of the group's new secret, as nobody else seems to.
    var registrationDue: Duration?
    /// Not carried out yet, because a Commit of ours is on its way.
    var wanted: Wanted?
    /// When this member wants new keys.
    var updateDue: Duration?
    var updateAttempts = 0
    /// A Commit could not be followed: until when the room may still undo it. Nothing is said meanwhile.
    var stuckUntil: Duration?
    var isStuck: Bool { stuckUntil != nil }
    /// Whether the Commit that is on its way gives us new keys.
    var isUpdating = false
    var sealedSinceUpdate = 0
    /// When an epoch ended last, while there is something that opens it.
    var pastSince: Duration?
    /// Who is in the group and not in the list, or the other way round, and since when.
    var unlistedSince: [MemberID: Duration] = [:]
    /// Of whom the person was told.
    var reported: Set<MemberID> = []

    /// A time at random, so that members do not all commit at once: up to a tenth of a second for each of them, and twice
    /// as long after each try that was lost.
    func pause(memberCount: Int, random: UInt32) -> Duration {
        let spread = Self.spreadPerMember * min(memberCount, 600) * (1 << min(updateAttempts, 10))
        return .milliseconds(Int64(min(spread, Self.longestSpread) / .milliseconds(1)) * Int64(random % 1_024) / 1_024)
    }
}
