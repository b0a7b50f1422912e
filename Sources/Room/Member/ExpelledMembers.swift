internal import Chat

/// Whom a moderator has sent out of a relay's room, and who still know the secret of its group.
struct ExpelledMembers {
    struct Entry: Equatable {
        let id: MemberID
        let nick: String
        let since: Duration
        /// Whether the person knows that the invite stays for now.
        var isTold = false

        /// When the relay lets others in again who come with the old invite.
        var toldAt: Duration? { isTold ? nil : since + RoomLimits.spoiltInviteTime }
    }

    private(set) var entries: [Entry] = []

    var isEmpty: Bool { entries.isEmpty }

    /// When the person is to be told next that an invite stays.
    var nextDeadline: Duration? { entries.compactMap(\.toldAt).min() }

    mutating func add(_ id: MemberID, nick: String, since now: Duration) {
        entries.removeAll { $0.id == id }
        entries.append(Entry(id: id, nick: nick, since: now))
    }

    /// Whether a secret that is made now is kept from all of them: whoever is in the group makes it, too.
    func areOut(of members: Set<MemberID>) -> Bool {
        !isEmpty && !entries.contains { members.contains($0.id) }
    }

    /// The group has another secret, made while these were in it. It is kept from the others: they are here no more.
    mutating func renewed(before members: Set<MemberID>) {
        entries.removeAll { !members.contains($0.id) }
    }

    /// Those of whom the person is to be told by now, once.
    mutating func takeDue(at now: Duration) -> [Entry] {
        let due = entries.filter { entry in entry.toldAt.map { now >= $0 } ?? false }
        for index in entries.indices where entries[index].toldAt.map({ now >= $0 }) == true {
            entries[index].isTold = true
        }
        return due
    }

    /// Nothing is waited for any more. Returns those of whom the person was not told.
    mutating func giveUp() -> [Entry] {
        defer { entries = [] }
        return entries.filter { !$0.isTold }
    }
}
