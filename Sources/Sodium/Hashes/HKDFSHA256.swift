/// HKDF with SHA-256 (RFC 5869).
package enum HKDFSHA256 {
    /// The most bytes that ``expand(_:info:count:)`` can give: 255 blocks (section 2.3).
    package static let maximumOutputByteCount = 255 * HMACSHA256.byteCount

    /// Concentrates `inputKey` into a pseudorandom key of 32 bytes. An empty salt counts as 32 zeros.
    package static func extract(salt: Span<UInt8>, inputKey: Span<UInt8>) -> SecretBytes {
        var hmac = HMACSHA256(key: salt)
        hmac.update(inputKey)
        return hmac.finalizeSecret()
    }

    /// `count` bytes derived from a pseudorandom key for the purpose `info`.
    ///
    /// Throws ``SodiumError/invalidLength`` above ``maximumOutputByteCount``.
    package static func expand(
        _ pseudorandomKey: borrowing SecretBytes, info: Span<UInt8>, count: Int
    ) throws(SodiumError) -> SecretBytes {
        guard (0...maximumOutputByteCount).contains(count) else { throw .invalidLength }
        var output = SecretBytes(count: count)
        var block = SecretBytes(count: 0)
        var number: UInt8 = 0
        var filled = 0
        while filled < count {
            number += 1
            var hmac = pseudorandomKey.withBytes { key in HMACSHA256(key: key) }
            block.withBytes { bytes in hmac.update(bytes) }
            hmac.update(info)
            hmac.update([number].span)
            block = hmac.finalizeSecret()
            output.withMutableBytes { output in
                block.withBytes { block in
                    for index in 0..<min(block.count, count - filled) {
                        output[filled + index] = block[index]
                    }
                }
            }
            filled += block.count
        }
        return output
    }
}
