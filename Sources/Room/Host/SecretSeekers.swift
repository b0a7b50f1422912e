internal import Chat
internal import Wire

/// At a relay: members that have lost the group while its secret became another one, and who was asked to tell them that.
struct SecretSeekers {
    private struct Seeker {
        /// Nil when its connection has ended.
        var link: LinkID?
        /// Who has not answered yet.
        var asked: Set<MemberID>
        let time: Duration
    }

    private var seekers: [MemberID: Seeker] = [:]
    /// With whom of those who are there it goes on: everybody has its turn.
    private var turn: UInt64 = 0

    /// The member seeks the secret. Returns whom of `others` to ask; nil when it did so a moment ago.
    mutating func add(
        _ id: MemberID, at link: LinkID, asking others: [MemberID], now: Duration
    ) -> [MemberID]? {
        if let last = seekers[id], now < last.time + RoomLimits.secretInterval { return nil }
        let first = others.isEmpty ? 0 : Int(turn % UInt64(others.count))
        let chosen = (others[first...] + others[..<first]).prefix(RoomLimits.secretsAsked)
        turn &+= UInt64(RoomLimits.secretsAsked)
        seekers[id] = Seeker(link: link, asked: Set(chosen), time: now)
        return Array(chosen)
    }

    /// That member's answer. Returns where it goes, once; nil where nobody has asked.
    mutating func answered(by member: MemberID, to id: MemberID) -> LinkID? {
        seekers[id]?.asked.remove(member) != nil ? seekers[id]?.link : nil
    }

    /// Nobody is behind the link any more, or it asks for something else now.
    mutating func forget(_ link: LinkID) {
        for id in seekers.keys where seekers[id]?.link == link { seekers[id]?.link = nil }
    }

    /// The member is not in the room any more.
    mutating func hasLeft(_ id: MemberID) {
        seekers[id] = nil
    }

    /// Nobody is connected any more.
    mutating func restarted() {
        seekers = [:]
    }
}

extension SecretSeekers {
    init(reading reader: inout StateReader) throws(WireError) {
        let list = try reader.readList(atMost: RoomLimits.membersBelieved) { reader throws(WireError) in
            let id = try reader.readMemberID()
            let link = try reader.readOptional { reader throws(WireError) in try reader.readLinkID() }
            let asked = try reader.readList(atMost: RoomLimits.secretsAsked) { reader throws(WireError) in
                try reader.readMemberID()
            }
            return (id, Seeker(link: link, asked: Set(asked), time: try reader.readTime()))
        }
        seekers = Dictionary(list, uniquingKeysWith: { $1 })
        turn = try reader.readUInt64()
    }

    func write(to writer: inout StateWriter) {
        writer.write(list: seekers.sorted { $0.key.wireValue < $1.key.wireValue }) { writer, entry in
            writer.write(entry.key)
            writer.write(optional: entry.value.link) { writer, link in writer.write(link) }
            writer.write(list: entry.value.asked.sorted { $0.wireValue < $1.wireValue }) { writer, id in
                writer.write(id)
            }
            writer.write(time: entry.value.time)
        }
        writer.write(turn)
    }
}
