package import Sodium

/// The secret key of an onion service: an Ed25519 seed, from which tor's expanded key and the address follow.
package struct OnionKey: ~Copyable, Sendable {
    /// Bytes of a seed.
    package static let seedByteCount = Ed25519.byteCount

    private let keyPair: Ed25519.KeyPair
    /// The address this key serves.
    package let address: OnionAddress

    /// A new random key.
    package init() {
        self.init(keyPair: Ed25519.KeyPair())
    }

    /// The key that was kept, from its 32 bytes.
    package init(seed: borrowing SecretBytes) throws(SodiumError) {
        self.init(keyPair: try Ed25519.KeyPair(seed: seed))
    }

    private init(keyPair: consuming Ed25519.KeyPair) {
        guard let address = OnionAddress(publicKey: keyPair.publicKey.bytes) else {
            preconditionFailure("the public key of a seed is a valid point")
        }
        self.keyPair = keyPair
        self.address = address
    }

    /// The 32 bytes of the seed, to be sealed and stored.
    package func exportedSeed() -> SecretBytes {
        keyPair.exportedSeed()
    }

    /// A second, independent value of the same key.
    package func clone() -> OnionKey {
        OnionKey(keyPair: keyPair.clone())
    }

    /// The 64 bytes of tor's `ED25519-V3` key: the clamped SHA-512 of the seed.
    func expanded() -> SecretBytes {
        do {
            return try Ed25519.expandedKey(seed: keyPair.exportedSeed())
        } catch {
            preconditionFailure("a key pair has a seed of the right length")
        }
    }
}
