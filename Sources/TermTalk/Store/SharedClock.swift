/// The clock of a room that several hosts hold: it begins with the room, is set by what stands in their log, and goes on at each host
/// by the host's own. It stands still while no host lives.
struct SharedClock {
    /// In milliseconds: longer than any room lives, and short enough to be added to.
    static let longest: UInt64 = 1 << 53

    /// The time of the last entry: what counts for the room.
    private(set) var now = Duration.zero
    /// How much further the room's clock is than this host's.
    private var offset: Duration?

    /// The room begins now.
    mutating func begin(local: Duration) { offset = Duration.zero - local }

    /// An entry was written at that time of the room, in milliseconds.
    mutating func applied(_ time: UInt64, local: Duration) {
        now = max(now, .milliseconds(Int64(clamping: min(time, Self.longest))))
        offset = max(offset ?? now - local, now - local)
    }

    /// What is written now is written at that time, in milliseconds.
    func time(local: Duration) -> UInt64 { Self.milliseconds(max(now, offset.map { $0 + local } ?? now)) }

    /// When it is that time of the room at this host.
    func local(_ time: Duration) -> Duration { time - (offset ?? .zero) }

    static func milliseconds(_ time: Duration) -> UInt64 {
        let (seconds, attoseconds) = time.components
        guard seconds >= 0, seconds < Int64(longest / 1_000) else { return seconds < 0 ? 0 : longest }
        return UInt64(seconds) * 1_000 + UInt64(attoseconds / 1_000_000_000_000_000)
    }
}
