internal import Transport

/// The addresses of one direct room, in the order in which they are worth trying: first the one that led there before.
///
/// What answers at an address need not be the room: 192.168.1.20 is somebody else in each network.
struct RoomWays {
    private var ways: [HostPort]
    /// Where something else than the room answered, since the last time that the room did.
    private var wrong: Set<HostPort> = []
    /// Where the last dial led, until it is known what is there.
    private var last: HostPort?

    init(_ ways: [HostPort]) {
        self.ways = ways
    }

    /// The addresses to dial now, beside each other.
    mutating func next() -> [HostPort] {
        if let last {
            // The stay there has ended, and it was one.
            ways.removeAll { $0 == last }
            ways.insert(last, at: 0)
            wrong = []
        }
        last = nil
        return ways.filter { !wrong.contains($0) }
    }

    /// Something answered at `way`.
    mutating func reached(_ way: HostPort) {
        last = way
    }

    /// The last dial did not lead to the room. Returns whether something else answered and other addresses have not been
    /// tried yet; if not, the next dial tries all again.
    mutating func failed() -> Bool {
        if let last { wrong.insert(last) }
        let isWorthWhile = last != nil && !wrong.isSuperset(of: ways)
        last = nil
        if !isWorthWhile { wrong = [] }
        return isWorthWhile
    }
}
