internal import Room
internal import Wire

/// What all hosts of a room have to be told alike, for their rooms to be the same.
struct SharedTerms: Equatable {
    /// Hosts with other rules would say different things of the same inputs.
    let version: UInt8
    let members: UInt32
    /// Seconds.
    let absence: UInt64
    let logByteCount: UInt64
    let admitsUnattended: Bool
    let hasPassword: Bool
    let isInviteOnly: Bool
    /// When the room ends, in milliseconds since it began; only the word of the host that begins it counts.
    var closesAt: UInt64?

    init(_ limits: RoomLimits, hasPassword: Bool, isInviteOnly: Bool, timeToLive: Duration?) {
        version = Room.version
        members = UInt32(clamping: limits.members)
        absence = UInt64(clamping: limits.absence.components.seconds)
        logByteCount = UInt64(clamping: limits.logByteCount)
        admitsUnattended = limits.admitsUnattended
        self.hasPassword = hasPassword
        self.isInviteOnly = isInviteOnly
        closesAt = timeToLive.map { SharedClock.milliseconds($0) }
    }

    init(reading reader: inout ByteReader) throws(WireError) {
        version = try reader.readUInt8()
        members = try reader.readUInt32()
        absence = try reader.readUInt64()
        logByteCount = try reader.readUInt64()
        let flags = try reader.readUInt8()
        guard flags < 16 else { throw .invalidValue }
        admitsUnattended = flags & 1 != 0
        hasPassword = flags & 2 != 0
        isInviteOnly = flags & 4 != 0
        let time = try reader.readUInt64()
        guard time <= SharedClock.longest else { throw .invalidValue }
        closesAt = flags & 8 != 0 ? time : nil
    }

    func write(to writer: inout ByteWriter) {
        writer.write(version)
        writer.write(members)
        writer.write(absence)
        writer.write(logByteCount)
        var flags: UInt8 = admitsUnattended ? 1 : 0
        if hasPassword { flags |= 2 }
        if isInviteOnly { flags |= 4 }
        if closesAt != nil { flags |= 8 }
        writer.write(flags)
        writer.write(closesAt ?? 0)
    }

    /// Whether hosts with these terms can hold one room.
    func agree(with other: SharedTerms) -> Bool {
        var other = other
        other.closesAt = closesAt
        return self == other
    }
}
