package import Wire

/// Lets new members in (RFC 9420 section 12.4.3.1).
package struct Welcome: WireValue {
    var cipherSuite: CipherSuiteID
    var secrets: [EncryptedGroupSecrets]
    var encryptedGroupInfo: [UInt8]

    init(cipherSuite: CipherSuiteID, secrets: [EncryptedGroupSecrets], encryptedGroupInfo: [UInt8]) {
        self.cipherSuite = cipherSuite
        self.secrets = secrets
        self.encryptedGroupInfo = encryptedGroupInfo
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        cipherSuite = try CipherSuiteID(from: &reader)
        secrets = try reader.readList()
        encryptedGroupInfo = try reader.readOpaque()
    }

    package func write(to writer: inout ByteWriter) {
        cipherSuite.write(to: &writer)
        writer.writeList(secrets)
        writer.writeVector(encryptedGroupInfo)
    }
}
