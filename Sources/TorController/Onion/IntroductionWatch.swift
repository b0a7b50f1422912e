internal import EventLoop

/// Whether a service is to be published anew, because its introduction points are gone or were.
///
/// When the hosting tor's guard, or several relays at once, go away, tor tries to reach the same introduction points again,
/// four times each in as many seconds, and then others, until it has used up what it grants a service in five minutes
/// (28 circuits). If not enough of them were built by then it publishes nothing until the five minutes are over, and nobody
/// new finds the service. One that is removed and added again has its allowance anew; streams that exist are not touched.
///
/// When all were gone and are back, they are the same ones, and tor tells nobody. But the tor of a client that asked them
/// meanwhile remembers for two minutes that they did not know the service, and does not ask them again
/// (`HS_CACHE_CLIENT_INTRO_STATE_MAX_AGE`). Of a service that is added again it finds others.
struct IntroductionWatch {
    /// So long too few mean that tor has given up. It replaces one that is lost in some seconds; but a relay that could not
    /// reach another one does not try again for a minute, and before that new ones fail just so.
    static let patience = Duration.seconds(75)
    /// A service is not added again and again, tor's limit has its reason: each pause is twice as long as the one before,
    /// until the service has its introduction points again.
    static let leastPause = Duration.seconds(120)
    static let longestPause = Duration.seconds(960)
    /// After the first of those that were all gone is back: most clients are back by then, and one that dials while the
    /// service is added again has to dial twice.
    static let settling = Duration.seconds(4)
    /// Between two times of that.
    static let pauseAfterLoss = Duration.seconds(30)
    /// Three for each of two descriptors; tor uploads one only when it has all three. Any more are tor's spare ones, which it
    /// drops again.
    static let enough = 6
    /// Circuits remembered: tor allows a service 20 introduction points, for each of two descriptors, and some on their way out.
    static let maximumCount = 64

    private enum Phase {
        /// All are there.
        case whole
        /// Fewer than there have been, for so long that the service is published anew then.
        case few(until: MonotonicTime)
        /// The same, none at all; it had enough.
        case none(until: MonotonicTime)
        /// There were none.
        case back(until: MonotonicTime)
    }

    private var phase = Phase.whole
    private var established: Set<String> = []
    private var most = 0
    private var pause = leastPause
    private var notBefore: MonotonicTime?

    init() {}

    /// When to publish the service anew, if nothing changes.
    var nextDeadline: MonotonicTime? {
        switch phase {
        case .whole: nil
        case .few(let until), .none(let until), .back(let until): until
        }
    }

    /// Introduction points that are established now.
    var count: Int { established.count }

    mutating func established(_ circuit: String, now: MonotonicTime) {
        guard established.count < Self.maximumCount else { return }
        established.insert(circuit)
        look(now)
    }

    mutating func closed(_ circuit: String, now: MonotonicTime) {
        if established.remove(circuit) != nil { look(now) }
    }

    /// Returns whether to publish the service anew; it counts as done then.
    mutating func timePassed(now: MonotonicTime) -> Bool {
        guard let nextDeadline, now >= nextDeadline else { return false }
        let next: MonotonicTime
        if case .back = phase {
            next = now + Self.pauseAfterLoss
        } else {
            next = now + pause
            pause = min(pause * 2, Self.longestPause)
        }
        notBefore = next
        phase = .few(until: max(next, now + Self.patience))
        return true
    }

    /// The service is added again: those that it had are closed.
    mutating func addedAgain() {
        established = []
    }

    private mutating func look(_ now: MonotonicTime) {
        // What it has not had yet it does not miss.
        most = max(most, min(count, Self.enough))
        let late = max(now + Self.patience, notBefore ?? now)
        switch phase {
        case .whole, .few:
            if count >= most {
                phase = .whole
                pause = Self.leastPause
            } else if count == 0, most == Self.enough {
                phase = .none(until: nextDeadline ?? late)
            } else if case .whole = phase {
                phase = .few(until: late)
            }
        case .none: phase = .back(until: max(now + Self.settling, notBefore ?? now))
        case .back(let until):
            if count == 0 { phase = .none(until: max(until, late)) }
        }
    }
}
