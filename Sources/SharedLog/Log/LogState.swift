internal import Wire

/// What all know who have read the log up to a place: where that is, and who writes. The same for the same history.
package struct LogState: Hashable, Sendable {
    package private(set) var place = LogPlace.origin
    package private(set) var lineage = LogLineage()
    package private(set) var writers = WriterTable()
    /// The room's time in milliseconds: the latest that a writer has said.
    private(set) var time: UInt64 = 0

    /// Before the first entry.
    init() {}

    /// Whether nothing is known.
    package var isBlank: Bool { place == .origin }

    /// Whether the entry is the next one of this history. If not, entries between are missing, or it is of another.
    func isContinued(by entry: LogEntry?, at position: LogPosition) -> Bool {
        if case .opened(let opening) = entry {
            return position.number == 0 && position.epoch > place.position.epoch && opening.before == place
        }
        if case .written(let written) = entry, written.epochHead != lineage.epochHead { return false }
        return position.epoch == place.position.epoch && position.number > place.position.number
            && position.number - place.position.number == 1
    }

    /// Takes the next entry, which leads to `head`; nil for one that nobody of the room has made. Returns what it
    /// comes to, if it counts, at the room's time.
    ///
    /// - Precondition: ``isContinued(by:at:)``.
    mutating func apply(_ entry: LogEntry?, at position: LogPosition, head: LogHead) -> WrittenEntry? {
        precondition(isContinued(by: entry, at: position))
        place = LogPlace(position: position, head: head)
        switch entry {
        case .opened:
            lineage.opened(place)
            return nil
        case .written(let entry):
            lineage.wentOn(to: position.number)
            guard let content = writers.wrote(entry, at: position) else { return nil }
            time = max(time, entry.time)
            return WrittenEntry(
                writer: entry.writer, number: entry.number, epochHead: entry.epochHead, seen: entry.seen, time: time,
                content: content)
        case nil:
            lineage.wentOn(to: position.number)
            return nil
        }
    }

    init(reading reader: inout ByteReader) throws(WireError) {
        place = try LogPlace(reading: &reader)
        lineage = try LogLineage(reading: &reader)
        writers = try WriterTable(reading: &reader)
        time = try reader.readUInt64()
        guard lineage.contains(place.position, epochHead: lineage.epochHead) else { throw .invalidValue }
    }

    func write(to writer: inout ByteWriter) {
        place.write(to: &writer)
        lineage.write(to: &writer)
        writers.write(to: &writer)
        writer.write(time)
    }
}
