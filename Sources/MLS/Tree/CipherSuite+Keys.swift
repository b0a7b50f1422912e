internal import Sodium

extension CipherSuite {
    /// Whether these bytes can be a public key of the suite's KEM: X25519 takes any of the right length. Points of
    /// small order are found when one encrypts to them.
    static func isEncryptionKey(_ bytes: [UInt8]) -> Bool {
        bytes.count == X25519.byteCount
    }
}
