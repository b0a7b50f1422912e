/// When a member that has lost its host tries again: soon at first, then less and less often, and never quite regularly, so
/// that the members of a room that was away do not all come at once.
///
/// A value without a clock; `now` is monotonic time since any fixed origin.
struct ReconnectSchedule {
    /// The first pause, and the longest while the host probably keeps the member's place; each is up to half as long again
    /// or less, at random.
    static let firstPause = Duration.milliseconds(250)
    static let longestPause = Duration.seconds(10)

    /// The longest pause once the host has been away for `longAway`: so long it may be a night.
    static let longestLatePause = Duration.seconds(60)
    static let longAway = Duration.seconds(900)

    /// A connection that lasted for so long was a good one: the next break is tried again at once. One that breaks again and
    /// again is not dialed faster and faster.
    static let stableAfter = Duration.seconds(5)

    /// Tries since the connection broke.
    private(set) var attempt = 0
    private(set) var lostAt: Duration?
    private var doublings = 0
    /// Connections in a row that did not last.
    private var shortConnections = 0
    private var connectedAt: Duration?

    var isLost: Bool { lostAt != nil }

    mutating func connected(now: Duration) {
        connectedAt = now
        lostAt = nil
    }

    mutating func lost(now: Duration) {
        guard lostAt == nil else { return }
        lostAt = now
        attempt = 0
        if let connectedAt {
            shortConnections = now - connectedAt >= Self.stableAfter ? 0 : min(shortConnections + 1, 16)
        }
        connectedAt = nil
        doublings = shortConnections
    }

    /// The pause before the next try; `random` spreads it.
    mutating func nextPause(now: Duration, random: UInt32) -> Duration {
        let isLate = now - (lostAt ?? now) >= Self.longAway
        let full = min(
            Self.firstPause * (1 << min(doublings, 16)), isLate ? Self.longestLatePause : Self.longestPause)
        attempt += 1
        doublings = min(doublings + 1, 16)
        return full / 2 + full * Double(random % 1_000) / 1_000
    }
}
