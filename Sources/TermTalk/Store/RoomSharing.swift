internal import Room

/// A host's part in a room that several hosts hold: what it knows of their log, and what it has to write there.
final class RoomSharing {
    /// The log, as a host uses it.
    struct Log {
        /// Writes an input at a time of the room; false when too much waits already.
        var append: (_ input: [UInt8], _ time: UInt64) -> Bool
        /// Puts a snapshot into the store.
        var keep: ([UInt8]) -> Void
        /// Whether members may be let in: what is written is on its way, and the other hosts know of this one.
        var isReady: () -> Bool
        /// Bytes that wait to be written.
        var waitingByteCount: () -> Int
        /// Whether it is this host that takes snapshots.
        var isKeeper: () -> Bool
        /// For who watches the host.
        var metrics: () -> RoomMetrics.SharedLog = { .init() }
        /// The room was begun with other terms than this host was given.
        var termsDiffer: () -> Void = {}
    }

    /// Nothing is read from members while more than so many bytes wait for the store.
    static let congestedByteCount = 4 << 20
    /// The log of what was said is looked through after so many entries, for what nobody needs any more.
    static let trimInterval: UInt64 = 64
    /// A hash of the room's state is logged after so many entries, where debug messages are.
    static let stateInterval: UInt64 = 64
    /// Messages that are written for one link: in all for a visitor, which says one thing and waits; and for a member, of those that have
    /// not come back, so that the room has not judged them yet. That is twice what its own window has (``SendWindow``).
    static let visitorMessages = 8
    static let memberMessages = 4_096
    /// Nothing is taken from links while so many bytes wait here, because the log takes no more.
    static let waitingByteLimit = 16 << 20

    let host: UInt64
    let terms: SharedTerms
    let log: Log
    var table = SharedTable()
    var clock = SharedClock()
    /// What is to be written, in order.
    private(set) var waiting: [RoomInput] = []
    private var waitingByteCount = 0
    /// How many messages of each link were written, without those of members that have come back.
    private var underWay: [LinkID: Int] = [:]
    /// How many records each link's peer has received, as far as that is not written.
    private var acknowledged: [UInt32: UInt32] = [:]
    /// The links of this host by which something has come, so that the others are to hear when they are gone.
    private var spoken: Set<LinkID> = []
    private var nextNumber: UInt32 = 0
    var review = LinkReview()
    var snapshots = SnapshotPace()
    var isFlushing = false
    /// Where this host is reached.
    private let places: [HostPlace]
    /// Whether that is written and has not come back.
    private var isAnnouncing = false

    init(host: UInt64, terms: SharedTerms, places: [HostPlace], log: Log) {
        self.host = host
        self.terms = terms
        self.places = Array(places.prefix(HostPlace.placesPerHost))
        self.log = log
    }

    /// This host's number in the room, once the others know of it.
    var number: UInt32? { table.number(of: host) }

    /// Whether somebody may come in here.
    var isOpen: Bool { number != nil && table.terms?.agree(with: terms) == true && log.isReady() }

    var isCongested: Bool { allWaitingByteCount > Self.congestedByteCount }

    /// Bytes that wait for the store, here and in the log.
    var allWaitingByteCount: Int { log.waitingByteCount() + waitingByteCount }

    /// A number for a connection that is about to be added, never used before; nil before this host is known.
    func freeLink() -> LinkID? {
        guard let number, nextNumber < .max else { return nil }
        nextNumber += 1
        return LinkID(host: number, number: nextNumber)
    }

    // MARK: What is to be written

    func write(_ input: RoomInput) {
        takeAcknowledgements()
        wait(input)
    }

    private func wait(_ input: RoomInput) {
        waiting.append(input)
        waitingByteCount += input.cost
    }

    /// A message came by the link. Returns false when too much is under way for it to be written.
    func takes(from link: LinkID, isMember: Bool) -> Bool {
        let count = underWay[link, default: 0]
        guard count < (isMember ? Self.memberMessages : Self.visitorMessages),
            waitingByteCount < Self.waitingByteLimit
        else { return false }
        underWay[link] = count + 1
        return true
    }

    /// A message of the link stands in the log.
    func cameBack(_ link: LinkID) {
        guard let count = underWay[link], table.member(at: link) != nil else { return }
        underWay[link] = count > 1 ? count - 1 : nil
    }

    /// Something came by the link: it is to be told when it is gone.
    func spoke(_ link: LinkID) { spoken.insert(link) }

    /// The link is gone. Returns whether that is to be told.
    func forget(_ link: LinkID) -> Bool {
        underWay[link] = nil
        return spoken.remove(link) != nil
    }

    /// The latest word of a link counts.
    func acknowledge(_ records: UInt32, by link: LinkID) {
        acknowledged[link.number] = records
    }

    private func takeAcknowledgements() {
        var rest = acknowledged.sorted { $0.key < $1.key }[...]
        acknowledged = [:]
        while !rest.isEmpty {
            let part = rest.prefix(RoomInput.acknowledgementLimit)
            rest = rest.dropFirst(part.count)
            wait(.acknowledged(part.map { .init(link: $0.key, records: $0.value) }))
        }
    }

    /// Writes what waits. Returns whether all was taken.
    func flush(local: Duration) -> Bool {
        takeAcknowledgements()
        let time = clock.time(local: local)
        var count = 0
        while count < waiting.count, log.append(waiting[count].bytes, time) { count += 1 }
        for input in waiting.prefix(count) { waitingByteCount -= input.cost }
        waiting.removeFirst(count)
        return waiting.isEmpty
    }

    /// Once all that the log holds was read: says what became of this host's links that have no connection.
    func reviewLinks(isConnected: (LinkID) -> Bool) {
        guard review.isDue, log.isReady(), let number else { return }
        for input in review.take(table.links(of: number).filter { !isConnected($0) }) { write(input) }
    }

    // MARK: Where the hosts are

    /// What is to be written for the others to know where this host is; nil when they do, or it takes nobody yet.
    func announcement() -> RoomInput? {
        guard !isAnnouncing, let number, table.places(of: number) != places, isOpen else { return nil }
        isAnnouncing = true
        return .listens(places)
    }

    /// A host says where it is reached.
    func listens(_ host: UInt32, at places: [HostPlace]) {
        table.listens(host, at: places)
        if host == number { isAnnouncing = false }
    }

    /// A host is gone, and reached nowhere. If it is this one, what it had under way does not count, and it says so again.
    func isGone(_ host: UInt32) { listens(host, at: []) }

    // MARK: Snapshots

    /// All that was known is replaced by that; nothing of this host's is under way any more.
    func adopt(_ table: SharedTable, at time: UInt64, local: Duration) {
        self.table = table
        clock = SharedClock()
        clock.applied(time, local: local)
        spoken = []
        acknowledged = [:]
        review.reloads()
        isAnnouncing = false
        // What was said by links that are dropped now their peers say again; a host's own words still count.
        waiting.removeAll { input in
            switch input {
            case .began, .ended: false
            default: true
            }
        }
        waitingByteCount = waiting.reduce(0) { $0 + $1.cost }
        underWay = [:]
    }
}

extension RoomInput {
    /// What it takes in memory while it waits, about.
    fileprivate var cost: Int {
        switch self {
        case .said(_, key: _, way: _, _, type: _, body: let body): body.count + 256
        case .acknowledged(let list): list.count * 8 + 256
        default: 256
        }
    }
}
