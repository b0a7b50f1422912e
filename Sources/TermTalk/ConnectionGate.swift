/// Who may begin a handshake: how many a minute, and how many at a time that are not members yet.
///
/// Behind an onion service all peers have the same address, so the limits are for the room as a whole.
package struct ConnectionGate {
    package struct Limits: Sendable {
        /// Connections that have not become members; past it the oldest one is closed for the new one.
        package var pending = 128

        /// Connections in the long run, and at once: a handshake costs the host three scalar multiplications, 0.2 ms.
        package var connectionsPerSecond = 20.0
        package var connectionBurst = 400.0

        package init() {}
    }

    let limits: Limits
    private var tokens: Double
    private var updated: Duration

    init(limits: Limits, now: Duration) {
        self.limits = limits
        tokens = limits.connectionBurst
        updated = now
    }

    /// Whether a connection that arrives now may go on.
    mutating func admits(now: Duration) -> Bool {
        tokens = min(limits.connectionBurst, tokens + (now - updated) / .seconds(1) * limits.connectionsPerSecond)
        updated = now
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
