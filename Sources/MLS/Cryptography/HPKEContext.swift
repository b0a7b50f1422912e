package import Sodium
internal import Wire

/// One direction of HPKE after its setup (RFC 9180 section 5.2). MLS seals one message with it, or exports.
package struct HPKEContext: ~Copyable, Sendable {
    private let aead: any AEADAlgorithm
    private let derivation: LabeledDerivation
    private let key: SecretBytes
    private let baseNonce: [UInt8]
    private let exporterSecret: SecretBytes
    private var sequence: UInt64 = 0

    init(
        aead: any AEADAlgorithm, derivation: LabeledDerivation, key: consuming SecretBytes, baseNonce: [UInt8],
        exporterSecret: consuming SecretBytes
    ) {
        self.aead = aead
        self.derivation = derivation
        self.key = key
        self.baseNonce = baseNonce
        self.exporterSecret = exporterSecret
    }

    /// The next message's ciphertext and tag.
    package mutating func seal(_ plaintext: Span<UInt8>, authenticating additional: [UInt8]) throws(MLSError) -> [UInt8]
    {
        var buffer = SecretBytes(count: plaintext.count + aead.tagByteCount)
        let (aead, nonce) = (aead, try nonce())
        buffer.withMutableBytes { bytes in
            for index in plaintext.indices {
                bytes[index] = plaintext[index]
            }
            aead.seal(inPlace: &bytes, authenticating: additional.span, nonce: nonce, key: key)
        }
        sequence += 1
        return buffer.withBytes { bytes in [UInt8](copying: bytes) }
    }

    /// The next message's plaintext. After an error the same message number is expected.
    package mutating func open(_ ciphertext: [UInt8], authenticating additional: [UInt8]) throws(MLSError)
        -> SecretBytes
    {
        guard ciphertext.count >= aead.tagByteCount else { throw .cryptography(.authenticationFailed) }
        var buffer = SecretBytes(copying: ciphertext.span)
        let (aead, nonce) = (aead, try nonce())
        do throws(SodiumError) {
            try buffer.withMutableBytes { (bytes) throws(SodiumError) in
                try aead.open(inPlace: &bytes, authenticating: additional.span, nonce: nonce, key: key)
            }
        } catch {
            throw .cryptography(error)
        }
        sequence += 1
        return buffer.withBytes { bytes in SecretBytes(copying: bytes.extracting(droppingLast: aead.tagByteCount)) }
    }

    /// Context.Export (section 5.3).
    package func export(context: [UInt8], count: Int) throws(MLSError) -> SecretBytes {
        try derivation.expand(exporterSecret, label: "sec", info: context, count: count)
    }

    /// ComputeNonce: the base nonce combined with the sequence number.
    private func nonce() throws(MLSError) -> Nonce {
        guard sequence < .max else { throw .limitExceeded }
        var bytes = baseNonce
        for index in 0..<min(8, bytes.count) {
            bytes[bytes.count - 1 - index] ^= UInt8(truncatingIfNeeded: sequence >> UInt64(8 * index))
        }
        do throws(SodiumError) {
            return try Nonce(bytes: bytes.span)
        } catch {
            throw .cryptography(error)
        }
    }
}
