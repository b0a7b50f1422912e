internal import CSodium

/// The group ristretto255 (RFC 9496): of prime order, each element with one encoding.
package enum Ristretto255 {
    /// The length of an encoded element and of a scalar in bytes.
    package static let byteCount = 32
    /// The length of what ``element(fromHash:)`` takes.
    static let hashByteCount = 64

    /// A secret number of the group's order.
    package struct Scalar: ~Copyable, Sendable {
        private let bytes: SecretBytes

        /// A random one, not zero.
        package init() {
            bytes = unsafe SecretBytes(count: Ristretto255.byteCount) { output in
                unsafe crypto_core_ristretto255_scalar_random(output)
            }
        }

        /// The scalar of these 32 bytes, least significant first. Throws ``SodiumError/invalidKey`` on another length.
        package init(copying bytes: borrowing SecretBytes) throws(SodiumError) {
            guard bytes.count == Ristretto255.byteCount else { throw .invalidKey }
            self.bytes = bytes.clone()
        }

        /// This scalar times the element that `element` encodes.
        ///
        /// Throws ``SodiumError/invalidPoint`` when `element` is not 32 bytes, not the canonical encoding of an element, or
        /// when either of both elements is the neutral one.
        package func multiply(_ element: Span<UInt8>) throws(SodiumError) -> SecretBytes {
            guard element.count == Ristretto255.byteCount else { throw .invalidPoint }
            return try unsafe SecretBytes(count: Ristretto255.byteCount) { (output) throws(SodiumError) in
                let result = unsafe withPointer(bytes) { scalar in
                    unsafe withPointer(element) { element in
                        unsafe crypto_scalarmult_ristretto255(output, scalar, element)
                    }
                }
                guard result == 0 else { throw .invalidPoint }
            }
        }
    }

    /// The encoded element that 64 uniform bytes select (RFC 9496 section 4.3.4). Throws ``SodiumError/invalidLength`` on
    /// another length.
    package static func element(fromHash hash: borrowing SecretBytes) throws(SodiumError) -> SecretBytes {
        guard hash.count == hashByteCount else { throw .invalidLength }
        return unsafe SecretBytes(count: byteCount) { output in
            unsafe withPointer(hash) { hash in
                _ = unsafe crypto_core_ristretto255_from_hash(output, hash)
            }
        }
    }
}
