/// HMAC (RFC 2104) over BLAKE2b with its block of 128 bytes, as Noise wants it (section 12.8); not keyed BLAKE2b.
package struct HMACBLAKE2b: ~Copyable, Sendable {
    private var inner = BLAKE2b()
    private var outer = BLAKE2b()

    /// Starts an empty message under `key`, of any length.
    package init(key: borrowing SecretBytes) {
        if key.count > BLAKE2b.blockByteCount {
            var hash = BLAKE2b()
            key.withBytes { bytes in hash.update(bytes) }
            let digest = hash.finalizeSecret()
            digest.withBytes { bytes in start(bytes) }
        } else {
            key.withBytes { bytes in start(bytes) }
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

    private mutating func start(_ key: Span<UInt8>) {
        inner.updateWithBlock(of: key, masking: 0x36)
        outer.updateWithBlock(of: key, masking: 0x5c)
    }
}

extension BLAKE2b {
    /// Adds one block: `key`, filled up with zeros, every byte combined with `mask`. It goes in halves, because a half
    /// is a small secret, and small secrets are cheap.
    fileprivate mutating func updateWithBlock(of key: Span<UInt8>, masking mask: UInt8) {
        var half = SecretBytes(count: Self.blockByteCount / 2)
        for start in [0, half.count] {
            half.withMutableBytes { half in
                for index in half.indices {
                    let position = start + index
                    half[index] = mask ^ (position < key.count ? key[position] : 0)
                }
            }
            half.withBytes { bytes in update(bytes) }
        }
    }
}
