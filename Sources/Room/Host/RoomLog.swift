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

        /// What it takes in memory.
        var byteCount: Int { message.body.count + RoomLog.entryCost }
    }

    /// How far a member has come: it has received all entries before `next`, and `records` records in all.
    struct Place {
        var next: UInt64
        var records: UInt32
        /// Memory in entries for it alone that it has not received.
        var ownByteCount = 0
    }

    /// Where a connection reads on. It is at `next`, of which it has sent a part or nothing.
    package struct Reader: Sendable {
        package let member: MemberID
        fileprivate(set) var next: UInt64
        /// It reads nothing from here on.
        package var end = UInt64.max
    }

    /// What an entry takes in memory beside the bytes of its message.
    static let entryCost = 96
    /// Entries that are not looked through, for those that nobody needs any more, before there are so many.
    private static let trimmingInterval = 256

    /// Memory in entries past which the oldest are dropped, whoever needs them still. How old they can be follows from how
    /// long the room keeps a place: nobody else needs an entry that all who are there have received.
    package let byteLimit: Int
    private var entries: Deque<Entry> = []
    /// The number of the first entry that is kept.
    private var first: UInt64 = 0
    private var byteCount = 0
    private var trimAt = trimmingInterval
    /// Nobody reads entries from this number on: what a kept room says is on the disk before anybody hears of it.
    package var readableEnd = UInt64.max
    private var places: [MemberID: Place] = [:]
    private var arrived: [UInt64] = []

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
        byteCount += message.body.count + Self.entryCost
        if case .one(let member) = audience { places[member]?.ownByteCount += message.body.count + Self.entryCost }
    }

    // MARK: Places

    /// The member's place begins here; it has received `records` records on this session before.
    package mutating func open(_ member: MemberID, records: UInt32) -> Reader {
        places[member] = Place(next: end, records: records)
        return Reader(member: member, next: end)
    }

    /// Where the member's place is; nil when it has none, or what follows is gone.
    func reader(of member: MemberID) -> Reader? {
        guard let place = places[member], place.next >= first, place.next <= end else { return nil }
        return Reader(member: member, next: place.next)
    }

    /// Nothing is kept any more but for members whose place can be read from.
    mutating func closePlaces(exceptOf isMember: (MemberID) -> Bool) {
        for member in places.keys where !isMember(member) || reader(of: member) == nil { places[member] = nil }
    }

    /// Nothing is kept for the member any more.
    package mutating func close(_ member: MemberID) {
        places[member] = nil
    }

    /// Memory in what waits for the member alone.
    func waitingByteCount(of member: MemberID) -> Int { places[member]?.ownByteCount ?? 0 }

    package func hasPlace(_ member: MemberID) -> Bool { places[member] != nil }

    /// The member has received so many records. Returns the highest number in the room's order among them, 0 for none; nil
    /// when it has been told less.
    package mutating func acknowledged(_ records: UInt32, by member: MemberID) -> UInt64? {
        guard var place = places[member], place.next >= first else { return nil }
        var sequence: UInt64 = 0
        var index = Int(place.next - first)
        while index < entries.count {
            let entry = entries[index]
            if Self.isFor(member, entry) {
                guard records &- place.records >= entry.records, records &- place.records < .max / 2 else { break }
                place.records &+= entry.records
                if entry.audience != .all { place.ownByteCount -= entry.byteCount }
                sequence = max(sequence, entry.sequence)
                if let number = entry.tracking { arrived.append(number) }
            }
            index += 1
        }
        place.next = first + UInt64(index)
        places[member] = place
        guard index < entries.count || records == place.records else { return nil }
        return sequence
    }

    /// The numbers of what has arrived since this was called last.
    mutating func takeArrived() -> [UInt64] {
        guard !arrived.isEmpty else { return [] }
        defer { arrived = [] }
        return arrived
    }

    /// Where a new connection of the member reads on after so many records, records of the next message that it has, and
    /// records that wait for it; nil when the log does not have what follows, or never said so much.
    package mutating func resume(
        _ member: MemberID, after records: UInt32
    ) -> (reader: Reader, sequence: UInt64, partOfNext: Int, waiting: UInt32)? {
        guard let before = places[member], records &- before.records < .max / 2,
            let sequence = acknowledged(records, by: member), let place = places[member]
        else { return nil }
        var waiting: UInt32 = 0
        for entry in entries[(Int(place.next - first))...] where Self.isFor(member, entry) {
            waiting &+= entry.records
        }
        let part = records &- place.records
        guard part <= waiting else { return nil }
        return (Reader(member: member, next: place.next), sequence, Int(part), waiting - part)
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
        guard let start = start(of: reader) else { return nil }
        var index = Int(start - first)
        while index < entries.count, first + UInt64(index) < end {
            if Self.isFor(reader.member, entries[index]) { return index }
            index += 1
        }
        return nil
    }

    /// Whether the reader has something to send.
    package func hasMore(_ reader: Reader) -> Bool { next(for: reader, before: readableEnd(of: reader)) != nil }

    /// Whether something is there that the reader has not sent, or may not send yet.
    package func hasUnread(_ reader: Reader) -> Bool { next(for: reader, before: reader.end) != nil }

    private func readableEnd(of reader: Reader) -> UInt64 { min(reader.end, readableEnd) }

    /// Whether entries that the reader has not sent are gone.
    package func hasLost(_ reader: Reader) -> Bool { start(of: reader) == nil }

    /// What the reader sends next, appended to `messages`: so many that they have `limit` bytes, if there are.
    package func read(_ reader: Reader, limit: Int, into messages: inout [EncodedMessage]) {
        guard var index = next(for: reader, before: readableEnd(of: reader)) else { return }
        let last = Int(min(end, readableEnd(of: reader)) - first)
        var byteCount = 0
        while index < last, byteCount < limit {
            if Self.isFor(reader.member, entries[index]) {
                messages.append(entries[index].message)
                byteCount += entries[index].message.body.count
            }
            index += 1
        }
    }

    /// The reader has sent so many messages.
    package func advance(_ reader: inout Reader, by count: Int) {
        for _ in 0..<count {
            guard let index = next(for: reader, before: readableEnd(of: reader)) else { return }
            reader.next = first + UInt64(index) + 1
        }
    }

    private static func isFor(_ member: MemberID, _ entry: Entry) -> Bool {
        switch entry.audience {
        case .all: true
        case .one(let id): id == member
        }
    }

    // MARK: Bounds

    /// Drops what nobody needs any more, and what is too much. Returns the members whose place is gone with it, in the order
    /// of their ids.
    package mutating func trim() -> [MemberID] {
        guard entries.count >= trimAt || byteCount > byteLimit else { return [] }
        let needed = places.values.map(\.next).min() ?? end
        while let entry = entries.first, first < needed || byteCount > byteLimit {
            byteCount -= entry.byteCount
            first += 1
            entries.removeFirst()
        }
        trimAt = max(Self.trimmingInterval, 2 * entries.count)
        guard first > needed else { return [] }
        let lost = places.filter { $0.value.next < first }.map(\.key).sorted { $0.packed < $1.packed }
        for member in lost { places[member] = nil }
        return lost
    }
}

// MARK: Snapshots

extension RoomLog {
    /// A log without its entries, which ``restore(_:)`` brings.
    init(reading reader: inout StateReader, byteLimit: Int) throws(WireError) {
        self.init(byteLimit: byteLimit)
        first = try reader.readUInt64()
        let list = try reader.readList(atMost: RoomLimits.membersBelieved) { reader throws(WireError) in
            (try reader.readMemberID(), Place(next: try reader.readUInt64(), records: try reader.readUInt32()))
        }
        for (member, place) in list {
            guard places.updateValue(place, forKey: member) == nil, place.next <= .max / 2 else { throw .invalidValue }
        }
        guard first <= .max / 2 else { throw .invalidValue }
    }

    func write(to writer: inout StateWriter) {
        writer.write(first)
        writer.write(list: places.sorted { $0.key.wireValue < $1.key.wireValue }) { writer, place in
            writer.write(place.key)
            writer.write(place.value.next)
            writer.write(place.value.records)
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
        byteCount += entry.byteCount
        if case .one(let member) = entry.audience, let place = places[member], place.next <= number {
            places[member]?.ownByteCount += entry.byteCount
        }
    }
}

extension RoomLog.Entry {
    /// Bytes that the encoding has beside the message.
    private static let overhead = 64

    init(encoded: [UInt8]) throws(SnapshotError) {
        var reader = StateReader(encoded, now: .zero)
        do throws(WireError) {
            let type = try reader.readUInt8()
            let member = try reader.readOptional { reader throws(WireError) in try reader.readMemberID() }
            records = try reader.readUInt32()
            sequence = try reader.readUInt64()
            tracking = try reader.readOptional { reader throws(WireError) in try reader.readUInt64() }
            message = EncodedMessage(type: type, body: try reader.readBytes(atMost: RoomLimits.loggedByteCount))
            audience = member.map { .one($0) } ?? .all
            try reader.finish()
            guard records > 0 else { throw .invalidValue }
        } catch {
            throw .damaged
        }
    }

    var encoded: [UInt8] {
        var writer = StateWriter(now: .zero, reserving: message.body.count + Self.overhead)
        writer.write(message.type)
        let member: MemberID? = if case .one(let id) = audience { id } else { nil }
        writer.write(optional: member) { writer, id in writer.write(id) }
        writer.write(records)
        writer.write(sequence)
        writer.write(optional: tracking) { writer, number in writer.write(number) }
        writer.write(message.body)
        return writer.bytes
    }
}
