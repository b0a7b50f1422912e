import Sodium

/// The private key of a node, shared by the states that still use it; wiped when the last of them lets go.
final class NodeKey: Sendable {
    let privateKey: X25519.PrivateKey

    init(_ privateKey: consuming X25519.PrivateKey) {
        self.privateKey = privateKey
    }

    var publicKey: [UInt8] { privateKey.publicKey.bytes }

    /// The path secret encrypted to this key (section 7.6).
    func decrypt(_ ciphertext: HPKECiphertext, context: [UInt8], suite: CipherSuite) throws(MLSError) -> PathSecret {
        let secret: SecretBytes
        do throws(MLSError) {
            secret = try suite.decryptWithLabel(
                privateKey: privateKey, label: "UpdatePathNode", context: context, kemOutput: ciphertext.kemOutput,
                ciphertext: ciphertext.ciphertext)
        } catch {
            throw .tree(.decryptionFailed)
        }
        guard secret.count == CipherSuite.hashByteCount else { throw .tree(.decryptionFailed) }
        return PathSecret(secret)
    }
}
