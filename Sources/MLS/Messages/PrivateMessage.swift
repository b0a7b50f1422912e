package import Wire

/// A signed and encrypted message (RFC 9420 section 6.3), not opened yet.
package struct PrivateMessage: WireValue {
    let groupID: [UInt8]
    let epoch: UInt64
    package let contentType: ContentType
    package let authenticatedData: [UInt8]
    let encryptedSenderData: [UInt8]
    let ciphertext: [UInt8]

    init(
        groupID: [UInt8], epoch: UInt64, contentType: ContentType, authenticatedData: [UInt8],
        encryptedSenderData: [UInt8], ciphertext: [UInt8]
    ) {
        self.groupID = groupID
        self.epoch = epoch
        self.contentType = contentType
        self.authenticatedData = authenticatedData
        self.encryptedSenderData = encryptedSenderData
        self.ciphertext = ciphertext
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        groupID = try reader.readOpaque()
        epoch = try reader.readUInt64()
        contentType = try ContentType(from: &reader)
        authenticatedData = try reader.readOpaque()
        encryptedSenderData = try reader.readOpaque()
        ciphertext = try reader.readOpaque()
    }

    package func write(to writer: inout ByteWriter) {
        writer.writeVector(groupID)
        writer.write(epoch)
        contentType.write(to: &writer)
        writer.writeVector(authenticatedData)
        writer.writeVector(encryptedSenderData)
        writer.writeVector(ciphertext)
    }
}
