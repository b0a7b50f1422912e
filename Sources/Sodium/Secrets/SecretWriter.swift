/// Writes secrets, and what stands around them, without leaving copies of them in ordinary memory.
package struct SecretWriter: ~Copyable {
    private var memory: SecretBytes
    private var used = 0

    /// Room for at most `capacity` bytes; more is a mistake of the caller and traps.
    package init(capacity: Int) {
        memory = SecretBytes(count: capacity)
    }

    package mutating func write(_ bytes: Span<UInt8>) {
        let start = used
        memory.withMutableBytes { memory in
            for index in bytes.indices {
                memory[start + index] = bytes[index]
            }
        }
        used += bytes.count
    }

    package mutating func write(_ secret: borrowing SecretBytes) {
        secret.withBytes { bytes in write(bytes) }
    }

    package consuming func finish() -> SecretBytes {
        let count = used
        return memory.withBytes { bytes in SecretBytes(copying: bytes.extracting(first: count)) }
    }
}
