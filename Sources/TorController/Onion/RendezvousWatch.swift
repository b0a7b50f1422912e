internal import EventLoop

/// The circuits over which peers have come to a service, and which of them to close: a peer's circuit stays for ten minutes
/// after its streams, and a service that ADD_ONION made learns of no stream on which circuit it came. So what tor hears on
/// each (`CIRC_BW`) says whose end is silent, whether the room refused it or it never asked for anything.
struct RendezvousWatch {
    /// A circuit that nothing came over for so long is closed. A member, or a joiner that waits to become one, says something every
    /// 150 s at most.
    static let idleTime = Duration.seconds(200)
    /// Circuits open at a time; past it the one that has been silent for longest is closed. Each costs tor some 10 KiB.
    static let maximumCount = 2_048
    static let sweepInterval = Duration.seconds(20)

    private var lastHeard: [String: MonotonicTime] = [:]
    /// Whether this tor tells what it hears: before it has, all circuits look silent.
    private var isInformed = false
    private(set) var nextDeadline: MonotonicTime?

    init() {}

    var count: Int { lastHeard.count }

    /// Returns the circuits to close.
    mutating func joined(_ circuit: String, now: MonotonicTime) -> [String] {
        lastHeard[circuit] = now
        if nextDeadline == nil { nextDeadline = now + Self.sweepInterval }
        guard lastHeard.count > Self.maximumCount, let oldest = lastHeard.min(by: { $0.value < $1.value })?.key
        else { return [] }
        lastHeard[oldest] = nil
        return isInformed ? [oldest] : []
    }

    mutating func heard(_ circuit: String, now: MonotonicTime) {
        isInformed = true
        if lastHeard[circuit] != nil { lastHeard[circuit] = now }
    }

    mutating func closed(_ circuit: String) {
        lastHeard[circuit] = nil
    }

    /// Returns the circuits to close.
    mutating func timePassed(now: MonotonicTime) -> [String] {
        guard let due = nextDeadline, now >= due else { return [] }
        nextDeadline = lastHeard.isEmpty ? nil : now + Self.sweepInterval
        guard now < due + Self.sweepInterval else {
            // This program, or the machine, was stopped: what tor has heard meanwhile is still to be read.
            for circuit in lastHeard.keys { lastHeard[circuit] = now }
            return []
        }
        guard isInformed else { return [] }
        let silent = lastHeard.filter { now - $0.value >= Self.idleTime }.map(\.key)
        for circuit in silent { lastHeard[circuit] = nil }
        return silent
    }
}
