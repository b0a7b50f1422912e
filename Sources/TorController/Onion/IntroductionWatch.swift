package import EventLoop

/// Whether a service has been without some of its introduction points for longer than tor needs to make new ones.
///
/// When the hosting tor's guard, or several relays at once, go away, tor tries to reach the same introduction points again,
/// four times each in as many seconds, and then others, until it has used up what it grants a service in five minutes
/// (28 circuits). If not enough of them were built by then it publishes nothing until the five minutes are over, and nobody
/// new finds the service. One that is removed and added again has its allowance anew; streams that exist are not touched.
package struct IntroductionWatch {
    /// So long too few mean that tor has given up. It replaces one that is lost in some seconds; but a relay that could not
    /// reach another one does not try again for a minute, and before that new ones fail just so.
    static let patience = Duration.seconds(75)
    /// A service is not added again and again, tor's limit has its reason: each pause is twice as long as the one before,
    /// until the service has its introduction points again.
    static let leastPause = Duration.seconds(120)
    static let longestPause = Duration.seconds(960)
    /// Three for each of two descriptors; tor uploads one only when it has all three. Any more are tor's spare ones, which it
    /// drops again.
    static let enough = 6
    /// Circuits remembered: tor allows a service 20 introduction points, for each of two descriptors, and some on their way out.
    static let maximumCount = 64

    private var established: Set<String> = []
    private var most = 0
    private var pause = leastPause
    private var notBefore: MonotonicTime?
    /// When to publish the service anew, while it has too few.
    private(set) var nextDeadline: MonotonicTime?

    package init() {}

    /// Introduction points that are established now.
    package var count: Int { established.count }

    package mutating func established(_ circuit: String, now: MonotonicTime) {
        guard established.count < Self.maximumCount else { return }
        established.insert(circuit)
        look(now)
    }

    package mutating func closed(_ circuit: String, now: MonotonicTime) {
        if established.remove(circuit) != nil { look(now) }
    }

    /// Returns whether to publish the service anew; it counts as done then.
    package mutating func timePassed(now: MonotonicTime) -> Bool {
        guard let nextDeadline, now >= nextDeadline else { return false }
        notBefore = now + pause
        self.nextDeadline = notBefore
        pause = min(pause * 2, Self.longestPause)
        return true
    }

    private mutating func look(_ now: MonotonicTime) {
        // What it has not had yet it does not miss.
        most = max(most, min(count, Self.enough))
        if count >= most {
            nextDeadline = nil
            pause = Self.leastPause
        } else if nextDeadline == nil {
            nextDeadline = max(now + Self.patience, notBefore ?? now)
        }
    }
}
