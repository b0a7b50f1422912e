internal import Chat
internal import Wire

/// When members give themselves new keys: one after the other, and not too soon after each other.
struct UpdateTurns {
    /// When one did.
    private(set) var last: Duration?
    /// When the group was given another secret.
    private(set) var renewedAt: Duration?
    /// When a moderator was asked for another secret, since there was the last one.
    private var secretAskedAt: Duration?
    /// Those who want new keys, and could not have them yet, in the order of their waiting.
    private(set) var waiting: [MemberID] = []
    /// When it is the next one's turn.
    private(set) var due: Duration?
    /// Those who had their turn and did not use it, and have had no new keys since: their turn comes after that of all others.
    private(set) var inVain: Set<MemberID> = []
    /// Whether a moderator has had its turn before those who wait to come or to be removed, whose turn it is now.
    private(set) var comersAreNext = false
    /// When a moderator last said that it could not follow.
    private var leftBehindAt: Duration?

    /// When somebody may have new keys, as far as the last ones go.
    func time(now: Duration) -> Duration { last.map { max(now, $0 + RoomLimits.updateInterval) } ?? now }

    private func first(_ mayBe: (MemberID) -> Bool) -> MemberID? {
        waiting.first { mayBe($0) && !inVain.contains($0) } ?? waiting.first(where: mayBe)
    }

    /// Whether it is nobody else's turn, of those whose it may be.
    func isNext(_ id: MemberID, of mayBe: (MemberID) -> Bool) -> Bool { first(mayBe) ?? id == id }

    /// The member wants new keys, and waits for its turn.
    mutating func wants(_ id: MemberID, now: Duration) {
        guard !waiting.contains(id) else { return }
        waiting.append(id)
        due = due ?? time(now: now)
    }

    /// The same of a moderator: its turn comes before those of all who are none, and behind those of moderators who have waited longer.
    ///
    /// - Parameter isUrgent: nobody comes in before the group has another secret.
    mutating func wants(
        _ id: MemberID, beforeOthersThan isModerator: (MemberID) -> Bool, isUrgent: Bool, now: Duration
    ) {
        due = isUrgent ? now : due ?? time(now: now)
        let moderators = waiting.prefix(while: isModerator)
        guard !moderators.contains(id) else { return }
        waiting.removeAll { $0 == id }
        waiting.insert(id, at: moderators.count)
    }

    /// The next one whose turn it is, of those whose it may be; those for whom it is no use wait no more.
    mutating func next(_ isMeant: (MemberID) -> Bool, of mayBe: (MemberID) -> Bool) -> MemberID? {
        waiting.removeAll { !isMeant($0) }
        if waiting.isEmpty { due = nil }
        return first(mayBe)
    }

    /// It cannot be yet.
    mutating func postpone(now: Duration) {
        due = max(now + RoomLimits.lagPause, time(now: now))
    }

    /// The member has its turn, or none.
    mutating func remove(_ id: MemberID) {
        waiting.removeAll { $0 == id }
    }

    /// A moderator that does what it is asked for has its turn, whoever else waits.
    mutating func isFirst() { comersAreNext = true }

    /// Those who wait to come or to be removed have their turn.
    mutating func comersHaveTurn() { comersAreNext = false }

    /// The member was asked, and has not answered in time, or wrongly.
    mutating func gaveNoAnswer(_ id: MemberID) {
        inVain.insert(id)
    }

    /// The member is not in the room any more.
    mutating func hasLeft(_ id: MemberID) {
        remove(id)
        inVain.remove(id)
    }

    /// A member has given itself new keys.
    mutating func updated(by id: MemberID, now: Duration) {
        last = now
        inVain.remove(id)
    }

    /// The group has another secret.
    mutating func renewed(now: Duration) {
        renewedAt = now
        secretAskedAt = nil
    }

    /// Whether it is long enough ago that a moderator was asked for another secret.
    func mayAskForSecret(now: Duration) -> Bool {
        secretAskedAt.map { now - $0 >= RoomLimits.renewalPatience + RoomLimits.committerPatience } ?? true
    }

    /// The moderator has taken somebody out of the group, as it was asked to, and the secret is next.
    mutating func mayAskForSecretAgain() { secretAskedAt = nil }

    /// A moderator is asked for another secret, or for what has to be done before.
    mutating func asksForSecret(now: Duration) { secretAskedAt = now }

    /// A moderator cannot follow, and has to come in anew.
    mutating func moderatorIsLeftBehind(now: Duration) { leftBehindAt = now }

    /// Whether that is so long ago that others may have new keys again. Of many members each could else leave it behind in turn.
    func mayOthers(now: Duration) -> Bool {
        leftBehindAt.map { now - $0 >= RoomLimits.accusedUpdateInterval } ?? true
    }

    /// Nobody is connected any more.
    mutating func restarted() {
        waiting = []
        due = nil
        inVain = []
        secretAskedAt = nil
        comersAreNext = false
    }
}

extension UpdateTurns {
    init(reading reader: inout StateReader) throws(WireError) {
        last = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
        renewedAt = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
        secretAskedAt = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
        waiting = try reader.readList(atMost: RoomLimits.membersBelieved) { reader throws(WireError) in
            try reader.readMemberID()
        }
        due = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
        inVain = Set(
            try reader.readList(atMost: RoomLimits.membersBelieved) { reader throws(WireError) in
                try reader.readMemberID()
            })
        comersAreNext = try reader.readBool()
        leftBehindAt = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
    }

    func write(to writer: inout StateWriter) {
        writer.write(optional: last) { writer, time in writer.write(time: time) }
        writer.write(optional: renewedAt) { writer, time in writer.write(time: time) }
        writer.write(optional: secretAskedAt) { writer, time in writer.write(time: time) }
        writer.write(list: waiting) { writer, id in writer.write(id) }
        writer.write(optional: due) { writer, time in writer.write(time: time) }
        writer.write(list: inVain.sorted { $0.wireValue < $1.wireValue }) { writer, id in writer.write(id) }
        writer.write(comersAreNext)
        writer.write(optional: leftBehindAt) { writer, time in writer.write(time: time) }
    }
}
