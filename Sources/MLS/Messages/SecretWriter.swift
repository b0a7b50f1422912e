internal import Sodium
internal import Wire

/// Writes secret vectors without leaving copies of them in ordinary memory.
struct SecretWriter: ~Copyable {
    private var memory: SecretBytes
    private var used = 0

    /// Room for at most `capacity` bytes; more is a mistake of the caller and traps.
    init(capacity: Int) {
        memory = SecretBytes(count: capacity)
    }

    mutating func write(_ bytes: [UInt8]) {
        append(bytes.span)
    }

    /// `opaque value<V>`.
    mutating func writeVector(_ secret: borrowing SecretBytes) {
        var length = ByteWriter()
        length.writeVarint(UInt32(secret.count))
        append(length.bytes.span)
        secret.withBytes { bytes in append(bytes) }
    }

    consuming func finish() -> SecretBytes {
        let count = used
        return memory.withBytes { bytes in SecretBytes(copying: bytes.extracting(first: count)) }
    }

    private mutating func append(_ bytes: Span<UInt8>) {
        let start = used
        memory.withMutableBytes { memory in
            for index in bytes.indices {
                memory[start + index] = bytes[index]
            }
        }
        used += bytes.count
    }
}
