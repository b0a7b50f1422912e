internal import Sodium
internal import Wire

extension CipherSuite {
    /// HPKE with the suite's AEAD.
    var hpke: HPKE { HPKE(aead: aead) }

    /// EncryptWithLabel (RFC 9420 section 5.1.3): the KEM output and the ciphertext.
    package func encryptWithLabel(
        publicKey: [UInt8], label: String, context: [UInt8], plaintext: Span<UInt8>
    ) throws(MLSError) -> (kemOutput: [UInt8], ciphertext: [UInt8]) {
        var sender = try hpke.setupSender(publicKey: publicKey, info: Self.encryptContext(label, context))
        let ciphertext = try sender.context.seal(plaintext, authenticating: [])
        return (sender.kemOutput, ciphertext)
    }

    /// DecryptWithLabel (section 5.1.3). What HPKE carries in MLS are secrets.
    func decryptWithLabel(
        privateKey: borrowing X25519.PrivateKey, label: String, context: [UInt8], kemOutput: [UInt8],
        ciphertext: [UInt8]
    ) throws(MLSError) -> SecretBytes {
        var context = try hpke.setupReceiver(
            kemOutput: kemOutput, privateKey: privateKey, info: Self.encryptContext(label, context))
        return try context.open(ciphertext, authenticating: [])
    }

    /// KEM.DeriveKeyPair (RFC 9180 section 7.1.3) of a node secret or the external secret.
    func deriveKeyPair(_ secret: borrowing SecretBytes) throws(MLSError) -> X25519.PrivateKey {
        try HPKE.deriveKeyPair(secret)
    }

    /// EncryptContext.
    private static func encryptContext(_ label: String, _ context: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(reserving: context.count + 64)
        writer.writeVector(labelled(label))
        writer.writeVector(context)
        return writer.bytes
    }
}
