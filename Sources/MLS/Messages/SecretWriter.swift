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

extension SecretBytes {
    /// `opaque value<V>` at `offset`.
    func readVector(at offset: inout Int) throws(WireError) -> SecretBytes {
        var header = ByteReader(try readPublic(min(4, count - offset), at: &offset))
        let available = header.remaining
        let length = Int(try header.readVarint())
        offset -= header.remaining
        guard available > 0, length <= count - offset else { throw .truncated }
        let start = offset
        offset += length
        return withBytes { bytes in SecretBytes(copying: bytes.extracting(start..<start + length)) }
    }

    /// `length` bytes at `offset` that are no secret.
    func readPublic(_ length: Int, at offset: inout Int) throws(WireError) -> [UInt8] {
        guard length >= 0, length <= count - offset else { throw .truncated }
        let start = offset
        offset += length
        return withBytes { bytes in [UInt8](copying: bytes.extracting(start..<start + length)) }
    }
}
