package import Wire

/// The type of an extension (section 17.3). Any number is one; those that we do not know are passed over where the RFC
/// says so, GREASE (section 13.5) among them.
package struct ExtensionType: RawRepresentable, WireValue {
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

    static let applicationID = ExtensionType(rawValue: 1)
    static let ratchetTree = ExtensionType(rawValue: 2)
    static let requiredCapabilities = ExtensionType(rawValue: 3)
    static let externalPub = ExtensionType(rawValue: 4)
    static let externalSenders = ExtensionType(rawValue: 5)

    /// Whether RFC 9420 defines the extension itself, so that every client supports it without listing it
    /// (section 7.2).
    var isDefault: Bool { (1...5).contains(rawValue) }
}
