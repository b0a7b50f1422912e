/// Who may begin a handshake: how many a minute, and how many at a time that are not members yet.
///
/// Behind an onion service all peers have the same address, so the limits are for the room as a whole.
struct ConnectionGate {
    /// Connections that have not become members; past it the oldest one is closed for the new one.
    static let pendingLimit = 128

    /// Connections in the long run, and at once: a handshake costs the host three scalar multiplications, 0.2 ms.
    static let connectionsPerSecond = 20.0
    static let connectionBurst = 400.0

    private var tokens: Double
    private var updated: Duration

    init(now: Duration) {
        tokens = Self.connectionBurst
        updated = now
    }

    /// Whether a connection that arrives now may go on.
    mutating func admits(now: Duration) -> Bool {
        tokens = min(Self.connectionBurst, tokens + (now - updated) / .seconds(1) * Self.connectionsPerSecond)
        updated = now
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
