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

    private mutating func start(_ key: consuming SecretBytes) {
        var block = SecretBytes(count: BLAKE2b.blockByteCount)
        block.withMutableBytes { block in
            key.withBytes { key in
                for index in key.indices {
                    block[index] = key[index]
                }
            }
        }
        block.xorEach(with: 0x36)
        block.withBytes { bytes in inner.update(bytes) }
        block.xorEach(with: 0x36 ^ 0x5c)
        block.withBytes { bytes in outer.update(bytes) }
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
