import SharedLog

/// The time of hosts at a real Redis, which goes faster than the test's, and waits for who is slow: a machine that is busy with something
/// else is no host that sleeps, and no Redis that is cut off.
final class HurriedClock {
    /// How much faster it goes: a lease takes three eighths of a second.
    private static let hurry = 8.0
    /// How far it goes between two turns at most: what a host does within a lease takes some ten turns.
    private static let longestStep = ReplicaPace.lease / 40
    /// It stands still for an answer that a Redis which runs owes for so long.
    static let patience = ReplicaPace.lease / 20

    private(set) var now = Duration.zero
    private var tickedAt = ContinuousClock.now
    /// How long it stood still, in its own measure.
    private(set) var waited = Duration.zero

    /// Goes on, unless an answer is waited for.
    func tick(waits: Bool) {
        let real = ContinuousClock.now
        let passed = (real - tickedAt) * Self.hurry
        tickedAt = real
        let step = waits ? .zero : min(passed, Self.longestStep)
        now += step
        waited += passed - step
    }
}
