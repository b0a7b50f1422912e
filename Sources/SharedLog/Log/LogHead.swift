internal import Wire

/// A hash over a position, its entry as it stands in the store, and the head before it: 128 bits that stand for the whole history.
///
/// The store can make no entries, only choose among those it was given, so that this is enough.
package struct LogHead: Hashable, Comparable, Sendable {
    /// In bytes.
    static let byteCount = 16

    package let high: UInt64
    package let low: UInt64

    /// Before the first entry.
    package static let origin = LogHead(high: 0, low: 0)

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    init(reading reader: inout ByteReader) throws(WireError) {
        high = try reader.readUInt64()
        low = try reader.readUInt64()
    }

    func write(to writer: inout ByteWriter) {
        writer.write(high)
        writer.write(low)
    }

    package static func < (left: LogHead, right: LogHead) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}
