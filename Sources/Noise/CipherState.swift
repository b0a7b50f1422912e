import Sodium

/// The longest message of Noise in bytes, of the handshake or after it, with keys and tags (section 3).
package let maximumMessageByteCount = 65_535

/// A key and the number of the next message under it: one direction of a connection (section 5.1).
///
/// Encrypting and decrypting work in place and allocate nothing.
package struct CipherState: ~Copyable, Sendable {
    /// What encrypting adds, in bytes.
    package static let tagByteCount = ChaChaPoly.tagByteCount

    /// Reserved for rekeying; never used for a message.
    private static let maximumNonce = UInt64.max

    /// The number of the next message.
    package private(set) var nonce: UInt64

    private var key: SecretBytes

    /// Starts at nonce 0 with a key of 32 bytes.
    init(key: consuming SecretBytes) {
        self.init(key: key, nonce: 0)
    }

    /// Starts anywhere: for tests only.
    init(key: consuming SecretBytes, nonce: UInt64) {
        precondition(key.count == ChaChaPoly.keyByteCount)
        self.key = key
        self.nonce = nonce
    }

    /// Encrypts `buffer`, which holds the plaintext and then 16 bytes of room: afterwards ciphertext, then tag.
    ///
    /// Throws ``NoiseError/messageTooLong`` for a buffer above 65,535 bytes, ``NoiseError/messageTooShort`` for one
    /// without room for the tag, ``NoiseError/nonceExhausted``; the buffer is unchanged then.
    package mutating func encrypt(
        inPlace buffer: inout MutableSpan<UInt8>, authenticating additional: Span<UInt8> = Span()
    ) throws(NoiseError) {
        try check(buffer.count)
        ChaChaPoly.seal(inPlace: &buffer, authenticating: additional, nonce: Nonce(counter: nonce), key: key)
        nonce += 1
    }

    /// Checks and decrypts `buffer`, which holds ciphertext and tag: afterwards its first `count - 16` bytes are the
    /// plaintext. The nonce moves on only when this succeeds (section 5.1).
    ///
    /// Throws ``NoiseError/authenticationFailed`` (the buffer holds nothing of use then),
    /// ``NoiseError/messageTooLong``, ``NoiseError/messageTooShort``, ``NoiseError/nonceExhausted``.
    package mutating func decrypt(
        inPlace buffer: inout MutableSpan<UInt8>, authenticating additional: Span<UInt8> = Span()
    ) throws(NoiseError) {
        try check(buffer.count)
        do {
            try ChaChaPoly.open(
                inPlace: &buffer, authenticating: additional, nonce: Nonce(counter: nonce), key: key)
        } catch {
            throw .authenticationFailed
        }
        nonce += 1
    }

    /// Replaces the key by one that does not reveal it (sections 4.2 and 11.3). The nonce goes on.
    package mutating func rekey() {
        var block = SecretBytes(count: ChaChaPoly.keyByteCount + ChaChaPoly.tagByteCount)
        block.withMutableBytes { block in
            ChaChaPoly.seal(
                inPlace: &block, authenticating: Span(), nonce: Nonce(counter: Self.maximumNonce), key: key)
        }
        key = block.prefix(ChaChaPoly.keyByteCount)
    }

    private func check(_ count: Int) throws(NoiseError) {
        guard count >= Self.tagByteCount else { throw .messageTooShort }
        guard count <= maximumMessageByteCount else { throw .messageTooLong }
        guard nonce < Self.maximumNonce else { throw .nonceExhausted }
    }
}

extension SecretBytes {
    /// The first `count` bytes; there must be as many.
    func prefix(_ count: Int) -> SecretBytes {
        withBytes { bytes in SecretBytes(copying: bytes.extracting(first: count)) }
    }
}
