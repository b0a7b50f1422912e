internal import CSodium

/// Keyed BLAKE2b (RFC 7693, section 2.9), with a key and a digest of 32 bytes each.
package struct KeyedBLAKE2b: ~Copyable, Sendable {
    /// The length of a key in bytes.
    package static let keyByteCount = 32
    /// The length of a digest in bytes.
    package static let digestByteCount = 32

    private var state: HashState

    /// Starts an empty message. A key of another length is a mistake of the caller and traps.
    package init(key: borrowing SecretBytes) {
        precondition(key.count == Self.keyByteCount)
        var state = HashState(byteCount: crypto_generichash_blake2b_statebytes())
        unsafe withPointer(key) { key in
            unsafe state.withPointer { state in
                _ = unsafe crypto_generichash_blake2b_init(
                    OpaquePointer(state), key, Self.keyByteCount, Self.digestByteCount)
            }
        }
        self.state = consume state
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

    /// The digest of the message, as a key.
    package consuming func finalizeSecret() -> SecretBytes {
        unsafe SecretBytes(count: Self.digestByteCount) { output in unsafe finish(into: output) }
    }

    private mutating func finish(into output: UnsafeMutablePointer<UInt8>) {
        unsafe state.withPointer { state in
            _ = unsafe crypto_generichash_blake2b_final(OpaquePointer(state), output, Self.digestByteCount)
        }
    }
}
