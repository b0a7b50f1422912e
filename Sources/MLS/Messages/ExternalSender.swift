internal import Wire

/// Somebody outside the group who may propose changes (RFC 9420 section 12.1.8.1).
struct ExternalSender: WireValue {
    let signatureKey: [UInt8]
    let credential: Credential

    init(signatureKey: [UInt8], credential: Credential) {
        self.signatureKey = signatureKey
        self.credential = credential
    }

    init(from reader: inout ByteReader) throws(WireError) {
        signatureKey = try reader.readOpaque()
        credential = try Credential(from: &reader)
    }

    func write(to writer: inout ByteWriter) {
        writer.writeVector(signatureKey)
        credential.write(to: &writer)
    }
}
