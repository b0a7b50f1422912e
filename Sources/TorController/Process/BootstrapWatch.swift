import EventLoop

/// Watches over tor's way into its network, as a value: when its owner is told that it stands still, and when a tor of our own
/// is started again to help it.
///
/// A start is the only thing that makes tor forget all that keeps it from trying: the pauses between its downloads, which
/// grow with each try to hours; the relays that it could not connect to, for a minute; the guards that have failed, for ten
/// minutes and more; the connections to what has stopped answering, of which three keep it from making others. Its guards
/// themselves, and what it has downloaded, are on its disk and stay.
struct BootstrapWatch {
    enum Output: Equatable {
        /// End tor, and start it again.
        case startAgain
        /// It has come no further for the stall time. Comes once, until it has been in its network again.
        case stalled
    }

    /// Pauses before tor is started again, at the first start too: doubled from the shortest to the longest, each shortened by
    /// up to half.
    static let shortestPause = Duration.seconds(30)
    /// The shortest where tor goes by programs of its bridges: those look for a way themselves, for up to a minute.
    static let shortestPauseByPrograms = Duration.seconds(120)
    static let longestPause = Duration.seconds(300)
    /// tor has a connection to a relay from here on, in percent: what comes in by it is lost when it is started again, so that
    /// a slow one is left more time, as long as tor itself gives its first circuits. It stands still here, too: its first
    /// circuits wait for another relay, to which it is not connected, and as long as they wait it makes no others.
    static let connected = 15
    static let shortestPauseConnected = Duration.seconds(60)
    /// A start is left alone for so long, however often the network changes.
    static let shortestRun = Duration.seconds(10)

    private let stallTimeout: Duration
    private let isOwn: Bool
    private var pauses: Backoff
    /// Of this start of tor, before it is started again.
    private var pause = Duration.zero
    private var beganAt: MonotonicTime?
    /// How far this start has come, in percent.
    private var progress = -1
    /// How far tor has come since it was in its network last.
    private var best = -1
    /// What it said of that, with the latest warning; nil when it is in its network, or has said nothing.
    private(set) var status: BootstrapStatus?
    private var startAt: MonotonicTime?
    private var stallAt: MonotonicTime?
    private var hasTold = false

    /// - Parameters:
    ///   - stallTimeout: how long tor may come no further.
    ///   - isOwn: whether it can be started again.
    ///   - goesByPrograms: whether it starts programs for its bridges.
    init(stallTimeout: Duration, isOwn: Bool = false, goesByPrograms: Bool = false) {
        self.stallTimeout = stallTimeout
        self.isOwn = isOwn
        pauses = Backoff(
            shortest: goesByPrograms ? Self.shortestPauseByPrograms : Self.shortestPause, longest: Self.longestPause)
    }

    var nextDeadline: MonotonicTime? { [startAt, stallAt].compactMap(\.self).min() }

    /// There is a control connection; how far tor is will be heard.
    mutating func began(now: MonotonicTime, random: UInt32) {
        progress = -1
        guard isOwn else { return }
        beganAt = now
        pause = pauses.next(random: random)
        startAt = now + pause
    }

    /// Tor says how far it is. Returns whether it is further than it was before.
    mutating func heard(_ status: BootstrapStatus, now: MonotonicTime) -> Bool {
        let isNews = progressed(to: status.progress, now: now)
        if isNews { self.status = status } else if let warning = status.warning { warned(warning) }
        return isNews
    }

    /// Tor says what hinders it.
    mutating func warned(_ text: String) { status?.warning = text }

    /// Returns whether tor is further than it was before.
    mutating func progressed(to progress: Int, now: MonotonicTime) -> Bool {
        guard progress > self.progress else { return false }
        self.progress = progress
        if startAt != nil {
            startAt = now + (progress < Self.connected ? pause : max(pause, Self.shortestPauseConnected))
        }
        let isNews = progress > best
        best = max(best, progress)
        if !hasTold, isNews || stallAt == nil { stallAt = now + stallTimeout }
        return isNews
    }

    /// tor is in its network.
    mutating func arrived() {
        pauses.succeeded()
        (progress, best, hasTold) = (-1, -1, false)
        status = nil
        (startAt, stallAt) = (nil, nil)
    }

    /// tor is gone. What one of our own has to do goes on: one that ends again and again stands still, too.
    mutating func lost() {
        startAt = nil
        if !isOwn { stallAt = nil }
    }

    /// The machine has slept: what tor waits for is no more, and its pauses are of before.
    mutating func woke(now: MonotonicTime) {
        guard startAt != nil else { return }
        pauses.succeeded()
        startAt = now
    }

    /// The machine has other addresses: a tor without a connection may get one now.
    mutating func networkChanged(now: MonotonicTime) {
        guard let startAt, let beganAt, progress < Self.connected else { return }
        pauses.succeeded()
        self.startAt = min(startAt, max(now, beganAt + Self.shortestRun))
    }

    mutating func timePassed(now: MonotonicTime) -> [Output] {
        var outputs: [Output] = []
        if let stallAt, now >= stallAt {
            self.stallAt = nil
            hasTold = true
            outputs.append(.stalled)
        }
        if let startAt, now >= startAt {
            self.startAt = nil
            outputs.append(.startAgain)
        }
        return outputs
    }
}
