internal import CSodium

/// Diffie-Hellman on Curve25519 (RFC 7748).
package enum X25519 {
    /// The length of private keys, public keys and shared secrets in bytes.
    package static let byteCount = 32

    /// The u-coordinate of a point; every string of 32 bytes is one.
    package struct PublicKey: Hashable, Sendable {
        /// The 32 bytes.
        package let bytes: [UInt8]

        /// Throws ``SodiumError/invalidKey`` unless there are 32 bytes.
        package init(_ bytes: [UInt8]) throws(SodiumError) {
            guard bytes.count == X25519.byteCount else { throw .invalidKey }
            self.bytes = bytes
        }

        fileprivate init(of scalar: borrowing SecretBytes) {
            bytes = unsafe filledArray(X25519.byteCount) { output in
                unsafe withPointer(scalar) { scalar in
                    _ = unsafe crypto_scalarmult_curve25519_base(output, scalar)
                }
            }
        }
    }

    /// A secret scalar with its public key.
    package struct PrivateKey: ~Copyable, Sendable {
        /// The public half.
        package let publicKey: PublicKey
        private let scalar: SecretBytes

        /// A new random key.
        package init() {
            scalar = SecretBytes(randomCount: X25519.byteCount)
            publicKey = PublicKey(of: scalar)
        }

        /// The key of these 32 bytes; clamping is done on use. Throws ``SodiumError/invalidKey`` on another length.
        package init(copying bytes: borrowing SecretBytes) throws(SodiumError) {
            guard bytes.count == X25519.byteCount else { throw .invalidKey }
            scalar = bytes.clone()
            publicKey = PublicKey(of: scalar)
        }

        private init(scalar: consuming SecretBytes, publicKey: PublicKey) {
            self.scalar = scalar
            self.publicKey = publicKey
        }

        /// The shared secret of 32 bytes.
        ///
        /// Throws ``SodiumError/invalidPoint`` when it would be all zeros: the peer sent a point of small order, and
        /// the result would not depend on our key (RFC 7748 section 6.1).
        package func sharedSecret(with peer: PublicKey) throws(SodiumError) -> SecretBytes {
            try unsafe SecretBytes(count: X25519.byteCount) { (output) throws(SodiumError) in
                let result = unsafe withPointer(scalar) { scalar in
                    unsafe withPointer(peer.bytes.span) { point in
                        unsafe crypto_scalarmult_curve25519(output, scalar, point)
                    }
                }
                guard result == 0 else { throw .invalidPoint }
            }
        }

        /// The 32 secret bytes, to be sealed and stored.
        package func exported() -> SecretBytes {
            scalar.clone()
        }

        /// A second, independent value of the same key.
        package func clone() -> PrivateKey {
            PrivateKey(scalar: scalar.clone(), publicKey: publicKey)
        }
    }
}
