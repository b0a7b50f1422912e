internal import Sodium
package import Wire

/// What a new member must know of a group, signed by a member (RFC 9420 section 12.4.3).
package struct GroupInfo: WireValue {
    var context: GroupContext
    var extensions: [Extension]
    var confirmationTag: [UInt8]
    var signer: LeafIndex
    var signature: [UInt8]

    /// Signs what a member says of the group.
    init(
        context: GroupContext, extensions: [Extension], confirmationTag: [UInt8], signer: LeafIndex,
        suite: CipherSuite, key: borrowing Ed25519.KeyPair
    ) {
        self.context = context
        self.extensions = extensions
        self.confirmationTag = confirmationTag
        self.signer = signer
        signature = []
        signature = suite.signWithLabel(key, label: "GroupInfoTBS", content: toBeSigned)
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        context = try GroupContext(from: &reader)
        extensions = try reader.readList()
        confirmationTag = try reader.readOpaque()
        signer = try LeafIndex(from: &reader)
        signature = try reader.readOpaque()
    }

    package func write(to writer: inout ByteWriter) {
        writer.writeBytes(toBeSigned)
        writer.writeVector(signature)
    }

    /// Throws ``MLSError/invalidSignature`` unless `publicKey` is the signer's.
    func verifySignature(by publicKey: [UInt8], suite: CipherSuite) throws(MLSError) {
        try suite.verifyWithLabel(
            publicKey: publicKey, label: "GroupInfoTBS", content: toBeSigned, signature: signature)
    }

    /// The key that external Commits are encrypted to (section 12.4.3.2). Throws ``MLSError/cannotJoin`` where it tells none.
    func externalKey() throws(MLSError) -> [UInt8] {
        guard let data = extensions.data(of: .externalPub) else { throw .cannotJoin }
        do throws(WireError) {
            var reader = ByteReader(data)
            let key = try reader.readOpaque()
            try reader.finish()
            return key
        } catch {
            throw .malformed(error)
        }
    }

    /// GroupInfoTBS.
    private var toBeSigned: [UInt8] {
        var writer = ByteWriter()
        context.write(to: &writer)
        writer.writeList(extensions)
        writer.writeVector(confirmationTag)
        signer.write(to: &writer)
        return writer.bytes
    }
}
