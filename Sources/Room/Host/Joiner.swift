internal import Chat
internal import Wire

/// Somebody who waits to be let into the group.
struct Joiner {
    let id: MemberID
    let link: LinkID
    let key: [UInt8]
    let nick: Nick
    let isHost: Bool
    /// Has its place already and comes back to it without its session.
    let isReturning: Bool
    let keyPackage: [UInt8]
    /// By which invite it comes.
    var way = 0
    /// Its number among those that have waited: whoever tries again has another KeyPackage, maybe over a link of the same number.
    var serial: UInt64 = 0
    /// Was asked to come in by itself.
    var wasOffered = false
}

extension Joiner {
    init(reading reader: inout StateReader) throws(WireError) {
        id = try reader.readMemberID()
        link = try reader.readLinkID()
        key = try reader.readBytes()
        isHost = try reader.readBool()
        nick = try reader.readNick(isHost: isHost)
        isReturning = try reader.readBool()
        keyPackage = try reader.readBytes(atMost: RoomLimits.keyPackageByteCount)
        way = try reader.readInt()
        serial = try reader.readUInt64()
        wasOffered = try reader.readBool()
    }

    func write(to writer: inout StateWriter) {
        writer.write(id)
        writer.write(link)
        writer.write(key)
        writer.write(isHost)
        writer.write(nick.text)
        writer.write(isReturning)
        writer.write(keyPackage)
        writer.write(way)
        writer.write(serial)
        writer.write(wasOffered)
    }
}
