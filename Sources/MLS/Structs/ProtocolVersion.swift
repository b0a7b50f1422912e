package import Wire

/// A version of MLS (section 6). Any number is one; those that we do not know are passed over where the RFC
/// says so, GREASE (section 13.5) among them.
package struct ProtocolVersion: RawRepresentable, WireValue {
    /// The registered number.
    package let rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        rawValue = try reader.readUInt16()
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(rawValue)
    }

    /// The version of RFC 9420.
    static let mls10 = ProtocolVersion(rawValue: 1)
}
