package import Wire

/// The registered number of a cipher suite (section 17.1). Any number is one; those that we do not know are passed over
/// in ``Capabilities``, GREASE (section 13.5) among them.
package struct CipherSuiteID: RawRepresentable, WireValue {
    /// The registered number.
    package let rawValue: UInt16

    /// X25519, AES-128-GCM, SHA-256, Ed25519: mandatory in the RFC, run in tests only.
    package static let x25519AES128GCM = CipherSuiteID(rawValue: 1)
    /// X25519, ChaCha20-Poly1305, SHA-256, Ed25519: the suite of our rooms.
    static let x25519ChaChaPoly = CipherSuiteID(rawValue: 3)

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        rawValue = try reader.readUInt16()
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(rawValue)
    }
}
