import Sodium

/// HKDF of section 4.3: the outputs one after the other, 64 bytes each.
struct KeyDerivation: ~Copyable {
    private let temporaryKey: SecretBytes
    private var previous = SecretBytes(count: 0)
    private var number: UInt8 = 0

    init(chainingKey: borrowing SecretBytes, input: Span<UInt8>) {
        var hmac = HMACBLAKE2b(key: chainingKey)
        hmac.update(input)
        temporaryKey = hmac.finalize()
    }

    /// The next output; the section knows at most three.
    mutating func next() -> SecretBytes {
        number += 1
        var hmac = HMACBLAKE2b(key: temporaryKey)
        previous.withBytes { bytes in hmac.update(bytes) }
        hmac.update([number].span)
        let output = hmac.finalize()
        previous = output.clone()
        return output
    }
}
