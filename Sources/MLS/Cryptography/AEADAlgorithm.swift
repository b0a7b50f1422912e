package import Sodium
internal import Wire

/// An AEAD of HPKE (RFC 9180 section 7.3) with a tag of 16 bytes and a nonce of 12.
///
/// What a suite takes from outside: this target knows ChaCha20-Poly1305, tests bring AES-128-GCM.
package protocol AEADAlgorithm: Sendable {
    /// The number in the registry of HPKE.
    var identifier: UInt16 { get }
    /// The length of a key in bytes, Nk.
    var keyByteCount: Int { get }

    /// Encrypts `buffer`, which holds the plaintext and 16 bytes of room, in place.
    func seal(
        inPlace buffer: inout MutableSpan<UInt8>, authenticating additional: Span<UInt8>, nonce: Nonce,
        key: borrowing SecretBytes)

    /// Checks and decrypts `buffer`, which holds ciphertext and tag, in place: the plaintext is 16 bytes shorter.
    func open(
        inPlace buffer: inout MutableSpan<UInt8>, authenticating additional: Span<UInt8>, nonce: Nonce,
        key: borrowing SecretBytes) throws(SodiumError)
}

extension AEADAlgorithm {
    /// What sealing adds, in bytes.
    package var tagByteCount: Int { 16 }
    /// The length of a nonce in bytes, Nn.
    var nonceByteCount: Int { Nonce.byteCount }

    /// Ciphertext and tag.
    func seal(
        _ plaintext: Span<UInt8>, authenticating additional: Span<UInt8>, nonce: Nonce, key: borrowing SecretBytes
    ) -> [UInt8] {
        var buffer = [UInt8](copying: plaintext)
        buffer.append(contentsOf: repeatElement(0, count: tagByteCount))
        var span = buffer.mutableSpan
        seal(inPlace: &span, authenticating: additional, nonce: nonce, key: key)
        return buffer
    }

    /// The plaintext, which is no secret of the protocol: the content of a message.
    func open(
        _ ciphertext: [UInt8], authenticating additional: Span<UInt8>, nonce: Nonce, key: borrowing SecretBytes
    ) throws(MLSError) -> [UInt8] {
        guard ciphertext.count >= tagByteCount else { throw .cryptography(.authenticationFailed) }
        var buffer = ciphertext
        var span = buffer.mutableSpan
        do throws(SodiumError) {
            try open(inPlace: &span, authenticating: additional, nonce: nonce, key: key)
        } catch {
            throw .cryptography(error)
        }
        buffer.removeLast(tagByteCount)
        return buffer
    }
}

/// ChaCha20-Poly1305 (RFC 8439).
package struct ChaCha20Poly1305: AEADAlgorithm {
    package let identifier: UInt16 = 0x0003
    package let keyByteCount = ChaChaPoly.keyByteCount

    package init() {}

    package func seal(
        inPlace buffer: inout MutableSpan<UInt8>, authenticating additional: Span<UInt8>, nonce: Nonce,
        key: borrowing SecretBytes
    ) {
        ChaChaPoly.seal(inPlace: &buffer, authenticating: additional, nonce: nonce, key: key)
    }

    package func open(
        inPlace buffer: inout MutableSpan<UInt8>, authenticating additional: Span<UInt8>, nonce: Nonce,
        key: borrowing SecretBytes
    ) throws(SodiumError) {
        try ChaChaPoly.open(inPlace: &buffer, authenticating: additional, nonce: nonce, key: key)
    }
}
