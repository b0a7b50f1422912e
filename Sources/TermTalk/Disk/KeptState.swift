internal import Room
internal import RoomStore
internal import SecureSession
internal import Sodium
internal import Wire

/// A kept room as it stands in its store: the room, its invites, what its host asked of whoever came, and what time it was.
struct KeptState {
    private static let version: UInt8 = 2

    let room: Room
    let invites: InviteTable
    let guards: HostGuards
    /// The number of the first entry that is in no checkpoint.
    let firstUnchecked: UInt64

    /// The bytes of a snapshot; `wallClock` in seconds since 1970.
    static func snapshot(
        _ room: Room, _ invites: InviteTable, _ guards: HostGuards, key: borrowing SecretBytes, now: Duration,
        wallClock: Int64
    ) -> [UInt8] {
        let bytes = room.snapshot(now: now)
        var writer = ByteWriter(reserving: bytes.count + 4_096)
        writer.write(version)
        writer.write(UInt64(bitPattern: wallClock))
        writer.write(guards.rawValue)
        writer.writeVector(invites.encoded(key: key, now: now))
        writer.writeBytes(bytes)
        return writer.bytes
    }

    /// What a store has, at a time that this clock calls `now`. A wall clock that was put back meanwhile makes it no time.
    init(
        _ recovered: RecoveredRoom, snapshot: [UInt8], limits: RoomLimits, book: any GroupBook.Type,
        key: borrowing SecretBytes, now: Duration, wallClock: Int64
    ) throws(SnapshotError) {
        guard snapshot.first == Self.version else { throw snapshot.first.map { .otherVersion($0) } ?? .damaged }
        var reader = ByteReader(snapshot)
        var rest: [UInt8] = []
        var then = now
        do throws(WireError) {
            _ = try reader.readUInt8()
            let (passed, hasOverflowed) = wallClock.subtractingReportingOverflow(
                Int64(bitPattern: try reader.readUInt64()))
            // A century is no time that a room lives.
            if !hasOverflowed { then = now - .seconds(min(max(0, passed), Self.longest)) }
            guards = HostGuards(rawValue: try reader.readUInt8())
            invites = try InviteTable(
                decoding: try reader.readVector(atMost: Self.inviteByteCount), key: key, now: then)
            rest = try reader.readBytes(reader.remaining)
        } catch {
            throw .damaged
        }
        var room = try Room(snapshot: rest, limits: limits, book: book, now: then)
        for record in recovered.entries + recovered.inputs {
            guard record.number == room.log.end + 1 else { throw .damaged }
            try room.restore(entry: record.bytes)
        }
        guard room.isWhole, recovered.nextInput == room.log.end + 1 else { throw .damaged }
        room.hostHadReceived(upTo: recovered.received)
        self.room = room
        firstUnchecked = room.log.end - UInt64(recovered.inputs.count)
    }

    private static let longest: Int64 = 100 * 365 * 86_400
    private static let inviteByteCount = 16 << 20
}
