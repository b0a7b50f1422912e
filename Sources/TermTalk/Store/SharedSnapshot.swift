internal import Room
internal import Wire

/// A room that several hosts hold, as bytes: the room, its log, and what the hosts know of each other.
struct SharedSnapshot {
    private static let version: UInt8 = 2
    /// The most entries of a room's log.
    private static let entryLimit = 1 << 24

    let room: Room
    let table: SharedTable
    /// In milliseconds since the room began.
    let time: UInt64

    static func bytes(of room: Room, _ table: SharedTable, now: Duration) -> [UInt8] {
        let content = room.snapshot(now: now)
        let entries = room.log.encodedEntries(from: room.log.start)
        var writer = ByteWriter(reserving: content.count + entries.reduce(1_024) { $0 + $1.count + 4 })
        writer.write(version)
        writer.write(SharedClock.milliseconds(now))
        table.write(to: &writer)
        writer.writeVector(content)
        writer.write(UInt32(clamping: entries.count))
        for entry in entries { writer.writeVector(entry) }
        return writer.bytes
    }

    init(bytes: [UInt8], limits: RoomLimits, book: any GroupBook.Type) throws(SnapshotError) {
        var reader = ByteReader(bytes)
        var content: [UInt8] = []
        var entries: [[UInt8]] = []
        do throws(WireError) {
            let version = try reader.readUInt8()
            guard version == Self.version else { throw .invalidValue }
            time = try reader.readUInt64()
            guard time <= SharedClock.longest else { throw .invalidValue }
            table = try SharedTable(reading: &reader)
            content = try reader.readVector(atMost: bytes.count)
            let count = try reader.readUInt32()
            guard count <= Self.entryLimit else { throw .tooLong }
            for _ in 0..<count { entries.append(try reader.readVector(atMost: bytes.count)) }
            try reader.finish()
        } catch {
            throw .damaged
        }
        var room = try Room(
            snapshot: content, limits: limits, book: book, now: .milliseconds(Int64(clamping: time)))
        for entry in entries { try room.restore(entry: entry) }
        guard room.isWhole else { throw .damaged }
        self.room = room
    }
}
