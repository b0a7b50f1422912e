internal import CSodium

/// The system's cryptographic random source. Secrets come from ``SecretBytes/init(randomCount:)`` instead.
package enum Random {
    /// `count` random bytes that are no secret.
    package static func bytes(_ count: Int) -> [UInt8] {
        SodiumLibrary.initialize()
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            if let base = buffer.baseAddress {
                unsafe randombytes_buf(base, count)
            }
            initialized = count
        }
    }

    /// Any 32-bit number.
    package static func uint32() -> UInt32 {
        SodiumLibrary.initialize()
        return randombytes_random()
    }

    /// Any 64-bit number.
    package static func uint64() -> UInt64 {
        UInt64(uint32()) << 32 | UInt64(uint32())
    }
}
