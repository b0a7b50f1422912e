internal import SecureSession

/// How often a room's password may be tried, and how much work that may make.
///
/// Behind an onion service all peers have the same address, and keys are free: so all who come without an invite share one
/// allowance, and each invite has its own. Whoever tries passwords through one of these entrances keeps
/// others out of that one for a while, and of no other.
struct PasswordGuesses {
    struct Limits: Sendable {
        /// Wrong passwords without a consequence: people mistype.
        var free = 2
        /// How long nobody may try after the next wrong one, the third; each further one doubles it.
        var firstDelay = Duration.seconds(1)
        /// It grows no further: an entrance must not be shut for good by whoever knows where it is. 1,440 guesses a day.
        var longestDelay = Duration.seconds(60)
        /// For each time that passes one wrong password is forgotten.
        var forgiveness = Duration.seconds(600)
        /// Exchanges that may begin at an entrance, a second in the long run, and at once. Each costs a quarter of a
        /// millisecond, so that a flood takes half a percent of a core.
        var exchangesPerSecond = 20.0
        var exchangeBurst = 60.0

        init() {}
    }

    /// The way in: without an invite, or with one of them.
    struct Entrance: Hashable {
        let invite: InviteSecret?

        init(_ invite: InviteSecret?) {
            self.invite = invite
        }

        static func == (left: Entrance, right: Entrance) -> Bool { left.invite === right.invite }

        func hash(into hasher: inout Hasher) {
            hasher.combine(invite.map(ObjectIdentifier.init))
        }
    }

    private struct State {
        var exchanges: Allowance
        var wrong = 0
        var notBefore: Duration
        /// From when on the next forgiveness counts.
        var forgivenUntil: Duration
    }

    private let limits: Limits
    private var states: [Entrance: State] = [:]

    init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Whether an exchange may begin now; if so, it counts.
    mutating func mayBegin(at entrance: Entrance, now: Duration) -> Bool {
        var state = self.state(of: entrance, now: now)
        defer { states[entrance] = state }
        return now >= state.notBefore && state.exchanges.take(now: now)
    }

    /// Whether a password may be checked now.
    func mayTry(at entrance: Entrance, now: Duration) -> Bool {
        states[entrance].map { now >= $0.notBefore } ?? true
    }

    /// The password was wrong. Returns how many were, of late, and for how long nobody may try now.
    mutating func wasWrong(at entrance: Entrance, now: Duration) -> (count: Int, delay: Duration) {
        var state = self.state(of: entrance, now: now)
        state.wrong += 1
        var delay = Duration.zero
        if state.wrong > limits.free {
            // Never more doublings than it takes to get past the longest.
            delay = limits.firstDelay
            for _ in 0..<min(state.wrong - limits.free - 1, 32) where delay < limits.longestDelay {
                delay += delay
            }
            delay = min(delay, limits.longestDelay)
        }
        state.notBefore = now + delay
        states[entrance] = state
        return (state.wrong, delay)
    }

    /// The invite is no longer in force.
    mutating func forget(_ invite: InviteSecret) {
        states[Entrance(invite)] = nil
    }

    private func state(of entrance: Entrance, now: Duration) -> State {
        guard var state = states[entrance] else {
            return State(
                exchanges: Allowance(rate: limits.exchangesPerSecond, burst: limits.exchangeBurst, now: now),
                notBefore: now, forgivenUntil: now)
        }
        let forgiven = Int((now - state.forgivenUntil) / limits.forgiveness)
        if state.wrong == 0 {
            state.forgivenUntil = now
        } else if forgiven > 0 {
            state.wrong = max(0, state.wrong - forgiven)
            state.forgivenUntil += limits.forgiveness * forgiven
        }
        return state
    }
}
