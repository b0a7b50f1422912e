internal import Chat

/// The members of a room: who has a place in it, and whose link and key is whose.
struct Roster {
    private var table: MemberTable<Room.Member> = [:]
    private(set) var ofLink: [LinkID: MemberID] = [:]
    private(set) var ofKey: [[UInt8]: MemberID] = [:]
    /// Members with an absence; all without a link are among them.
    private(set) var awayCount = 0
    /// Nothing is to be done about anybody's absence before; nil when nobody is away. May be too early, when somebody came back.
    private(set) var absenceDue: Duration?
    /// Of the next one who comes.
    private(set) var nextOrder: UInt64 = 0
    /// The epoch in which somebody came into the group last.
    var newestSince: UInt64 = 0

    var count: Int { table.count }
    var keys: [MemberID] { table.keys }
    var values: some Collection<Room.Member> { table.values }

    /// All, the longest here first.
    var inOrder: [Room.Member] { values.sorted { $0.order < $1.order } }

    /// What is known of a member. Its link, key and absence change by the methods below alone.
    subscript(id: MemberID) -> Room.Member? {
        @inline(__always) get { table[id] }
        _modify { yield &table[id] }
    }

    /// Changes a member, if there is one, in what changes with each message.
    @discardableResult
    mutating func change<Answer>(_ id: MemberID, _ body: (inout Room.Member) -> Answer) -> Answer? {
        table.change(id, body)
    }

    // MARK: Coming and going

    mutating func add(_ member: Room.Member) {
        nextOrder += 1
        table[member.id] = member
        ofKey[member.key] = member.id
        if let link = member.link { ofLink[link] = member.id }
    }

    mutating func remove(_ id: MemberID) -> Room.Member? {
        guard let member = table.removeValue(forKey: id) else { return nil }
        ofKey[member.key] = nil
        if let link = member.link { ofLink[link] = nil }
        if member.absence != nil { awayCount -= 1 }
        return member
    }

    /// The room is over.
    mutating func removeAll() {
        table = [:]
        ofLink = [:]
        ofKey = [:]
        awayCount = 0
        absenceDue = nil
    }

    /// The member is behind that link from now on, and behind no other one.
    mutating func move(_ id: MemberID, to link: LinkID?) {
        if let old = table[id]?.link { ofLink[old] = nil }
        table[id]?.link = link
        if let link { ofLink[link] = id }
    }

    /// Nobody is connected any more. Their absences are to be set anew.
    mutating func restarted() {
        ofLink = [:]
        for id in keys { table[id]?.link = nil }
        absenceDue = nil
    }

    // MARK: Absences

    mutating func setAbsence(of id: MemberID, _ absence: Room.Absence) {
        guard let member = table[id] else { return }
        if member.absence == nil { awayCount += 1 }
        table[id]?.absence = absence
        absenceDue = Swift.min(absenceDue ?? absence.due, absence.due)
    }

    /// Returns the absence that is over; nil when the member was there.
    mutating func endAbsence(of id: MemberID) -> Room.Absence? {
        guard let absence = table[id]?.absence else { return nil }
        table[id]?.absence = nil
        awayCount -= 1
        return absence
    }

    /// Those who are away, the longest here first. Their absences are to be set anew.
    mutating func takeAbsences() -> [MemberID] {
        absenceDue = nil
        return inOrder.filter { $0.absence != nil }.map(\.id)
    }
}

extension Roster: Sequence {
    func makeIterator() -> AnyIterator<(key: MemberID, value: Room.Member)> { table.makeIterator() }
}

extension Roster {
    init(nextOrder: UInt64, newestSince: UInt64, absenceDue: Duration?) {
        self.nextOrder = nextOrder
        self.newestSince = newestSince
        self.absenceDue = absenceDue
    }

    /// A member of before. Returns false when its place, its key or its link is another one's.
    mutating func restore(_ member: Room.Member) -> Bool {
        guard table.updateValue(member, forKey: member.id) == nil,
            ofKey.updateValue(member.id, forKey: member.key) == nil,
            member.link.map({ ofLink.updateValue(member.id, forKey: $0) == nil }) != false
        else { return false }
        if member.absence != nil { awayCount += 1 }
        return true
    }
}
