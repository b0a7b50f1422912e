internal import CSodium

/// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) in place, under a random nonce of 192 bits that stands in front of the
/// ciphertext: one key may seal any number of values, also after its state was copied or rolled back.
package enum XChaChaPoly {
    /// The length of a key in bytes.
    package static let keyByteCount = 32
    /// The length of the nonce in front, in bytes.
    package static let nonceByteCount = 24
    private static let tagByteCount = 16
    /// What sealing adds, in bytes: nonce and tag.
    package static let addedByteCount = nonceByteCount + tagByteCount

    /// Encrypts `buffer`, which holds 24 bytes of room, the plaintext and 16 bytes of room: afterwards nonce, ciphertext, tag.
    ///
    /// A buffer without the room, or a key that is not 32 bytes long, is a mistake of the caller and traps.
    package static func seal(
        inPlace buffer: inout MutableSpan<UInt8>, authenticating additional: Span<UInt8>, key: borrowing SecretBytes
    ) {
        precondition(buffer.count >= addedByteCount && key.count == keyByteCount)
        unsafe withPointers(&buffer, additional, key) { start, count, additional, additionalCount, key in
            unsafe randombytes_buf(start, nonceByteCount)
            let text = unsafe start + nonceByteCount
            _ = unsafe crypto_aead_xchacha20poly1305_ietf_encrypt_detached(
                text, text + count, nil, text, UInt64(count), additional, additionalCount, nil, start, key)
        }
    }

    /// Checks and decrypts `buffer`, which holds nonce, ciphertext and tag: afterwards the plaintext stands between the two,
    /// at `nonceByteCount..<count - 16`.
    ///
    /// Throws ``SodiumError/invalidLength`` when there is no room for both, ``SodiumError/authenticationFailed`` when the tag
    /// is wrong; the buffer holds nothing of use then. A key that is not 32 bytes long traps.
    package static func open(
        inPlace buffer: inout MutableSpan<UInt8>, authenticating additional: Span<UInt8>, key: borrowing SecretBytes
    ) throws(SodiumError) {
        precondition(key.count == keyByteCount)
        guard buffer.count >= addedByteCount else { throw .invalidLength }
        let result = unsafe withPointers(&buffer, additional, key) { start, count, additional, additionalCount, key in
            let text = unsafe start + nonceByteCount
            return unsafe crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
                text, nil, text, UInt64(count), text + count, additional, additionalCount, start, key)
        }
        guard result == 0 else { throw .authenticationFailed }
    }

    /// Calls `body` with the start of the buffer, the length of the text in it, the additional data, its length, and the key.
    private static func withPointers<R>(
        _ buffer: inout MutableSpan<UInt8>, _ additional: Span<UInt8>, _ key: borrowing SecretBytes,
        _ body: (UnsafeMutablePointer<UInt8>, Int, UnsafePointer<UInt8>, UInt64, UnsafePointer<UInt8>) -> R
    ) -> R {
        unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { preconditionFailure("empty buffer") }
            return unsafe withPointer(additional) { additionalStart in
                unsafe withPointer(key) { key in
                    unsafe body(
                        start, buffer.count - addedByteCount, additionalStart, UInt64(additional.count), key)
                }
            }
        }
    }
}
