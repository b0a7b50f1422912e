internal import Wire

/// In which epochs of the group something may still be said: what is under way when an epoch ends was sealed in it.
struct EpochWindow {
    /// Nothing that was sealed before this epoch is taken any more. It never falls.
    private(set) var floor: UInt64 = 0
    /// When the epochs from ``floor`` on ended.
    private var ends: [Duration] = []
    /// When the floor is to be looked at, also if no epoch ends.
    private(set) var reviewAt: Duration?

    /// Begins with this epoch.
    init(epoch: UInt64 = 0) {
        floor = epoch
    }

    var current: UInt64 { floor + UInt64(ends.count) }

    func contains(_ epoch: UInt64) -> Bool { epoch >= floor && epoch <= current }

    /// The current epoch is over; `lowest` is the lowest in which somebody who is present may still speak.
    mutating func advance(lowest: UInt64, now: Duration) {
        ends.append(now)
        review(lowest: lowest, now: now)
    }

    /// Raises the floor as far as it can be, or has to be.
    mutating func review(lowest: UInt64, now: Duration) {
        while let first = ends.first,
            floor < lowest || ends.count > RoomLimits.epochsBack || now - first >= RoomLimits.epochTime
        {
            ends.removeFirst()
            floor += 1
        }
        reviewAt = ends.isEmpty ? nil : now + RoomLimits.floorInterval
    }

    /// Until when the current epoch is not to end, because somebody could not be heard afterwards; nil when it may.
    func pause(lowest: UInt64, now: Duration) -> Duration? {
        guard let first = ends.first, ends.count >= RoomLimits.epochsBack, lowest <= floor,
            now - first < RoomLimits.epochTime
        else { return nil }
        return min(now + RoomLimits.lagPause, first + RoomLimits.epochTime)
    }
}

extension EpochWindow {
    init(reading reader: inout StateReader) throws(WireError) {
        floor = try reader.readUInt64()
        ends = try reader.readList(atMost: RoomLimits.epochsBack) { reader throws(WireError) in
            try reader.readTime()
        }
        reviewAt = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
        guard floor < .max / 2 else { throw .invalidValue }
    }

    func write(to writer: inout StateWriter) {
        writer.write(floor)
        writer.write(list: ends) { writer, time in writer.write(time: time) }
        writer.write(optional: reviewAt) { writer, time in writer.write(time: time) }
    }
}
