internal import Wire

/// A position and the head behind its entry.
package struct LogPlace: Hashable, Comparable, Sendable {
    /// In bytes.
    static let byteCount = 16 + LogHead.byteCount

    package let position: LogPosition
    let head: LogHead

    /// Before the first entry.
    package static let origin = LogPlace(position: .origin, head: .origin)

    package init(position: LogPosition, head: LogHead) {
        self.position = position
        self.head = head
    }

    init(reading reader: inout ByteReader) throws(WireError) {
        position = LogPosition(epoch: try reader.readUInt64(), number: try reader.readUInt64())
        head = try LogHead(reading: &reader)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(position.epoch)
        writer.write(position.number)
        head.write(to: &writer)
    }

    package static func < (left: LogPlace, right: LogPlace) -> Bool {
        left.position == right.position ? left.head < right.head : left.position < right.position
    }
}
