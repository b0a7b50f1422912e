package import Sodium
internal import Wire

extension CipherSuite {
    /// SignWithLabel (RFC 9420 section 5.1.2).
    package func signWithLabel(_ key: borrowing Ed25519.KeyPair, label: String, content: [UInt8]) -> [UInt8] {
        key.sign(Self.signContent(label, content).span)
    }

    /// VerifyWithLabel (section 5.1.2): throws ``MLSError/invalidSignature`` unless `signature` is of `content` by
    /// `publicKey`.
    package func verifyWithLabel(
        publicKey: [UInt8], label: String, content: [UInt8], signature: [UInt8]
    ) throws(MLSError) {
        guard let key = try? Ed25519.PublicKey(publicKey),
            Ed25519.verify(
                signature: signature.span, message: Self.signContent(label, content).span, publicKey: key)
        else { throw .invalidSignature }
    }

    /// SignContent.
    private static func signContent(_ label: String, _ content: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(reserving: content.count + 64)
        writer.writeVector(labelled(label))
        writer.writeVector(content)
        return writer.bytes
    }
}
