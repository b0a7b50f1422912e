internal import CSodium

#if LibCrypto
internal import CLibcrypto
#endif

/// IETF ChaCha20-Poly1305 (RFC 8439). Neither call allocates.
package enum ChaChaPoly {
    /// Who computes it. The bytes are the same.
    enum Library: CaseIterable {
        case sodium
        #if LibCrypto
        /// OpenSSL's, with the trait LibCrypto. A call costs a microsecond more, a byte less than half.
        case libcrypto
        #endif

        /// The faster one for so many bytes of text.
        static func fastest(for count: Int) -> Library {
            #if LibCrypto
            if count >= libcryptoByteCount { return .libcrypto }
            #endif
            return .sodium
        }
    }

    /// From so many bytes on OpenSSL is the faster one (Benchmarks/README.md).
    static let libcryptoByteCount = 2_048
    /// The length of a key in bytes.
    package static let keyByteCount = 32
    /// What sealing adds, in bytes.
    package static let tagByteCount = 16

    /// Encrypts `buffer`, which holds the plaintext and then 16 bytes of room: afterwards ciphertext, then tag.
    ///
    /// A buffer without the room, or a key that is not 32 bytes long, is a mistake of the caller and traps.
    package static func seal(
        inPlace buffer: inout MutableSpan<UInt8>, authenticating additional: Span<UInt8>, nonce: Nonce,
        key: borrowing SecretBytes
    ) {
        precondition(buffer.count >= tagByteCount && key.count == keyByteCount)
        unsafe withPointers(&buffer, additional, nonce, key) { text, count, additional, nonce, key in
            unsafe seal(text, count, into: text, additional, nonce, key, by: .fastest(for: count))
        }
    }

    /// Checks and decrypts `buffer`, which holds ciphertext and tag: afterwards its first `count - 16` bytes are the
    /// plaintext.
    ///
    /// Throws ``SodiumError/invalidLength`` when there is no room for a tag, ``SodiumError/authenticationFailed``
    /// when the tag is wrong; the buffer holds nothing of use then. A key that is not 32 bytes long traps.
    package static func open(
        inPlace buffer: inout MutableSpan<UInt8>, authenticating additional: Span<UInt8>, nonce: Nonce,
        key: borrowing SecretBytes
    ) throws(SodiumError) {
        precondition(key.count == keyByteCount)
        guard buffer.count >= tagByteCount else { throw .invalidLength }
        let isOpen = unsafe withPointers(&buffer, additional, nonce, key) { text, count, additional, nonce, key in
            unsafe open(text, count, into: text, additional, nonce, key, by: .fastest(for: count))
        }
        guard isOpen else { throw .authenticationFailed }
    }

    /// Encrypts `text` into `sealed`, which has 16 bytes more: ciphertext, then tag.
    ///
    /// Other lengths, or a key that is not 32 bytes long, are a mistake of the caller and trap.
    package static func seal(
        _ text: Span<UInt8>, into sealed: inout MutableSpan<UInt8>, nonce: Nonce, key: borrowing SecretBytes
    ) {
        precondition(sealed.count == text.count + tagByteCount && key.count == keyByteCount)
        let count = text.count
        unsafe withPointer(text) { text in
            unsafe withPointers(&sealed, Span(), nonce, key) { output, _, additional, nonce, key in
                unsafe seal(text, count, into: output, additional, nonce, key, by: .fastest(for: count))
            }
        }
    }

    /// Checks `sealed`, ciphertext and tag, and decrypts it into `text`, which has 16 bytes less.
    ///
    /// Throws ``SodiumError/authenticationFailed`` when the tag is wrong; `text` holds nothing of use then. Other lengths, or a
    /// key that is not 32 bytes long, are a mistake of the caller and trap.
    package static func open(
        _ sealed: Span<UInt8>, into text: inout MutableSpan<UInt8>, nonce: Nonce, key: borrowing SecretBytes
    ) throws(SodiumError) {
        precondition(sealed.count == text.count + tagByteCount && text.count >= tagByteCount)
        precondition(key.count == keyByteCount)
        let count = text.count
        let isOpen = unsafe withPointer(sealed) { sealed in
            unsafe withPointers(&text, Span(), nonce, key) { output, _, additional, nonce, key in
                unsafe open(sealed, count, into: output, additional, nonce, key, by: .fastest(for: count))
            }
        }
        guard isOpen else { throw .authenticationFailed }
    }

    /// Encrypts `count` bytes of text into `output`, which may be the same place, and puts the tag behind them.
    static func seal(
        _ text: UnsafePointer<UInt8>, _ count: Int, into output: UnsafeMutablePointer<UInt8>,
        _ additional: UnsafeBufferPointer<UInt8>, _ nonce: UnsafePointer<UInt8>, _ key: UnsafePointer<UInt8>,
        by library: Library
    ) {
        #if LibCrypto
        if library == .libcrypto {
            let result = unsafe libcrypto_seal(
                output, output + count, text, count, additional.baseAddress, additional.count, nonce, key)
            precondition(result >= 0, "OpenSSL failed amid a text")
            if result == 1 { return }
        }
        #endif
        _ = unsafe crypto_aead_chacha20poly1305_ietf_encrypt_detached(
            output, output + count, nil, text, UInt64(count), additional.baseAddress, UInt64(additional.count), nil,
            nonce, key)
    }

    /// Decrypts `count` bytes, behind which the tag stands, into `output`, which may be the same place; false where the tag is
    /// wrong, and then there are zeros.
    static func open(
        _ sealed: UnsafePointer<UInt8>, _ count: Int, into output: UnsafeMutablePointer<UInt8>,
        _ additional: UnsafeBufferPointer<UInt8>, _ nonce: UnsafePointer<UInt8>, _ key: UnsafePointer<UInt8>,
        by library: Library
    ) -> Bool {
        #if LibCrypto
        if library == .libcrypto {
            let result = unsafe libcrypto_open(
                output, sealed, count, sealed + count, additional.baseAddress, additional.count, nonce, key)
            // It has decrypted before it knew.
            if result == 0 { unsafe sodium_memzero(output, count) }
            if result >= 0 { return result == 1 }
        }
        #endif
        return unsafe crypto_aead_chacha20poly1305_ietf_decrypt_detached(
            output, nil, sealed, UInt64(count), sealed + count, additional.baseAddress, UInt64(additional.count),
            nonce, key) == 0
    }

    /// Calls `body` with the text, its length without the tag, the additional data, the nonce and the key.
    private static func withPointers<R>(
        _ buffer: inout MutableSpan<UInt8>, _ additional: Span<UInt8>, _ nonce: Nonce, _ key: borrowing SecretBytes,
        _ body: (
            UnsafeMutablePointer<UInt8>, Int, UnsafeBufferPointer<UInt8>, UnsafePointer<UInt8>, UnsafePointer<UInt8>
        ) -> R
    ) -> R {
        unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            unsafe additional.withUnsafeBufferPointer { additional in
                unsafe nonce.bytes.span.withUnsafeBufferPointer { nonce in
                    key.withBytes { key in
                        unsafe key.withUnsafeBufferPointer { key in
                            guard let text = buffer.baseAddress, let nonce = nonce.baseAddress,
                                let key = key.baseAddress
                            else { preconditionFailure("empty buffer") }
                            return unsafe body(text, buffer.count - tagByteCount, additional, nonce, key)
                        }
                    }
                }
            }
        }
    }
}
