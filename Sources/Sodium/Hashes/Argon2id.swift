internal import CSodium

/// Keys from passwords (RFC 9106), slowly and with much memory, so that guessing is expensive.
package enum Argon2id {
    /// The length of a salt in bytes.
    package static let saltByteCount = 16

    /// What one computation costs.
    package struct Cost: Sendable {
        /// Passes over the memory.
        let passes: UInt64
        /// Bytes of memory.
        let memory: Int

        package init(passes: UInt64, memory: Int) {
            self.passes = passes
            self.memory = memory
        }

        /// Three passes over 64 MiB, which RFC 9106 section 4 recommends where memory is scarce: a fifth of a second.
        package static let interactive = Cost(passes: 3, memory: 64 * 1_048_576)
    }

    /// `byteCount` bytes (at least 16) made from `password`, on one lane.
    ///
    /// Throws ``SodiumError/invalidLength`` when the salt does not have ``saltByteCount`` bytes or the output is too short, and
    /// ``SodiumError/outOfMemory`` when the system does not give the memory.
    package static func derive(
        password: borrowing SecretBytes, salt: [UInt8], byteCount: Int, cost: Cost
    ) throws(SodiumError) -> SecretBytes {
        guard salt.count == saltByteCount, byteCount >= Int(crypto_pwhash_argon2id_bytes_min()) else {
            throw .invalidLength
        }
        let passwordByteCount = password.count
        return try unsafe SecretBytes(count: byteCount) { (output) throws(SodiumError) in
            let result = unsafe withPointer(password) { password in
                unsafe password.withMemoryRebound(to: CChar.self, capacity: passwordByteCount) { password in
                    unsafe withPointer(salt.span) { salt in
                        unsafe crypto_pwhash_argon2id(
                            output, UInt64(byteCount), password, UInt64(passwordByteCount), salt, cost.passes,
                            cost.memory, crypto_pwhash_argon2id_alg_argon2id13())
                    }
                }
            }
            guard result == 0 else { throw .outOfMemory }
        }
    }
}
