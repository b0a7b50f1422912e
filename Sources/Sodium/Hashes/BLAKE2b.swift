internal import CSodium

/// BLAKE2b (RFC 7693) with a digest of 64 bytes and no key: the hash function of our Noise.
package struct BLAKE2b: ~Copyable, Sendable {
    /// The length of a digest in bytes.
    package static let digestByteCount = 64
    /// The length of an input block in bytes, which HMAC needs to know.
    static let blockByteCount = 128

    private var state: HashState

    /// Starts an empty message.
    package init() {
        state = HashState(byteCount: crypto_generichash_blake2b_statebytes())
        unsafe state.withPointer { state in
            _ = unsafe crypto_generichash_blake2b_init(OpaquePointer(state), nil, 0, Self.digestByteCount)
        }
    }

    /// Adds `bytes` to the message.
    package mutating func update(_ bytes: Span<UInt8>) {
        unsafe state.withPointer { state in
            unsafe withPointer(bytes) { start in
                _ = unsafe crypto_generichash_blake2b_update(OpaquePointer(state), start, UInt64(bytes.count))
            }
        }
    }

    /// The digest of the message.
    package consuming func finalize() -> [UInt8] {
        unsafe filledArray(Self.digestByteCount) { output in unsafe finish(into: output) }
    }

    /// The digest of a message that holds key material.
    consuming func finalizeSecret() -> SecretBytes {
        unsafe SecretBytes(count: Self.digestByteCount) { output in unsafe finish(into: output) }
    }

    private mutating func finish(into output: UnsafeMutablePointer<UInt8>) {
        unsafe state.withPointer { state in
            _ = unsafe crypto_generichash_blake2b_final(OpaquePointer(state), output, Self.digestByteCount)
        }
    }

    /// The digest of `bytes`.
    package static func hash(_ bytes: Span<UInt8>) -> [UInt8] {
        var hash = BLAKE2b()
        hash.update(bytes)
        return hash.finalize()
    }
}
