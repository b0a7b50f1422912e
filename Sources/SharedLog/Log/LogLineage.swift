internal import Wire

/// Which epochs a history consists of, the latest last.
///
/// While the store forgets nothing within one of its lives, an epoch and a number in it stand for everything before.
package struct LogLineage: Hashable, Sendable {
    /// How many epochs are remembered: one begins with each life of the store. Whoever is further behind counts as elsewhere.
    static let limit = 64

    /// One epoch.
    package struct Mark: Hashable, Sendable {
        let epoch: UInt64
        /// The head behind its opening.
        let head: LogHead
        /// The number of its last entry.
        fileprivate(set) var last: UInt64
    }

    private(set) var marks: [Mark] = []

    init() {}

    init(reading reader: inout ByteReader) throws(WireError) {
        let count = Int(try reader.readUInt8())
        guard count <= Self.limit else { throw .tooLong }
        for _ in 0..<count {
            let mark = Mark(
                epoch: try reader.readUInt64(), head: try LogHead(reading: &reader), last: try reader.readUInt64())
            guard marks.last.map({ $0.epoch < mark.epoch }) ?? (mark.epoch > 0) else { throw .invalidValue }
            marks.append(mark)
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(marks.count))
        for mark in marks {
            writer.write(mark.epoch)
            mark.head.write(to: &writer)
            writer.write(mark.last)
        }
    }

    /// The head behind the latest opening; of no epoch, the origin.
    package var epochHead: LogHead { marks.last?.head ?? .origin }

    /// Whether this history goes through that number of the epoch that was opened with that head.
    func contains(_ position: LogPosition, epochHead: LogHead) -> Bool {
        if position == .origin { return true }
        return marks.contains { $0.epoch == position.epoch && $0.head == epochHead && position.number <= $0.last }
    }

    mutating func opened(_ place: LogPlace) {
        marks.append(Mark(epoch: place.position.epoch, head: place.head, last: 0))
        if marks.count > Self.limit { marks.removeFirst() }
    }

    mutating func wentOn(to number: UInt64) {
        guard !marks.isEmpty else { return }
        marks[marks.count - 1].last = number
    }
}
