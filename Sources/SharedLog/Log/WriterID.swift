internal import Wire

/// Who writes into a shared log: a host since it began without a state, under a number that it takes at random, and how often it
/// has had to begin anew since.
package struct WriterID: Hashable, Comparable, Sendable {
    package let host: UInt64
    package var incarnation: UInt32

    package init(host: UInt64, incarnation: UInt32) {
        self.host = host
        self.incarnation = incarnation
    }

    init(reading reader: inout ByteReader) throws(WireError) {
        host = try reader.readUInt64()
        incarnation = try reader.readUInt32()
    }

    func write(to writer: inout ByteWriter) {
        writer.write(host)
        writer.write(incarnation)
    }

    package static func < (left: WriterID, right: WriterID) -> Bool {
        (left.host, left.incarnation) < (right.host, right.incarnation)
    }
}
