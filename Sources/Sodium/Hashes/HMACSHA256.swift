internal import CSodium

/// HMAC-SHA-256 (RFC 2104, RFC 4231) with a key of any length.
package struct HMACSHA256: ~Copyable, Sendable {
    /// The length of the output in bytes.
    static let byteCount = 32

    private var state: HashState

    /// Starts an empty message under `key`.
    package init(key: Span<UInt8>) {
        state = HashState(byteCount: crypto_auth_hmacsha256_statebytes())
        unsafe state.withPointer(to: crypto_auth_hmacsha256_state.self) { state in
            unsafe withPointer(key) { start in _ = unsafe crypto_auth_hmacsha256_init(state, start, key.count) }
        }
    }

    /// Adds `bytes` to the message.
    package mutating func update(_ bytes: Span<UInt8>) {
        unsafe state.withPointer(to: crypto_auth_hmacsha256_state.self) { state in
            unsafe withPointer(bytes) { start in
                _ = unsafe crypto_auth_hmacsha256_update(state, start, UInt64(bytes.count))
            }
        }
    }

    /// The code of the message, to be sent; compare a received one with ``constantTimeEquals(_:_:)``.
    package consuming func finalize() -> [UInt8] {
        unsafe filledArray(Self.byteCount) { output in unsafe finish(into: output) }
    }

    /// The output of the message, to be used as a key.
    package consuming func finalizeSecret() -> SecretBytes {
        unsafe SecretBytes(count: Self.byteCount) { output in unsafe finish(into: output) }
    }

    private mutating func finish(into output: UnsafeMutablePointer<UInt8>) {
        unsafe state.withPointer(to: crypto_auth_hmacsha256_state.self) { state in
            _ = unsafe crypto_auth_hmacsha256_final(state, output)
        }
    }

    /// The code of `message` under `key`.
    package static func authenticate(_ message: Span<UInt8>, key: Span<UInt8>) -> [UInt8] {
        var hmac = HMACSHA256(key: key)
        hmac.update(message)
        return hmac.finalize()
    }
}
