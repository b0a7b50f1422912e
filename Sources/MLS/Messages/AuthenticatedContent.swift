internal import Sodium
internal import Wire

/// A framed content with its signature, not checked yet (RFC 9420 section 6).
struct AuthenticatedContent: WireValue {
    var wireFormat: WireFormat
    var content: FramedContent
    var authentication: FramedContentAuthData

    init(wireFormat: WireFormat, content: FramedContent, authentication: FramedContentAuthData) {
        self.wireFormat = wireFormat
        self.content = content
        self.authentication = authentication
    }

    init(from reader: inout ByteReader) throws(WireError) {
        wireFormat = try WireFormat(from: &reader)
        content = try FramedContent(from: &reader)
        authentication = try FramedContentAuthData(for: content.body.type, from: &reader)
    }

    func write(to writer: inout ByteWriter) {
        wireFormat.write(to: &writer)
        content.write(to: &writer)
        authentication.write(to: &writer)
    }

    /// FramedContentTBS (section 6.1): the context counts for members and for those who join by a Commit.
    static func toBeSigned(_ content: FramedContent, wireFormat: WireFormat, context: GroupContext) -> [UInt8] {
        var writer = ByteWriter()
        ProtocolVersion.mls10.write(to: &writer)
        wireFormat.write(to: &writer)
        content.write(to: &writer)
        switch content.sender {
        case .member, .newMemberCommit: context.write(to: &writer)
        case .external, .newMemberProposal: break
        }
        return writer.bytes
    }

    /// FramedContentTBM (section 6.2).
    func toBeMACed(context: GroupContext) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeBytes(Self.toBeSigned(content, wireFormat: wireFormat, context: context))
        authentication.write(to: &writer)
        return writer.bytes
    }

    /// Signs `content`; a Commit gets its confirmation tag afterwards.
    static func signed(
        _ content: FramedContent, wireFormat: WireFormat, context: GroupContext, suite: CipherSuite,
        key: borrowing Ed25519.KeyPair
    ) -> AuthenticatedContent {
        let bytes = toBeSigned(content, wireFormat: wireFormat, context: context)
        let signature = suite.signWithLabel(key, label: "FramedContentTBS", content: bytes)
        return AuthenticatedContent(
            wireFormat: wireFormat, content: content,
            authentication: FramedContentAuthData(signature: signature, confirmationTag: nil))
    }

    /// Checks the signature; only then is there a ``VerifiedContent``.
    func verified(by publicKey: [UInt8], context: GroupContext, suite: CipherSuite) throws(MLSError) -> VerifiedContent
    {
        try suite.verifyWithLabel(
            publicKey: publicKey, label: "FramedContentTBS",
            content: Self.toBeSigned(content, wireFormat: wireFormat, context: context),
            signature: authentication.signature)
        return VerifiedContent(signed: self)
    }
}
