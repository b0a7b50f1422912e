internal import Chat
internal import Wire

/// Members that were asked for Commits in vain: others are asked before them.
struct PassedOver {
    /// Have not answered, and have committed nothing since.
    private var silent: Set<MemberID> = []
    /// Have let somebody in who came again at once, as if the Welcome had been none. That is one member's word, so what somebody else
    /// refuses is not believed for it.
    private(set) var doubted: Set<MemberID> = []

    func contains(_ id: MemberID) -> Bool { silent.contains(id) || doubted.contains(id) }

    func isSilent(_ id: MemberID) -> Bool { silent.contains(id) }

    mutating func gaveNoAnswer(_ id: MemberID) {
        silent.insert(id)
    }

    /// What the member has committed was of no use.
    mutating func doubt(_ id: MemberID) {
        doubted.insert(id)
    }

    /// The asked one has said what cannot be done.
    mutating func hasAnswered(_ id: MemberID) {
        silent.remove(id)
    }

    /// They are asked as if they had not been.
    mutating func forgive(_ ids: [MemberID]) {
        silent.subtract(ids)
        doubted.subtract(ids)
    }

    /// It has gone, and may come again as somebody else.
    mutating func forget(_ id: MemberID) {
        silent.remove(id)
        doubted.remove(id)
    }

    /// The member has committed what it was asked for.
    mutating func hasHelped(_ id: MemberID) {
        silent.remove(id)
        doubted.remove(id)
    }
}

extension PassedOver {
    init(reading reader: inout StateReader) throws(WireError) {
        func readSet(_ reader: inout StateReader) throws(WireError) -> Set<MemberID> {
            Set(
                try reader.readList(atMost: RoomLimits.membersBelieved) { reader throws(WireError) in
                    try reader.readMemberID()
                })
        }
        silent = try readSet(&reader)
        doubted = try readSet(&reader)
    }

    func write(to writer: inout StateWriter) {
        for ids in [silent, doubted] {
            writer.write(list: ids.sorted { $0.wireValue < $1.wireValue }) { writer, id in writer.write(id) }
        }
    }
}
