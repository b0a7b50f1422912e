internal import Wire

/// Who writes, as all see it who have read as far.
package struct WriterTable: Hashable, Sendable {
    /// How many live at a time: the hosts of one room. More are not let in.
    package static let limit = 64
    /// How many that are gone are remembered, so that what they had under way stays void. Nothing is under way for that long.
    static let goneLimit = 256

    package enum Standing: Hashable, Sendable {
        /// It may not tell its members anything before each of `unconfirmed` has said that it has seen `since`: whoever opens an
        /// epoch waits for those it knows of.
        case joining(since: LogPosition, unconfirmed: Set<WriterID>)
        case confirmed
        case gone
    }

    package struct Writer: Hashable, Sendable {
        /// The number of its last entry that counts.
        fileprivate(set) var last: UInt64
        /// The number of the host's last input that counts.
        fileprivate var input: UInt64 = 0
        fileprivate(set) var standing: Standing
    }

    private var writers: [WriterID: Writer] = [:]
    /// Oldest first.
    private var gone: [WriterID] = []

    init() {}

    subscript(_ id: WriterID) -> Writer? { writers[id] }

    /// Those that are not gone.
    package var living: [WriterID] { writers.filter { $0.value.standing != .gone }.keys.sorted() }

    func isConfirmed(_ id: WriterID) -> Bool { writers[id]?.standing == .confirmed }

    func isGone(_ id: WriterID) -> Bool { writers[id]?.standing == .gone }

    /// The number of a host's last input that counts, whichever incarnation wrote it.
    func lastInput(of host: UInt64) -> UInt64 {
        writers.reduce(0) { $1.key.host == host ? max($0, $1.value.input) : $0 }
    }

    /// Whether somebody waits until `id` says that it has read on.
    func awaits(_ id: WriterID) -> Bool {
        writers.values.contains { writer in
            if case .joining(_, let unconfirmed) = writer.standing { unconfirmed.contains(id) } else { false }
        }
    }

    /// Takes what was written at `position`, and returns what that comes to: nil when it does not count, because it is repeated, out of
    /// order, or of somebody who is gone.
    mutating func wrote(_ entry: WrittenEntry, at position: LogPosition) -> LogContent? {
        guard let writer = writers[entry.writer] else {
            guard entry.number == 1, case .hello(let instead) = entry.content else { return nil }
            return hello(entry.writer, instead: instead, at: position) ? entry.content : nil
        }
        guard writer.standing != .gone, entry.number > writer.last, entry.number - writer.last == 1 else { return nil }
        writers[entry.writer]?.last = entry.number
        confirm { since in entry.seen.position >= since ? entry.writer : nil }
        if case .input(let index, _) = entry.content {
            guard index > writer.input else { return .beat }
            writers[entry.writer]?.input = index
        }
        if case .gone(let id, let after) = entry.content {
            guard let silent = writers[id], silent.standing != .gone, silent.last == after else { return .beat }
            leave(id)
        }
        return entry.content
    }

    private mutating func hello(_ id: WriterID, instead: WriterID?, at position: LogPosition) -> Bool {
        if let instead, instead.host == id.host, writers[instead].map({ $0.standing != .gone }) ?? false {
            leave(instead)
        }
        let others = Set(living)
        guard others.count < Self.limit else { return false }
        let standing = others.isEmpty ? Standing.confirmed : .joining(since: position, unconfirmed: others)
        writers[id] = Writer(last: 1, input: lastInput(of: id.host), standing: standing)
        return true
    }

    private mutating func leave(_ id: WriterID) {
        writers[id]?.standing = .gone
        gone.append(id)
        if gone.count > Self.goneLimit { writers[gone.removeFirst()] = nil }
        confirm { _ in id }
    }

    /// Writers that joined at a position wait no more for the one that `confirming` names for it.
    private mutating func confirm(_ confirming: (_ since: LogPosition) -> WriterID?) {
        for (id, writer) in writers {
            guard case .joining(let since, var unconfirmed) = writer.standing, let confirmed = confirming(since),
                unconfirmed.remove(confirmed) != nil
            else { continue }
            writers[id]?.standing = unconfirmed.isEmpty ? .confirmed : .joining(since: since, unconfirmed: unconfirmed)
        }
    }
}

extension WriterTable {
    init(reading reader: inout ByteReader) throws(WireError) {
        let living = Int(try reader.readUInt8())
        guard living <= Self.limit else { throw .tooLong }
        for _ in 0..<living {
            let id = try WriterID(reading: &reader)
            let last = try reader.readUInt64()
            let input = try reader.readUInt64()
            guard try reader.readUInt8() == 1 else {
                writers[id] = Writer(last: last, input: input, standing: .confirmed)
                continue
            }
            let since = LogPosition(epoch: try reader.readUInt64(), number: try reader.readUInt64())
            var unconfirmed: Set<WriterID> = []
            for _ in 0..<(try reader.readUInt8()) { unconfirmed.insert(try WriterID(reading: &reader)) }
            writers[id] = Writer(last: last, input: input, standing: .joining(since: since, unconfirmed: unconfirmed))
        }
        let goneCount = Int(try reader.readUInt16())
        guard goneCount <= Self.goneLimit else { throw .tooLong }
        for _ in 0..<goneCount {
            let id = try WriterID(reading: &reader)
            writers[id] = Writer(last: try reader.readUInt64(), input: try reader.readUInt64(), standing: .gone)
            gone.append(id)
        }
        guard writers.count == living + goneCount else { throw .invalidValue }
    }

    func write(to writer: inout ByteWriter) {
        let living = living
        writer.write(UInt8(living.count))
        for id in living {
            guard let entry = writers[id] else { continue }
            id.write(to: &writer)
            writer.write(entry.last)
            writer.write(entry.input)
            guard case .joining(let since, let unconfirmed) = entry.standing else {
                writer.write(UInt8(0))
                continue
            }
            writer.write(UInt8(1))
            writer.write(since.epoch)
            writer.write(since.number)
            writer.write(UInt8(unconfirmed.count))
            for id in unconfirmed.sorted() { id.write(to: &writer) }
        }
        writer.write(UInt16(gone.count))
        for id in gone {
            id.write(to: &writer)
            writer.write(writers[id]?.last ?? 0)
            writer.write(writers[id]?.input ?? 0)
        }
    }
}
