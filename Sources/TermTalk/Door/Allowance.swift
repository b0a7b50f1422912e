/// How often something may be done: `rate` times a second in the long run, and `burst` times at once.
struct Allowance {
    private let rate: Double
    private let burst: Double
    private var tokens: Double
    private var updated: Duration

    init(rate: Double, burst: Double, now: Duration) {
        self.rate = rate
        self.burst = burst
        tokens = burst
        updated = now
    }

    /// Whether it may be done now; if so, it counts as done, `cost` times.
    mutating func take(_ cost: Double = 1, now: Duration) -> Bool {
        tokens = min(burst, tokens + (now - updated) / .seconds(1) * rate)
        updated = now
        guard tokens >= cost else { return false }
        tokens -= cost
        return true
    }
}
