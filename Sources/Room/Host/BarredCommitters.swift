internal import Chat
internal import Wire

/// Members that made Commits that others could not follow: they are asked last, and may not give themselves new keys.
struct BarredCommitters {
    private var barred = RecentSet<MemberID>(limit: RoomLimits.barredCommitters)
    /// Who was said once to have made one, and by whom.
    private var accused: [MemberID: MemberID] = [:]

    var isEmpty: Bool { barred.isEmpty }

    func contains(_ id: MemberID) -> Bool { barred.contains(id) }

    /// Who has said so of the member's Commits, where that is not enough to bar it.
    func accuser(of id: MemberID) -> MemberID? { accused[id] }

    /// Returns whether enough have said by now that they could not follow the member's Commits.
    mutating func accuse(_ committer: MemberID, by reporters: [MemberID]) -> Bool {
        guard let first = reporters.first else { return false }
        if reporters.count > 1 || accused[committer].map({ $0 != first }) == true { return true }
        accused[committer] = first
        return false
    }

    /// Returns whether the member was not barred before.
    mutating func bar(_ id: MemberID) -> Bool {
        accused[id] = nil
        return barred.insert(id)
    }

    /// The member is not in the room any more; whoever was barred stays so.
    mutating func hasLeft(_ id: MemberID) {
        accused[id] = nil
        accused = accused.filter { $0.value != id }
    }
}

extension BarredCommitters {
    init(reading reader: inout StateReader) throws(WireError) {
        let barred = try reader.readList(atMost: RoomLimits.barredCommitters) { reader throws(WireError) in
            try reader.readMemberID()
        }
        for id in barred { self.barred.insert(id) }
        let accused = try reader.readList(atMost: RoomLimits.membersBelieved) { reader throws(WireError) in
            (try reader.readMemberID(), try reader.readMemberID())
        }
        self.accused = Dictionary(accused, uniquingKeysWith: { $1 })
    }

    func write(to writer: inout StateWriter) {
        writer.write(list: barred.inOrder) { writer, id in writer.write(id) }
        writer.write(list: accused.sorted { $0.key.wireValue < $1.key.wireValue }) { writer, entry in
            writer.write(entry.key)
            writer.write(entry.value)
        }
    }
}
