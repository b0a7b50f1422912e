internal import Wire

/// The new public key of a parent node, and its path secret for those below it (section 7.6).
struct UpdatePathNode: WireValue {
    var encryptionKey: [UInt8]
    /// One for each node in the resolution of the copath child, without the leaves that the Commit adds; none when only
    /// those are there.
    var encryptedPathSecret: [HPKECiphertext]

    init(encryptionKey: [UInt8], encryptedPathSecret: [HPKECiphertext]) {
        self.encryptionKey = encryptionKey
        self.encryptedPathSecret = encryptedPathSecret
    }

    init(from reader: inout ByteReader) throws(WireError) {
        encryptionKey = try reader.readOpaque()
        encryptedPathSecret = try reader.readList()
    }

    func write(to writer: inout ByteWriter) {
        writer.writeVector(encryptionKey)
        writer.writeList(encryptedPathSecret)
    }
}
