package import Wire

/// The type of a credential (section 17.5). Any number is one; those that we do not know are passed over where the RFC
/// says so, GREASE (section 13.5) among them.
package struct CredentialType: RawRepresentable, WireValue {
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

    static let basic = CredentialType(rawValue: 1)
    static let x509 = CredentialType(rawValue: 2)
}
