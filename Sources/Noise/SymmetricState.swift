import Sodium
import Wire

/// The chaining key, the transcript hash and, once there is one, the key of the handshake (section 5.2).
struct SymmetricState: ~Copyable {
    /// Of everything both sides have seen; public.
    private(set) var hash: [UInt8]
    private var chainingKey: SecretBytes
    private var cipher = CipherState(key: SecretBytes(count: ChaChaPoly.keyByteCount))
    /// Whether ``cipher`` has a key yet; texts are not encrypted before.
    private var hasKey = false

    init(protocolName: String) {
        let name = Array(protocolName.utf8)
        let digest =
            name.count <= BLAKE2b.digestByteCount
            ? name + [UInt8](repeating: 0, count: BLAKE2b.digestByteCount - name.count) : BLAKE2b.hash(name.span)
        hash = digest
        chainingKey = SecretBytes(copying: digest.span)
    }

    mutating func mixHash(_ data: Span<UInt8>) {
        var blake = BLAKE2b()
        blake.update(hash.span)
        blake.update(data)
        hash = blake.finalize()
    }

    mutating func mixKey(_ input: Span<UInt8>) {
        var outputs = KeyDerivation(chainingKey: chainingKey, input: input)
        chainingKey = outputs.next()
        startCipher(key: outputs.next())
    }

    mutating func mixKey(_ input: borrowing SecretBytes) {
        input.withBytes { bytes in mixKey(bytes) }
    }

    mutating func mixKeyAndHash(_ input: borrowing SecretBytes) {
        var outputs = input.withBytes { bytes in KeyDerivation(chainingKey: chainingKey, input: bytes) }
        chainingKey = outputs.next()
        outputs.next().withBytes { bytes in mixHash(bytes) }
        startCipher(key: outputs.next())
    }

    private mutating func startCipher(key: borrowing SecretBytes) {
        cipher = CipherState(key: key.prefix(ChaChaPoly.keyByteCount))
        hasKey = true
    }

    /// What ``encryptAndHash(_:appendingTo:)`` adds to the plaintext now, in bytes.
    var overhead: Int { hasKey ? CipherState.tagByteCount : 0 }

    /// Appends the ciphertext of `plaintext`, or before there is a key `plaintext` itself, to `message`.
    mutating func encryptAndHash(_ plaintext: [UInt8], appendingTo message: inout [UInt8]) throws(NoiseError) {
        var text = plaintext + [UInt8](repeating: 0, count: overhead)
        if hasKey {
            var span = text.mutableSpan
            let transcript = hash
            try cipher.encrypt(inPlace: &span, authenticating: transcript.span)
        }
        mixHash(text.span)
        message += text
    }

    /// The plaintext of `ciphertext`, which before there is a key is `ciphertext` itself.
    mutating func decryptAndHash(_ ciphertext: Span<UInt8>) throws(NoiseError) -> [UInt8] {
        var text = [UInt8](copying: ciphertext)
        let tagByteCount = overhead
        if hasKey {
            var span = text.mutableSpan
            let transcript = hash
            try cipher.decrypt(inPlace: &span, authenticating: transcript.span)
        }
        mixHash(ciphertext)
        // Not an array with room for the tag: a static key is kept for as long as its peer is there.
        return Array(text.dropLast(tagByteCount))
    }

    /// Ends the handshake: the first cipher is for messages of the initiator, the second for those of the responder.
    consuming func split(role: Role, remoteStatic: X25519.PublicKey?) -> Transport {
        var outputs = KeyDerivation(chainingKey: chainingKey, input: Span())
        let initiator = CipherState(key: outputs.next().prefix(ChaChaPoly.keyByteCount))
        let responder = CipherState(key: outputs.next().prefix(ChaChaPoly.keyByteCount))
        switch role {
        case .initiator:
            return Transport(
                sending: initiator, receiving: responder, handshakeHash: hash, remoteStatic: remoteStatic)
        case .responder:
            return Transport(
                sending: responder, receiving: initiator, handshakeHash: hash, remoteStatic: remoteStatic)
        }
    }
}
