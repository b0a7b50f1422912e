/// Growing pauses between tries: doubled each time up to a longest one, each shortened by a random part of up to half,
/// so that many clients of one restarted tor do not come back together.
struct Backoff: Equatable, Sendable {
    let shortest: Duration
    let longest: Duration
    /// Tries since the last success.
    private(set) var attempt = 0

    init(shortest: Duration = .milliseconds(200), longest: Duration = .seconds(15)) {
        self.shortest = shortest
        self.longest = longest
    }

    /// The pause before the next try; `random` is uniform over all of UInt32.
    mutating func next(random: UInt32) -> Duration {
        let doublings = min(attempt, 16)
        attempt += 1
        let full = min(longest, shortest * (1 << doublings))
        return full - full / 2 * (Double(random) / Double(UInt32.max))
    }

    /// A try worked.
    mutating func succeeded() {
        attempt = 0
    }
}
