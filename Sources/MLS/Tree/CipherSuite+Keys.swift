internal import Sodium

extension CipherSuite {
    /// Any key: what matters is only whether an exchange with it can be.
    private static let probe = X25519.PrivateKey()

    /// Bytes of a key of the KEM, and of its output.
    static let encryptionKeyByteCount = X25519.byteCount

    /// Whether this is as long as a path secret encrypted to one node (section 7.6).
    func isPathSecret(_ ciphertext: HPKECiphertext) -> Bool {
        ciphertext.kemOutput.count == Self.encryptionKeyByteCount
            && ciphertext.ciphertext.count == Self.hashByteCount + aead.tagByteCount
    }

    /// Whether these bytes are a public key that can be encrypted to. Of the right length any are, but for the points of
    /// small order (RFC 9180 section 7.1.4): a member with one would keep all others from making paths.
    static func isEncryptionKey(_ bytes: [UInt8]) -> Bool {
        do throws(SodiumError) {
            _ = try probe.sharedSecret(with: X25519.PublicKey(bytes))
            return true
        } catch {
            return false
        }
    }
}
