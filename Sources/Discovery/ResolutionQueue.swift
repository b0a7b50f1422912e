internal import EventLoop

/// Which of the services that were heard of are looked into, and when. Whoever floods a network with services could else have us
/// ask for all of them at once, or never come to the one that matters.
///
/// Interfaces take turns, so that what one network is full of hides nothing of another.
struct ResolutionQueue<Service> {
    /// One that is looked into.
    struct Query {
        let number: UInt64
        let service: Service
        /// The one that it takes the place of, which is not waited for any longer.
        var instead: UInt64?
    }

    private struct Entry {
        let service: Service
        let interface: Int32
        var turns = 0
    }

    private struct Running {
        let number: UInt64
        let entry: Entry
        let since: MonotonicTime
    }

    private struct Lane {
        let interface: Int32
        var entries: [Entry]
    }

    /// Services that wait. With the places of an `EmbeddedBrowser`, all of them have had a turn after 4 s: less than a
    /// search takes.
    static var waitingLimit: Int { 2_048 }
    /// What had so long to answer makes room for what waits: an answer takes a tenth of a second, and for one that never
    /// comes Avahi waits 5 s.
    static var turn: Duration { .seconds(1) }
    /// An answer that was lost is asked for a second time.
    static var turnLimit: Int { 2 }

    /// Services that are asked for beside each other.
    private let places: Int
    /// Those that wait; the first is next. None is empty.
    private var lanes: [Lane] = []
    /// The oldest first.
    private var running: [Running] = []
    private var lastNumber: UInt64 = 0
    private(set) var waitingCount = 0

    init(places: Int) {
        self.places = places
    }

    /// A service to look into. Where too many wait, the one is left out that came last on the interface with most of them.
    mutating func heard(of service: Service, at interface: Int32) {
        wait(Entry(service: service, interface: interface))
    }

    /// The next one to begin with; nil when it has to wait, or there is none.
    mutating func next(at now: MonotonicTime) -> Query? {
        guard !lanes.isEmpty else { return nil }
        var instead: UInt64?
        if running.count >= places {
            guard let oldest = running.first, now - oldest.since >= Self.turn else { return nil }
            running.removeFirst()
            instead = oldest.number
            if oldest.entry.turns < Self.turnLimit { wait(oldest.entry) }
        }
        var lane = lanes.removeFirst()
        var entry = lane.entries.removeFirst()
        waitingCount -= 1
        if !lane.entries.isEmpty { lanes.append(lane) }
        entry.turns += 1
        lastNumber += 1
        running.append(Running(number: lastNumber, entry: entry, since: now))
        return Query(number: lastNumber, service: entry.service, instead: instead)
    }

    /// When `next(at:)` can be asked again though none has ended; nil when nothing waits, or it can be asked now.
    var nextTurn: MonotonicTime? {
        guard !lanes.isEmpty, running.count >= places else { return nil }
        return running.first.map { $0.since + Self.turn }
    }

    /// One that was begun with was answered, or will not be. Returns false when it is not waited for.
    @discardableResult
    mutating func ended(_ number: UInt64) -> Bool {
        guard let index = running.firstIndex(where: { $0.number == number }) else { return false }
        running.remove(at: index)
        return true
    }

    private mutating func wait(_ entry: Entry) {
        let own = lanes.firstIndex { $0.interface == entry.interface }
        if waitingCount >= Self.waitingLimit {
            let fullest = lanes.indices.max { lanes[$0].entries.count < lanes[$1].entries.count }
            guard let fullest, lanes[fullest].entries.count > (own.map { lanes[$0].entries.count } ?? 0) + 1 else {
                return
            }
            lanes[fullest].entries.removeLast()
            waitingCount -= 1
        }
        waitingCount += 1
        if let own {
            lanes[own].entries.append(entry)
        } else {
            lanes.append(Lane(interface: entry.interface, entries: [entry]))
        }
    }
}
