/// The 96-bit nonce of IETF ChaCha20-Poly1305 (RFC 8439). A key must never seal twice under one nonce.
package struct Nonce: Sendable {
    /// The length in bytes.
    package static let byteCount = 12

    let bytes: InlineArray<12, UInt8>

    /// The 12 bytes, for an AEAD that is not of this target.
    package var copiedBytes: [UInt8] { bytes.indices.map { bytes[$0] } }

    /// The nonce of Noise (section 12.1): four zero bytes, then the counter, little endian.
    package init(counter: UInt64) {
        bytes = InlineArray { index in
            index < 4 ? 0 : UInt8(truncatingIfNeeded: counter >> UInt64(8 * (index - 4)))
        }
    }

    /// The nonce made of exactly these 12 bytes; anything else is ``SodiumError/invalidLength``.
    package init(bytes: Span<UInt8>) throws(SodiumError) {
        guard bytes.count == Self.byteCount else { throw .invalidLength }
        self.bytes = InlineArray { index in bytes[index] }
    }
}
