/// When a host tries its store again: soon at first, and twice as late each time, until the store has answered.
struct StoreRetry {
    static let firstPause = Duration.milliseconds(100)
    /// A store that is started again is found within so long.
    static let longestPause = Duration.seconds(3)

    private var pause = Self.firstPause

    /// The store has answered.
    mutating func answered() { pause = Self.firstPause }

    /// How long to wait before the next try.
    mutating func next() -> Duration {
        defer { pause = min(pause * 2, Self.longestPause) }
        return pause
    }
}
