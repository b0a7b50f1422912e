internal import Chat
internal import Wire

// What several messages of the room consist of.

extension ByteReader {
    mutating func readMemberID() throws(WireError) -> MemberID {
        MemberID(entropy: try readUInt32())
    }

    mutating func readMemberIDs(atMost limit: Int) throws(WireError) -> [MemberID] {
        var list = ByteReader(try readVector(atMost: 4 * limit))
        var ids: [MemberID] = []
        while list.remaining > 0 {
            ids.append(try list.readMemberID())
        }
        return ids
    }

    mutating func readEntry() throws(WireError) -> HostMessage.RoomState.Entry {
        let id = try readMemberID()
        let flags = try readUInt8()
        return .init(
            id: id, isHost: flags & 1 != 0, nick: try readUTF8Vector(atMost: MemberRequest.nickLimit),
            awaySince: flags & 2 != 0 ? try readUInt32() : nil)
    }

    mutating func readEntries(atMost limit: Int) throws(WireError) -> [HostMessage.RoomState.Entry] {
        var list = ByteReader(try readVector(atMost: limit))
        var members: [HostMessage.RoomState.Entry] = []
        while list.remaining > 0 {
            members.append(try list.readEntry())
        }
        return members
    }
}

extension ByteWriter {
    mutating func write(_ ids: [MemberID]) {
        var list = ByteWriter()
        for id in ids {
            list.write(id.wireValue)
        }
        writeVector(list.bytes)
    }

    mutating func write(_ members: [HostMessage.RoomState.Entry]) {
        var list = ByteWriter()
        for entry in members {
            list.write(entry)
        }
        writeVector(list.bytes)
    }

    mutating func write(_ entry: HostMessage.RoomState.Entry) {
        write(entry.id.wireValue)
        write(UInt8((entry.isHost ? 1 : 0) | (entry.awaySince != nil ? 2 : 0)))
        writeVector(Array(entry.nick.utf8))
        if let since = entry.awaySince { write(since) }
    }
}
