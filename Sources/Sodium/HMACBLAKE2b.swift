/// HMAC (RFC 2104) over BLAKE2b with its block of 128 bytes, as Noise wants it (section 12.8); not keyed BLAKE2b.
package struct HMACBLAKE2b: ~Copyable, Sendable {
    private var inner = BLAKE2b()
    private var outer = BLAKE2b()

    /// Starts an empty message under `key`, of any length.
    package init(key: borrowing SecretBytes) {
        if key.count > BLAKE2b.blockByteCount {
            var hash = BLAKE2b()
            key.withBytes { bytes in hash.update(bytes) }
            start(hash.finalizeSecret())
        } else {
            start(key.clone())
        }
    }

    /// Adds `bytes` to the message.
    package mutating func update(_ bytes: Span<UInt8>) {
        inner.update(bytes)
    }

    /// The 64 bytes of output; secret, because they become keys.
    package consuming func finalize() -> SecretBytes {
        var outer = outer
        let digest = inner.finalizeSecret()
        digest.withBytes { bytes in outer.update(bytes) }
        return outer.finalizeSecret()
    }

    /// The block goes in as two halves, because secrets of that size need no allocation of their own.
    private mutating func start(_ key: consuming SecretBytes) {
        let halfByteCount = BLAKE2b.blockByteCount / 2
        for offset in [0, halfByteCount] {
            var half = SecretBytes(count: halfByteCount)
            half.withMutableBytes { half in
                key.withBytes { key in
                    for index in 0..<max(0, min(halfByteCount, key.count - offset)) {
                        half[index] = key[offset + index]
                    }
                }
            }
            half.xorEach(with: 0x36)
            half.withBytes { bytes in inner.update(bytes) }
            half.xorEach(with: 0x36 ^ 0x5c)
            half.withBytes { bytes in outer.update(bytes) }
        }
    }
}

extension SecretBytes {
    fileprivate mutating func xorEach(with value: UInt8) {
        withMutableBytes { bytes in
            for index in bytes.indices {
                bytes[index] ^= value
            }
        }
    }
}
