/// When a store is tried again.
package struct StoreRetry: Sendable {
    package static let firstPause = Duration.milliseconds(100)
    /// A store that is started again is found within so long: well within a lease, because that is how long the others wait for
    /// a host that has something that the store has lost.
    package static let longestPause = ReplicaPace.lease / 4

    /// So often the store's snapshot is loaded without a pause before all that follows it was read: entries behind it may have been
    /// trimmed meanwhile.
    static let loadsAtOnce = 4

    private var pause = Self.firstPause
    /// How often a snapshot was loaded since all that the store holds was read.
    private var loads = 0

    package init() {}

    /// Whether no snapshot was loaded in vain since all that the store holds was read.
    package var hasReadAll: Bool { loads == 0 }

    /// The store has answered.
    package mutating func answered() {
        if hasReadAll { pause = Self.firstPause }
    }

    /// All that the store holds was read.
    package mutating func readAll() { loads = 0 }

    /// A snapshot is to be loaded. Returns whether it may be now; else what the store holds does not follow what its snapshot says, and
    /// it is tried again after a pause, once.
    package mutating func mayLoad() -> Bool {
        guard loads < Self.loadsAtOnce else {
            loads = Self.loadsAtOnce - 1
            return false
        }
        loads += 1
        return true
    }

    /// How long to wait before the next try.
    package mutating func next() -> Duration {
        defer { pause = min(pause * 2, Self.longestPause) }
        return pause
    }
}
