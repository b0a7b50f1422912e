internal import Chat
internal import Wire

/// Members that were asked for Commits in vain: others are asked before them.
struct PassedOver {
    /// Have not answered, and have committed nothing since.
    private var silent: Set<MemberID> = []
    /// Have left out whom they were asked to let in or to remove.
    private var useless: Set<MemberID> = []
    /// Have let somebody in who came again at once, as if the Welcome had been none. That is one member's word, so what somebody else
    /// refuses is not believed for it.
    private var doubted: Set<MemberID> = []

    func contains(_ id: MemberID) -> Bool { silent.contains(id) || useless.contains(id) || doubted.contains(id) }

    /// Whether that is all that there is against it.
    func isDoubted(_ id: MemberID) -> Bool {
        doubted.contains(id) && !silent.contains(id) && !useless.contains(id)
    }

    func isSilent(_ id: MemberID) -> Bool { silent.contains(id) }

    mutating func gaveNoAnswer(_ id: MemberID) {
        silent.insert(id)
    }

    /// The member has done something else than it was asked for.
    mutating func wasOfNoUse(_ id: MemberID) {
        useless.insert(id)
    }

    /// What the member has committed was of no use, as somebody says.
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
        useless.subtract(ids)
        doubted.subtract(ids)
    }

    /// It has gone, and may come again as somebody else.
    mutating func forget(_ id: MemberID) {
        silent.remove(id)
        useless.remove(id)
        doubted.remove(id)
    }

    /// The member has committed what it was asked for.
    mutating func hasHelped(_ id: MemberID) {
        silent.remove(id)
        useless.remove(id)
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
        useless = try readSet(&reader)
        doubted = try readSet(&reader)
    }

    func write(to writer: inout StateWriter) {
        for ids in [silent, useless, doubted] {
            writer.write(list: ids.sorted { $0.wireValue < $1.wireValue }) { writer, id in writer.write(id) }
        }
    }
}
