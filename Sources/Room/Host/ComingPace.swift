internal import Chat
internal import Wire

/// How fast members may come and go: much of it slows the whole group, and each invite by itself.
struct ComingPace {
    /// How much has come and gone through each invite of late.
    private var ways: [Int: TokenBucket] = [:]
    /// By which invites nobody is let in before that time.
    private var pausedWays: [Int: Duration] = [:]
    private var all = TokenBucket(capacity: RoomLimits.memberChangeBurst, now: .zero)
    /// Nobody is asked before; nil for at once.
    private(set) var pausedUntil: Duration?

    /// Before when nobody comes in by that invite; nil for at once.
    func pause(of way: Int, now: Duration) -> Duration? { pausedWays[way].flatMap { now < $0 ? $0 : nil } }

    /// Somebody has come in by these invites.
    mutating func came(by ways: some Sequence<Int>, now: Duration) {
        pausedWays = pausedWays.filter { $0.value > now }
        if self.ways.count > RoomLimits.ways { self.ways = self.ways.filter { pausedWays[$0.key] != nil } }
        for way in Set(ways) {
            var bucket = self.ways[way] ?? TokenBucket(capacity: RoomLimits.wayBurst, now: now)
            let pause = bucket.take(1, rate: RoomLimits.waysPerSecond, capacity: RoomLimits.wayBurst, now: now)
            self.ways[way] = bucket
            if pause > .zero { pausedWays[way] = now + pause }
        }
    }

    /// The members have changed, and may do so again after a pause, if there was much of it.
    mutating func membersChanged(now: Duration) {
        let pause = all.take(
            1, rate: RoomLimits.memberChangesPerSecond, capacity: RoomLimits.memberChangeBurst, now: now)
        pausedUntil = pause > .zero ? now + pause : nil
    }

    /// Nobody is asked before that time, or a later one that was set already.
    mutating func pause(until time: Duration) {
        pausedUntil = pausedUntil.map { max($0, time) } ?? time
    }

    /// The host's own participant comes back before anybody can be in its way.
    mutating func restarted() {
        pausedUntil = nil
    }
}

extension ComingPace {
    init(reading reader: inout StateReader) throws(WireError) {
        let ways = try reader.readList(atMost: JoinerLine.limit) { reader throws(WireError) in
            (try reader.readInt(), try TokenBucket(reading: &reader))
        }
        self.ways = Dictionary(ways, uniquingKeysWith: { $1 })
        let paused = try reader.readList(atMost: JoinerLine.limit) { reader throws(WireError) in
            (try reader.readInt(), try reader.readTime())
        }
        pausedWays = Dictionary(paused, uniquingKeysWith: { $1 })
        all = try TokenBucket(reading: &reader)
        pausedUntil = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
    }

    func write(to writer: inout StateWriter) {
        writer.write(list: ways.sorted { $0.key < $1.key }) { writer, way in
            writer.write(way.key)
            way.value.write(to: &writer)
        }
        writer.write(list: pausedWays.sorted { $0.key < $1.key }) { writer, way in
            writer.write(way.key)
            writer.write(time: way.value)
        }
        all.write(to: &writer)
        writer.write(optional: pausedUntil) { writer, time in writer.write(time: time) }
    }
}
