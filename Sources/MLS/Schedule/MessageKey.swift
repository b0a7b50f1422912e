internal import Sodium
internal import Wire

/// Key and nonce of one generation of one ratchet (RFC 9420 section 9.1).
struct MessageKey: Sendable {
    let key: SharedSecret
    let nonce: [UInt8]

    init(key: consuming SecretBytes, nonce: borrowing SecretBytes) {
        self.key = SharedSecret(key)
        self.nonce = nonce.withBytes { bytes in [UInt8](copying: bytes) }
    }

    /// The nonce, its first bytes combined with a reuse guard (section 6.3.1).
    func nonce(reuseGuard: [UInt8] = []) throws(MLSError) -> Nonce {
        var combined = nonce
        for (index, byte) in zip(combined.indices, reuseGuard) {
            combined[index] ^= byte
        }
        do throws(SodiumError) {
            return try Nonce(bytes: combined.span)
        } catch {
            throw .cryptography(error)
        }
    }
}
