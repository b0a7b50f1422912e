/// What the host refuses to peers that are not members, counted by cause, and when that is worth a word to the person.
///
/// Single refusals are bad luck: two joiners at a bad moment. Many in a short time are an attack, which is told once when it
/// begins, now and then while it goes on, and once when it is over.
struct AttackWatch {
    /// What was refused.
    enum Cause: Int, CaseIterable {
        /// A handshake without an invite: there were too many.
        case openHandshake
        /// A handshake with an invite: there were too many.
        case invitedHandshake
        /// A place at the door: somebody gave way to a newer connection.
        case place
        /// To check a password.
        case password
        /// A connection, because there were too many from its address.
        case address
        /// A circuit of tor whose peer was silent, or was refused before.
        case circuit
    }

    struct Limits: Sendable {
        /// So many refusals within a window are an attack. A room of 50 whose members all come back at once has fewer.
        var threshold = 20
        /// While an attack lasts, a window with fewer than this is quiet; lower than the threshold, so that one that
        /// wavers around it is one attack.
        var quiet = 5
        var window = Duration.seconds(10)
        /// It is over after so long without a window that is not quiet.
        var calm = Duration.seconds(60)
        /// The person is told at most so often that it goes on.
        var interval = Duration.seconds(60)
    }

    /// How many of each cause, and in how many seconds.
    struct Tally: Equatable {
        fileprivate(set) var counts = [Int](repeating: 0, count: Cause.allCases.count)
        fileprivate(set) var seconds: Int64 = 0

        subscript(cause: Cause) -> Int { counts[cause.rawValue] }
        var total: Int { counts.reduce(0, +) }

        fileprivate mutating func count(_ cause: Cause) { counts[cause.rawValue] += 1 }
    }

    enum Report: Equatable {
        /// It began, or goes on: what was refused since the last report.
        case underAttack(Tally)
        /// It is over: all that was refused.
        case over(Tally)
    }

    private let limits: Limits
    private var windowStart: Duration
    private var windowCount = 0
    private var recent = Tally()
    private var whole = Tally()
    /// Nil when there is no attack.
    private var began: Duration?
    private var reported: Duration = .zero
    private var busyUntil: Duration = .zero

    init(limits: Limits = Limits(), now: Duration) {
        self.limits = limits
        windowStart = now
    }

    var isUnderAttack: Bool { began != nil }

    /// When ``timePassed(now:)`` has something to do.
    var nextDeadline: Duration? { began == nil ? nil : busyUntil + limits.calm }

    /// Nobody can come in just now, so that there is nobody to refuse: that is not calm.
    mutating func doorIsUnreachable(now: Duration) {
        if began != nil { busyUntil = max(busyUntil, now) }
    }

    /// Somebody was refused something.
    mutating func refused(_ cause: Cause, now: Duration) -> Report? {
        if let report = timePassed(now: now) {
            recent.count(cause)
            windowCount = 1
            return report
        }
        if now - windowStart >= limits.window {
            windowStart = now
            windowCount = 0
            if began == nil { recent = Tally() }
        }
        recent.count(cause)
        windowCount += 1
        if began == nil {
            guard windowCount >= limits.threshold else { return nil }
            began = windowStart
            busyUntil = now
            // They were counted before it was known to be an attack.
            whole = recent
            return report(since: windowStart, now: now)
        }
        whole.count(cause)
        if windowCount >= limits.quiet { busyUntil = now }
        return now - reported >= limits.interval ? report(since: reported, now: now) : nil
    }

    mutating func timePassed(now: Duration) -> Report? {
        guard let began, now >= busyUntil + limits.calm else { return nil }
        whole.seconds = (busyUntil - began).components.seconds + 1
        defer {
            whole = Tally()
            recent = Tally()
            windowStart = now
            windowCount = 0
        }
        self.began = nil
        return .over(whole)
    }

    private mutating func report(since start: Duration, now: Duration) -> Report {
        recent.seconds = (now - start).components.seconds + 1
        reported = now
        defer { recent = Tally() }
        return .underAttack(recent)
    }
}
