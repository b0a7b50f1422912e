/// The addresses of one room, in the order in which they are worth trying: first the one that led there before.
///
/// What answers at an address need not be the room: 192.168.1.20 is somebody else in each network.
struct RoomWays<Way: Hashable> {
    /// Addresses that are remembered: those of an invite, and those that a host had in the networks it was in.
    static var limit: Int { 16 }

    private var ways: [Way]
    /// Where something else than the room answered, since the last time that the room did.
    private var wrong: Set<Way> = []
    /// Where the room says that it is, too.
    private var told: [Way] = []
    /// Those that are known by that alone.
    private var hearsay: Set<Way> = []
    /// Where the last dial led, until it is known what is there.
    private var last: Way?
    private let mix: ([Way]) -> [Way]

    /// - Parameter mix: the order of the others once a stay at one has ended: one of its own for each member, so that those who lose a
    ///   host go to each of the others in shares.
    init(_ ways: [Way], mix: @escaping ([Way]) -> [Way] = { $0 }) {
        self.ways = ways
        self.mix = mix
    }

    /// An order that is each member's own.
    static func mixed(_ ways: [Way], random: () -> UInt64) -> [Way] {
        ways.map { (random(), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// The room says that it is there, too, in the place of all that it said before.
    mutating func told(_ list: [Way]) {
        let gone = hearsay.subtracting(list).filter { $0 != last }
        ways.removeAll { gone.contains($0) }
        hearsay.subtract(gone)
        wrong.subtract(gone)
        for way in list where !ways.contains(way) && ways.count < Self.limit {
            ways.append(way)
            hearsay.insert(way)
        }
        told = list.filter { ways.contains($0) }
    }

    /// Whether nobody but the room itself says that it is there.
    func isHearsay(_ way: Way) -> Bool { hearsay.contains(way) }

    /// Where else than at `way` the room is: as it says itself, if it does.
    func others(than way: Way) -> [Way] { (told.isEmpty ? ways : told).filter { $0 != way } }

    func contains(_ way: Way) -> Bool { ways.contains(way) }

    /// The addresses to dial now, beside each other.
    mutating func next() -> [Way] {
        if let last {
            // The stay there has ended, and it was one.
            let mixed = mix(ways.filter { $0 != last })
            // What the room says is news; an invite may be old.
            ways = [last] + mixed.filter { told.contains($0) } + mixed.filter { !told.contains($0) }
            wrong = []
        }
        last = nil
        return ways.filter { !wrong.contains($0) }
    }

    /// Whether a dial to an address that was found just now may lead to the room.
    mutating func isWorthWhile(_ way: Way) -> Bool {
        if !ways.contains(way), ways.count < Self.limit { ways.append(way) }
        return !wrong.contains(way)
    }

    /// The room says that it is there now: that is tried first.
    mutating func put(first way: Way) {
        ways.removeAll { $0 == way }
        if ways.count >= Self.limit { ways.removeLast() }
        ways.insert(way, at: 0)
        wrong.remove(way)
        hearsay.remove(way)
        last = nil
    }

    /// Something answered at `way`.
    mutating func reached(_ way: Way) {
        last = way
    }

    /// The last dial did not lead to the room. Returns whether something else answered and other addresses have not been
    /// tried yet; if not, the next dial tries all again.
    ///
    /// - Parameter mayFindMore: whether the next dial looks for addresses, too.
    mutating func failed(mayFindMore: Bool = false) -> Bool {
        if let last { wrong.insert(last) }
        let isWorthWhile =
            last != nil && (!wrong.isSuperset(of: ways) || mayFindMore && wrong.count < Self.limit)
        last = nil
        if !isWorthWhile { wrong = [] }
        return isWorthWhile
    }
}
