internal import CSodium

/// SHA-256 (FIPS 180-4).
package struct SHA256: ~Copyable, Sendable {
    /// The length of a digest in bytes.
    package static let digestByteCount = 32

    private var state: HashState

    /// Starts an empty message.
    package init() {
        state = HashState(byteCount: crypto_hash_sha256_statebytes())
        unsafe state.withPointer(to: crypto_hash_sha256_state.self) { state in _ = unsafe crypto_hash_sha256_init(state)
        }
    }

    /// Adds `bytes` to the message.
    package mutating func update(_ bytes: Span<UInt8>) {
        unsafe state.withPointer(to: crypto_hash_sha256_state.self) { state in
            unsafe withPointer(bytes) { start in
                _ = unsafe crypto_hash_sha256_update(state, start, UInt64(bytes.count))
            }
        }
    }

    /// The digest of the message.
    package consuming func finalize() -> [UInt8] {
        unsafe filledArray(Self.digestByteCount) { output in
            unsafe state.withPointer(to: crypto_hash_sha256_state.self) { state in
                _ = unsafe crypto_hash_sha256_final(state, output)
            }
        }
    }

    /// The digest of `bytes`.
    package static func hash(_ bytes: Span<UInt8>) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }
}

/// SHA-512 (FIPS 180-4).
package struct SHA512: ~Copyable, Sendable {
    /// The length of a digest in bytes.
    package static let digestByteCount = 64

    private var state: HashState

    /// Starts an empty message.
    package init() {
        state = HashState(byteCount: crypto_hash_sha512_statebytes())
        unsafe state.withPointer(to: crypto_hash_sha512_state.self) { state in _ = unsafe crypto_hash_sha512_init(state)
        }
    }

    /// Adds `bytes` to the message.
    package mutating func update(_ bytes: Span<UInt8>) {
        unsafe state.withPointer(to: crypto_hash_sha512_state.self) { state in
            unsafe withPointer(bytes) { start in
                _ = unsafe crypto_hash_sha512_update(state, start, UInt64(bytes.count))
            }
        }
    }

    /// The digest of the message.
    package consuming func finalize() -> [UInt8] {
        unsafe filledArray(Self.digestByteCount) { output in unsafe finish(into: output) }
    }

    /// The digest of a message that is secret.
    package consuming func finalizeSecret() -> SecretBytes {
        unsafe SecretBytes(count: Self.digestByteCount) { output in unsafe finish(into: output) }
    }

    private mutating func finish(into output: UnsafeMutablePointer<UInt8>) {
        unsafe state.withPointer(to: crypto_hash_sha512_state.self) { state in
            _ = unsafe crypto_hash_sha512_final(state, output)
        }
    }

    /// The digest of `bytes`.
    package static func hash(_ bytes: Span<UInt8>) -> [UInt8] {
        var hash = SHA512()
        hash.update(bytes)
        return hash.finalize()
    }
}
