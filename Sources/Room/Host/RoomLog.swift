package import Chat
internal import DequeModule
package import Wire

/// What a room has said, in order, each entry once however many members there are; and how far each member has come.
///
/// A member's place is a cursor: nothing is queued for it. It counts the records that it has received itself, of the entries
/// that are for it only, so that its numbers tell it nothing of what others get in private.
package struct RoomLog {
    /// Who an entry is for.
    package enum Audience: Sendable, Equatable {
        case all
        case one(MemberID)
        /// Those who are in the group since this epoch or before.
        case upTo(epoch: UInt64)
        /// Those who have come into it later.
        case after(epoch: UInt64)
    }

    struct Entry {
        let message: EncodedMessage
        let audience: Audience
        /// Records that carry the message.
        let records: UInt32
        /// The number of the message in the room's order; 0 for what has none.
        let sequence: UInt64
        /// Its number, where it is to be told when it has arrived.
        let tracking: UInt64?

        /// The epoch of the group that a member is in after this, if it can follow.
        func epoch(after epoch: UInt64) -> UInt64 {
            switch message.type {
            case RoomMessageType.committed: return epoch + 1
            case RoomMessageType.undone:
                guard case .undone(let last, _)? = try? HostMessage(type: message.type, body: message.body) else {
                    return epoch
                }
                return min(epoch, last)
            default: return epoch
            }
        }
    }

    /// How far a member has come: it has received all entries before `next`, and `records` records in all.
    struct Place {
        var next: UInt64
        var records: UInt32
        /// Memory in entries for it alone that it has not received.
        var ownByteCount = 0
        /// The first epoch of the group that it can read.
        var since: UInt64
        /// The epoch that it has followed the group to.
        var epoch: UInt64
    }

    /// Where a connection reads on. It is at `next`, of which it has sent a part or nothing.
    package struct Reader: Sendable {
        package let member: MemberID
        fileprivate(set) var next: UInt64
        fileprivate let since: UInt64
        /// It reads nothing from here on.
        package var end = UInt64.max

        /// Whether what is for these is for its member.
        fileprivate func wants(_ audience: Audience) -> Bool { audience.includes(member, since: since) }
    }

    /// What an entry takes in memory beside the bytes of its message.
    static let entryCost = 96
    /// Entries that are not looked through, for those that nobody needs any more, before there are so many, or they take so
    /// much memory.
    private static let trimmingInterval = 256
    private static let trimmingByteCount = 65_536

    /// Memory in entries past which the oldest are dropped, whoever needs them still. How old they can be follows from how
    /// long the room keeps a place: nobody else needs an entry that all who are there have received.
    package let byteLimit: Int
    private var entries: Deque<Entry> = []
    /// The number of the first entry that is kept.
    private var first: UInt64 = 0
    private var byteCount = 0
    private var trimAt = trimmingInterval
    private var trimAtByteCount = trimmingByteCount
    /// The most entries that there were since their memory was given back.
    private var peak = 0
    /// Nobody reads entries from this number on: what a kept room says is on the disk before anybody hears of it.
    package var readableEnd = UInt64.max
    private var places: [MemberID: Place] = [:]
    private var arrived: [UInt64] = []
    private var lost: [(number: UInt64, member: MemberID)] = []

    package init(byteLimit: Int) {
        self.byteLimit = byteLimit
    }

    /// The number of the next entry.
    package var end: UInt64 { first + UInt64(entries.count) }

    /// Memory held in entries.
    package var heldByteCount: Int { byteCount }

    // MARK: Saying

    /// - Parameters:
    ///   - records: records that carry the message.
    ///   - sequence: the number of the message in the room's order; 0 for what has none.
    ///   - number: what ``takeArrived()`` gives back once its member has received it.
    package mutating func append(
        _ message: EncodedMessage, for audience: Audience, records: Int, sequence: UInt64 = 0,
        tracking number: UInt64? = nil
    ) {
        entries.append(
            Entry(
                message: message, audience: audience, records: UInt32(clamping: records), sequence: sequence,
                tracking: number))
        byteCount += Self.cost(of: message)
        if case .one(let member) = audience { places[member]?.ownByteCount += Self.cost(of: message) }
    }

    // MARK: Places

    /// The member's place begins here, and in this epoch of the group; it has received `records` records on this session before.
    mutating func open(_ member: MemberID, records: UInt32, epoch: UInt64 = 0) -> Reader {
        places[member] = Place(next: end, records: records, since: epoch, epoch: epoch)
        return Reader(member: member, next: end, since: epoch)
    }

    /// The member, whose place was opened before that was known, had received so many records on its session by then.
    package mutating func hadReceived(_ records: UInt32, by member: MemberID) { places[member]?.records &+= records }

    /// The epoch that the member has followed the group to, as far as it has acknowledged; nil for a member without a place.
    func epoch(of member: MemberID) -> UInt64? { places[member]?.epoch }

    /// No member has followed the group any further than to this epoch, whatever it has acknowledged.
    mutating func goBack(to epoch: UInt64) {
        for (member, place) in places where place.epoch > epoch { places[member]?.epoch = epoch }
    }

    /// Where the member's place is; nil when it has none, or what follows is gone.
    func reader(of member: MemberID) -> Reader? {
        guard let place = places[member], place.next >= first, place.next <= end else { return nil }
        return Reader(member: member, next: place.next, since: place.since)
    }

    /// Nothing is kept any more but for members whose place can be read from.
    mutating func closePlaces(exceptOf isMember: (MemberID) -> Bool) {
        for member in places.keys where !isMember(member) || reader(of: member) == nil { places[member] = nil }
    }

    /// Nothing is kept for the member any more.
    package mutating func close(_ member: MemberID) {
        guard let place = places.removeValue(forKey: member), place.ownByteCount > 0 else { return }
        for entry in entries[Int(place.next - first)...] where entry.audience == .one(member) {
            if let tracked = entry.tracking { lost.append((tracked, member)) }
        }
    }

    /// The reader's member leaves: it reads what there is now, whether or not it keeps its place.
    package func end(_ reader: inout Reader) {
        if let start = start(of: reader) { reader.next = start }
        reader.end = end
    }

    /// Memory in what waits for the member alone.
    func waitingByteCount(of member: MemberID) -> Int { places[member]?.ownByteCount ?? 0 }

    /// Memory that an entry with that message takes.
    static func cost(of message: EncodedMessage) -> Int { message.body.count + entryCost }

    /// The member has received so many records. Returns the highest number in the room's order among them, 0 for none; nil
    /// when it has been told less.
    package mutating func acknowledged(_ records: UInt32, by member: MemberID) -> UInt64? {
        guard let row = places.index(forKey: member), case var place = places.values[row], place.next >= first else {
            return nil
        }
        var sequence: UInt64 = 0
        var index = Int(place.next - first)
        while index < entries.count {
            if entries[index].audience.includes(member, since: place.since) {
                let (more, had) = (entries[index].records, records &- place.records)
                guard had >= more, had < .max / 2 else { break }
                place.records &+= more
                if case .one = entries[index].audience { place.ownByteCount -= Self.cost(of: entries[index].message) }
                place.epoch = entries[index].epoch(after: place.epoch)
                sequence = max(sequence, entries[index].sequence)
                if let number = entries[index].tracking { arrived.append(number) }
            }
            index += 1
        }
        place.next = first + UInt64(index)
        places.values[row] = place
        guard index < entries.count || records == place.records else { return nil }
        return sequence
    }

    /// The numbers of what has arrived since this was called last.
    mutating func takeArrived() -> [UInt64] {
        guard !arrived.isEmpty else { return [] }
        defer { arrived = [] }
        return arrived
    }

    /// The numbers of what does not arrive any more, and for whom it was, since this was called last.
    mutating func takeLost() -> [(number: UInt64, member: MemberID)] {
        defer { lost = [] }
        return lost
    }

    /// Where a new connection of a member goes on.
    package struct Position {
        package let reader: Reader
        /// The highest number in the room's order of what the member has received, among what was not known before; 0 for none.
        package let sequence: UInt64
        /// Records that it has received in all, of these records of the next message, and records that wait for it.
        package let records: UInt32
        package let partOfNext: Int
        package let waiting: UInt32
    }

    /// Where a new connection of the member goes on that says it has received so many records: behind them, or where the member
    /// was before if it says less, as one does that could not acknowledge all that it has. Nil when the log does not have what
    /// follows, or never said so much.
    package mutating func resume(_ member: MemberID, after said: UInt32) -> Position? {
        guard let before = places[member] else { return nil }
        let records = said &- before.records < .max / 2 ? said : before.records
        guard let sequence = acknowledged(records, by: member), let place = places[member] else { return nil }
        var waiting: UInt32 = 0
        for entry in entries[(Int(place.next - first))...] where entry.audience.includes(member, since: place.since) {
            waiting &+= entry.records
        }
        let part = records &- place.records
        guard part <= waiting else { return nil }
        return Position(
            reader: Reader(member: member, next: place.next, since: place.since), sequence: sequence, records: records,
            partOfNext: Int(part), waiting: waiting - part)
    }

    // MARK: Reading

    /// Where the reader goes on; nil when what it has not sent is gone. What stands between it and its member's place is for
    /// others.
    private func start(of reader: Reader) -> UInt64? {
        let next = max(reader.next, places[reader.member]?.next ?? 0)
        return next >= first ? next : nil
    }

    /// Where the reader's next entry stands in `entries`; nil when there is none.
    private func next(for reader: Reader, before end: UInt64) -> Int? {
        // Most have sent all that there is.
        guard reader.next < self.end, let start = start(of: reader) else { return nil }
        var index = Int(start - first)
        while index < entries.count, first + UInt64(index) < end {
            if reader.wants(entries[index].audience) { return index }
            index += 1
        }
        return nil
    }

    /// Whether the reader has something to send. It passes over what is for others, so that this is not looked through again.
    package func hasMore(_ reader: inout Reader) -> Bool {
        guard reader.next < end, let start = start(of: reader) else { return false }
        let bound = readableEnd(of: reader)
        let next = next(for: reader, before: bound)
        reader.next = next.map { first + UInt64($0) } ?? max(start, min(end, bound))
        return next != nil
    }

    /// Whether something is there that the reader has not sent, or may not send yet.
    package func hasUnread(_ reader: Reader) -> Bool { next(for: reader, before: reader.end) != nil }

    private func readableEnd(of reader: Reader) -> UInt64 { min(reader.end, readableEnd) }

    /// What the reader sends next, appended to `messages`: so many that they have `limit` bytes, if there are.
    package func read(_ reader: Reader, limit: Int, into messages: inout [EncodedMessage]) {
        guard var index = next(for: reader, before: readableEnd(of: reader)) else { return }
        let last = Int(min(end, readableEnd(of: reader)) - first)
        var byteCount = 0
        while index < last, byteCount < limit {
            if reader.wants(entries[index].audience) {
                messages.append(entries[index].message)
                byteCount += entries[index].message.body.count
            }
            index += 1
        }
    }

    /// The reader has sent so many messages.
    package func advance(_ reader: inout Reader, by count: Int) {
        guard count > 0, var index = next(for: reader, before: readableEnd(of: reader)) else { return }
        let last = Int(min(end, readableEnd(of: reader)) - first)
        var left = count
        while left > 0, index < last {
            defer { index += 1 }
            guard reader.wants(entries[index].audience) else { continue }
            reader.next = first + UInt64(index) + 1
            left -= 1
        }
    }

    // MARK: Bounds

    /// Drops what nobody needs any more, and what is too much. Returns the members whose place is gone with it, in the order
    /// of their ids.
    ///
    /// - Parameters:
    ///   - isIdle: whether it is time to look for that, however little there is.
    ///   - readers: of those who have no place any more, and still get what there is for them.
    package mutating func trim(isIdle: Bool = false, readers: [Reader] = []) -> [MemberID] {
        guard isIdle || entries.count >= trimAt || byteCount >= trimAtByteCount || byteCount > byteLimit else {
            return []
        }
        passOverOthers()
        let leaving = readers.filter { $0.next < $0.end }.map { max($0.next, first) }
        let needed = min(places.values.map(\.next).min() ?? end, leaving.min() ?? end)
        var count = 0
        var rest = byteCount
        // What nobody may read yet nobody could have had.
        while count < entries.count, case let number = first + UInt64(count),
            number < needed || rest > byteLimit && number < readableEnd
        {
            rest -= Self.cost(of: entries[count].message)
            count += 1
        }
        let begin = first + UInt64(count)
        let gone = begin > needed ? places.filter { $0.value.next < begin } : [:]
        for member in gone.keys { places[member] = nil }
        if gone.values.contains(where: { $0.ownByteCount > 0 }) {
            // What stands before a member's place it has received.
            for (number, entry) in zip(needed..., entries[Int(needed - first)...]) {
                guard case .one(let member) = entry.audience, let tracked = entry.tracking,
                    let place = gone[member], number >= place.next
                else { continue }
                lost.append((tracked, member))
            }
        }
        peak = max(peak, entries.count)
        entries.removeFirst(count)
        if peak > 4 * max(entries.count, Self.trimmingInterval) {
            entries = Deque(Array(entries))
            peak = entries.count
        }
        first = begin
        byteCount = rest
        trimAt = max(Self.trimmingInterval, 2 * entries.count)
        trimAtByteCount = max(Self.trimmingByteCount, 2 * byteCount)
        return gone.keys.sorted { $0.packed < $1.packed }
    }

    /// Nobody needs what comes next where that is for others.
    private mutating func passOverOthers() {
        var place = places.startIndex
        while place < places.endIndex {
            let (member, since) = (places[place].key, places[place].value.since)
            var index = Int(places[place].value.next - first)
            while index < entries.count, !entries[index].audience.includes(member, since: since) { index += 1 }
            places.values[place].next = first + UInt64(index)
            places.formIndex(after: &place)
        }
    }
}

extension RoomLog.Audience {
    /// Whether this is for a member that is in the group since `epoch`.
    func includes(_ member: MemberID, since epoch: UInt64) -> Bool {
        switch self {
        case .all: true
        case .one(let id): id == member
        case .upTo(let last): epoch <= last
        case .after(let last): epoch > last
        }
    }
}

// MARK: Snapshots

extension RoomLog {
    /// A log without its entries, which ``restore(_:)`` brings.
    init(reading reader: inout StateReader, byteLimit: Int) throws(WireError) {
        self.init(byteLimit: byteLimit)
        first = try reader.readUInt64()
        let list = try reader.readList(atMost: RoomLimits.membersBelieved) { reader throws(WireError) in
            (
                try reader.readMemberID(),
                Place(
                    next: try reader.readUInt64(), records: try reader.readUInt32(), since: try reader.readUInt64(),
                    epoch: try reader.readUInt64())
            )
        }
        arrived = try reader.readList(atMost: PrivateReceipts.limit) { reader throws(WireError) in
            try reader.readUInt64()
        }
        lost = try reader.readList(atMost: PrivateReceipts.limit) { reader throws(WireError) in
            (number: try reader.readUInt64(), member: try reader.readMemberID())
        }
        for (member, place) in list {
            guard places.updateValue(place, forKey: member) == nil, place.next <= .max / 2, place.epoch <= .max / 2
            else { throw .invalidValue }
        }
        guard first <= .max / 2 else { throw .invalidValue }
    }

    func write(to writer: inout StateWriter) {
        writer.write(first)
        writer.write(list: places.sorted { $0.key.wireValue < $1.key.wireValue }) { writer, place in
            writer.write(place.key)
            writer.write(place.value.next)
            writer.write(place.value.records)
            writer.write(place.value.since)
            writer.write(place.value.epoch)
        }
        writer.write(list: arrived.suffix(PrivateReceipts.limit)) { writer, number in writer.write(number) }
        writer.write(list: lost.suffix(PrivateReceipts.limit)) { writer, lost in
            writer.write(lost.number)
            writer.write(lost.member)
        }
    }

    /// The number of the first entry that is there.
    package var start: UInt64 { first }

    /// The entries from this number on, encoded.
    package func encodedEntries(from number: UInt64) -> [[UInt8]] {
        entries.dropFirst(Int(clamping: number - min(number, first))).map(\.encoded)
    }

    /// Puts the next entry back; what was said then is not said anew.
    mutating func restore(_ entry: Entry) {
        let number = end
        entries.append(entry)
        byteCount += Self.cost(of: entry.message)
        if case .one(let member) = entry.audience, let place = places[member], place.next <= number {
            places[member]?.ownByteCount += Self.cost(of: entry.message)
        }
    }
}
