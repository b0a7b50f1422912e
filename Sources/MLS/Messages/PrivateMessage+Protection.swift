internal import Sodium
internal import Wire

extension PrivateMessage {
    /// Encrypts a signed content with the key of a generation of its sender (RFC 9420 section 6.3).
    static func sealed(
        _ authenticated: AuthenticatedContent, from leaf: LeafIndex, generation: UInt32, key: MessageKey,
        senderDataSecret: borrowing SecretBytes, suite: CipherSuite, padding: PaddingRule
    ) throws(MLSError) -> PrivateMessage {
        let content = authenticated.content
        var plaintext = ByteWriter()
        content.body.write(to: &plaintext)
        authenticated.authentication.write(to: &plaintext)
        plaintext.writeBytes(repeatElement(0, count: padding.byteCount(for: plaintext.bytes.count)))
        let reuseGuard = Random.bytes(SenderData.reuseGuardByteCount)
        let envelope = PrivateMessage(
            groupID: content.groupID, epoch: content.epoch, contentType: content.body.type,
            authenticatedData: content.authenticatedData, encryptedSenderData: [], ciphertext: [])
        let ciphertext = suite.aead.seal(
            plaintext.bytes.span, authenticating: envelope.contentAAD.span,
            nonce: try key.nonce(reuseGuard: reuseGuard), key: key.key.bytes)
        let senderData = SenderData(leaf: leaf, generation: generation, reuseGuard: reuseGuard)
        let sealing = try suite.senderDataKey(secret: senderDataSecret, ciphertext: ciphertext)
        let encryptedSenderData = suite.aead.seal(
            senderData.encoded.span, authenticating: envelope.senderDataAAD.span,
            nonce: try sealing.nonce(), key: sealing.key.bytes)
        return PrivateMessage(
            groupID: content.groupID, epoch: content.epoch, contentType: content.body.type,
            authenticatedData: content.authenticatedData, encryptedSenderData: encryptedSenderData,
            ciphertext: ciphertext)
    }

    /// Who sealed the message, and with which generation (section 6.3.2).
    func senderData(secret: borrowing SecretBytes, suite: CipherSuite) throws(MLSError) -> SenderData {
        let sealing = try suite.senderDataKey(secret: secret, ciphertext: ciphertext)
        let bytes = try suite.aead.open(
            encryptedSenderData, authenticating: senderDataAAD.span, nonce: try sealing.nonce(), key: sealing.key.bytes)
        return try .init(received: bytes)
    }

    /// The signed content (section 6.3.1). The padding must be zeros.
    func opened(_ senderData: SenderData, key: MessageKey, suite: CipherSuite) throws(MLSError) -> AuthenticatedContent
    {
        let plaintext = try suite.aead.open(
            ciphertext, authenticating: contentAAD.span,
            nonce: try key.nonce(reuseGuard: senderData.reuseGuard), key: key.key.bytes)
        var reader = ByteReader(plaintext)
        let body: FramedContent.Body
        let authentication: FramedContentAuthData
        let padding: [UInt8]
        do throws(WireError) {
            body = try FramedContent.Body(contentType, from: &reader)
            authentication = try FramedContentAuthData(for: contentType, from: &reader)
            padding = try reader.readBytes(reader.remaining)
        } catch {
            throw .malformed(error)
        }
        guard padding.allSatisfy({ $0 == 0 }) else { throw .invalidPadding }
        let content = FramedContent(
            groupID: groupID, epoch: epoch, sender: .member(senderData.leaf), authenticatedData: authenticatedData,
            body: body)
        return AuthenticatedContent(wireFormat: .privateMessage, content: content, authentication: authentication)
    }

    /// PrivateContentAAD.
    private var contentAAD: [UInt8] {
        var writer = ByteWriter()
        writer.writeBytes(senderDataAAD)
        writer.writeVector(authenticatedData)
        return writer.bytes
    }

    /// SenderDataAAD.
    private var senderDataAAD: [UInt8] {
        var writer = ByteWriter()
        writer.writeVector(groupID)
        writer.write(epoch)
        contentType.write(to: &writer)
        return writer.bytes
    }
}
