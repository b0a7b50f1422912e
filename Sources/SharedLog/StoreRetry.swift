/// When a store is tried again.
package struct StoreRetry: Sendable {
    package static let firstPause = Duration.milliseconds(100)
    /// A store that is started again is found within so long: well within a lease, because that is how long the others wait for
    /// a host that has something that the store has lost.
    package static let longestPause = ReplicaPace.lease / 4

    private var pause = Self.firstPause

    package init() {}

    /// The store has answered.
    package mutating func answered() { pause = Self.firstPause }

    /// How long to wait before the next try.
    package mutating func next() -> Duration {
        defer { pause = min(pause * 2, Self.longestPause) }
        return pause
    }
}
