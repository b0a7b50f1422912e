/// Finds out that the machine slept, or stood still as a virtual machine does, from clocks that run on differently.
struct SleepDetector {
    /// One reading of three clocks, each since any fixed origin.
    struct Reading {
        /// Stands still while the machine sleeps (`CLOCK_MONOTONIC`).
        var awake: Duration
        /// Goes on while it sleeps (`CLOCK_BOOTTIME`).
        var elapsed: Duration
        /// The time of day (`CLOCK_REALTIME`), which is set right after a virtual machine stood still.
        var wall: Duration
    }

    /// Shorter sleeps break nothing.
    static let leastSleep = Duration.seconds(5)

    /// The time of day is sometimes set by a little; more than this means that the other clocks stood still.
    static let leastWallJump = Duration.seconds(30)

    private var last: Reading?

    /// For how long the machine slept since the last reading; nil when it did not.
    mutating func read(_ reading: Reading) -> Duration? {
        defer { last = reading }
        guard let last else { return nil }
        let elapsed = reading.elapsed - last.elapsed
        let slept = elapsed - (reading.awake - last.awake)
        if slept >= Self.leastSleep { return slept }
        let jump = reading.wall - last.wall - elapsed
        return jump >= Self.leastWallJump ? jump : nil
    }
}
