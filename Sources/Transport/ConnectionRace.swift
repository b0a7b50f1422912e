package import EventLoop

/// When which of the addresses of one peer is tried: beside each other, each a little after the one before, and the
/// families of addresses by turns (RFC 8305). A value without a clock; `now` is monotonic time since any fixed origin.
package struct ConnectionRace {
    /// How long an attempt has for itself before the next begins beside it (RFC 8305, 8, Connection Attempt Delay).
    static let attemptDelay = Duration.milliseconds(250)

    /// Addresses that are tried at most: four in an invite, each a name with as many addresses. Whoever is asked about a
    /// name could else have us knock at thousands of doors.
    package static let addressLimit = 16

    private var waiting: [SocketAddress] = []
    private var running: Set<SocketAddress> = []
    private var known: Set<SocketAddress> = []
    private var last: (address: SocketAddress, at: Duration)?
    private var isComplete = false
    private var failure: DialError?

    package init() {}

    /// Adds addresses, the most promising first; those that are known already change nothing.
    package mutating func found(_ addresses: [SocketAddress]) {
        for address in addresses where known.count < Self.addressLimit {
            if known.insert(address).inserted { waiting.append(address) }
        }
    }

    /// A source of addresses failed; the race may go on with others.
    package mutating func searchFailed(_ error: DialError) {
        failed(with: error)
    }

    /// No further addresses will be found.
    package mutating func searchEnded() {
        isComplete = true
    }

    /// The next address to begin with; nil when it is not time, see `nextAttemptAt`.
    package mutating func nextAttempt(now: Duration) -> SocketAddress? {
        guard let due = nextAttemptAt, due <= now else { return nil }
        let index = last.flatMap { last in waiting.firstIndex { Self.isIPv6($0) != Self.isIPv6(last.address) } } ?? 0
        let address = waiting.remove(at: index)
        running.insert(address)
        last = (address, now)
        return address
    }

    /// When the next attempt is due; nil when none is left to begin.
    package var nextAttemptAt: Duration? {
        guard !waiting.isEmpty else { return nil }
        guard let last, !running.isEmpty else { return .zero }
        return last.at + Self.attemptDelay
    }

    /// An attempt failed: the next one need not wait, if it was the only one.
    package mutating func failed(_ address: SocketAddress, with error: DialError) {
        guard running.remove(address) != nil else { return }
        if last?.address == address { last?.at = .zero - Self.attemptDelay }
        failed(with: error)
    }

    /// Why nothing could be reached; nil while something may be.
    package var result: DialError? {
        isComplete && waiting.isEmpty && running.isEmpty ? failure ?? .nameNotFound : nil
    }

    private mutating func failed(with error: DialError) {
        if failure.map({ $0.telling < error.telling }) != false { failure = error }
    }

    private static func isIPv6(_ address: SocketAddress) -> Bool {
        if case .ip(let text, _) = address { text.contains(":") } else { false }
    }
}

extension DialError {
    /// Of several addresses that failed, the error that says most about the peer: the higher.
    fileprivate var telling: Int {
        switch self {
        case .refused: 4
        case .timedOut: 3
        case .unreachable: 2
        case .failed: 1
        case .nameNotFound, .onionName: 0
        }
    }
}
