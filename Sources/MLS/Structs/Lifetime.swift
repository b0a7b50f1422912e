package import Wire

/// When a leaf node made for a KeyPackage counts (section 7.2), in seconds since 1970-01-01T00:00:00Z.
package struct Lifetime: WireValue {
    /// The first second of it.
    package var notBefore: UInt64
    /// The last second of it.
    package var notAfter: UInt64

    package init(notBefore: UInt64, notAfter: UInt64) {
        self.notBefore = notBefore
        self.notAfter = notAfter
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        notBefore = try reader.readUInt64()
        notAfter = try reader.readUInt64()
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(notBefore)
        writer.write(notAfter)
    }

    /// Whether `time` is within the lifetime.
    func contains(_ time: UInt64) -> Bool {
        notBefore <= time && time <= notAfter
    }

    /// Whether the end is not before the beginning, and at most `maximum` seconds later (section 7.2).
    func isWithin(_ maximum: UInt64) -> Bool {
        notBefore <= notAfter && notAfter - notBefore <= maximum
    }
}
