internal import CSodium

/// Signatures on edwards25519 (RFC 8032).
package enum Ed25519 {
    /// The length of a seed and of a public key in bytes.
    package static let byteCount = 32
    /// The length of a signature in bytes.
    static let signatureByteCount = 64

    /// The bytes of a public key; that they are a point is checked by ``isValidPoint(_:)`` and on verifying.
    package struct PublicKey: Hashable, Sendable {
        /// The 32 bytes.
        package let bytes: [UInt8]

        /// Throws ``SodiumError/invalidKey`` unless there are 32 bytes.
        package init(_ bytes: [UInt8]) throws(SodiumError) {
            guard bytes.count == Ed25519.byteCount else { throw .invalidKey }
            self.bytes = bytes
        }

        fileprivate init(derived bytes: [UInt8]) {
            self.bytes = bytes
        }
    }

    /// A signing key with its public key.
    package struct KeyPair: ~Copyable, Sendable {
        /// The public half.
        package let publicKey: PublicKey
        private let seed: SecretBytes
        /// Seed and public key, as libsodium wants it.
        private let secretKey: SecretBytes

        /// A new random key pair.
        package init() {
            self.init(checkedSeed: SecretBytes(randomCount: Ed25519.byteCount))
        }

        /// The key pair of a seed of 32 bytes. Throws ``SodiumError/invalidKey`` on another length.
        package init(seed: borrowing SecretBytes) throws(SodiumError) {
            guard seed.count == Ed25519.byteCount else { throw .invalidKey }
            self.init(checkedSeed: seed.clone())
        }

        private init(checkedSeed seed: consuming SecretBytes) {
            var secretKey = SecretBytes(count: 2 * Ed25519.byteCount)
            let publicBytes = unsafe filledArray(Ed25519.byteCount) { publicKey in
                unsafe withPointer(seed) { seed in
                    unsafe secretKey.withMutablePointer { secret in
                        _ = unsafe crypto_sign_ed25519_seed_keypair(publicKey, secret, seed)
                    }
                }
            }
            publicKey = PublicKey(derived: publicBytes)
            self.secretKey = secretKey
            self.seed = seed
        }

        /// The signature of `message`: 64 bytes, always the same for the same message.
        package func sign(_ message: Span<UInt8>) -> [UInt8] {
            unsafe filledArray(Ed25519.signatureByteCount) { signature in
                unsafe withPointer(secretKey) { key in
                    unsafe withPointer(message) { bytes in
                        _ = unsafe crypto_sign_ed25519_detached(signature, nil, bytes, UInt64(message.count), key)
                    }
                }
            }
        }

        /// The 32-byte seed, to be sealed and stored.
        package func exportedSeed() -> SecretBytes {
            seed.clone()
        }

        /// A second, independent value of the same key pair.
        package func clone() -> KeyPair {
            KeyPair(checkedSeed: seed.clone())
        }
    }

    /// Whether `signature` is a signature of `message` by `publicKey`. Points of small order, encodings that are not
    /// canonical and signatures of any other length than 64 bytes are refused.
    package static func verify(signature: Span<UInt8>, message: Span<UInt8>, publicKey: PublicKey) -> Bool {
        guard signature.count == signatureByteCount else { return false }
        return unsafe withPointer(signature) { signature in
            unsafe withPointer(message) { bytes in
                unsafe withPointer(publicKey.bytes.span) { key in
                    unsafe crypto_sign_ed25519_verify_detached(signature, bytes, UInt64(message.count), key) == 0
                }
            }
        }
    }

    /// Whether these are the 32 bytes, canonically encoded, of a point of the prime-order group other than the
    /// neutral element. The key inside an onion address must be one.
    package static func isValidPoint(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == byteCount else { return false }
        SodiumLibrary.initialize()
        return unsafe withPointer(bytes.span) { point in unsafe crypto_core_ed25519_is_valid_point(point) == 1 }
    }

    /// The key that tor calls ED25519-V3: the SHA-512 of the seed, its first half clamped to a scalar (RFC 8032
    /// section 5.1.5), 64 bytes. Throws ``SodiumError/invalidKey`` unless the seed has 32 bytes.
    package static func expandedKey(seed: borrowing SecretBytes) throws(SodiumError) -> SecretBytes {
        guard seed.count == byteCount else { throw .invalidKey }
        var expanded = unsafe SecretBytes(count: SHA512.digestByteCount) { output in
            unsafe withPointer(seed) { seed in
                _ = unsafe crypto_hash_sha512(output, seed, UInt64(byteCount))
            }
        }
        expanded.withMutableBytes { bytes in
            bytes[0] &= 0b1111_1000
            bytes[31] = bytes[31] & 0b0111_1111 | 0b0100_0000
        }
        return expanded
    }
}
