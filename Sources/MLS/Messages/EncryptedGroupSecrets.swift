internal import Wire

/// The ``GroupSecrets`` of one new member (RFC 9420 section 12.4.3.1).
struct EncryptedGroupSecrets: WireValue {
    /// The reference of the member's KeyPackage.
    let newMember: [UInt8]
    let encryptedGroupSecrets: HPKECiphertext

    init(newMember: [UInt8], encryptedGroupSecrets: HPKECiphertext) {
        self.newMember = newMember
        self.encryptedGroupSecrets = encryptedGroupSecrets
    }

    init(from reader: inout ByteReader) throws(WireError) {
        newMember = try reader.readOpaque()
        encryptedGroupSecrets = try HPKECiphertext(from: &reader)
    }

    func write(to writer: inout ByteWriter) {
        writer.writeVector(newMember)
        encryptedGroupSecrets.write(to: &writer)
    }
}
