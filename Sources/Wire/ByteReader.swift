/// Reads values of the TLS presentation language, as RFC 9420 section 2.1 uses it, from bytes of a peer.
///
/// A read that throws leaves the position where it was before.
package struct ByteReader {
    private let bytes: ArraySlice<UInt8>
    /// Of the next byte.
    private var position: Int

    /// Reads all of `bytes`.
    package init(_ bytes: [UInt8]) {
        self.init(bytes[...])
    }

    /// Reads all of `slice`.
    package init(_ slice: ArraySlice<UInt8>) {
        bytes = slice
        position = slice.startIndex
    }

    /// The number of bytes not read yet.
    package var remaining: Int { bytes.endIndex - position }

    /// The next byte.
    package mutating func readUInt8() throws(WireError) -> UInt8 {
        UInt8(truncatingIfNeeded: try readBigEndian(1))
    }

    /// The next 2 bytes as a number, big endian.
    package mutating func readUInt16() throws(WireError) -> UInt16 {
        UInt16(truncatingIfNeeded: try readBigEndian(2))
    }

    /// The next 4 bytes as a number, big endian.
    package mutating func readUInt32() throws(WireError) -> UInt32 {
        UInt32(truncatingIfNeeded: try readBigEndian(4))
    }

    /// The next 8 bytes as a number, big endian.
    package mutating func readUInt64() throws(WireError) -> UInt64 {
        try readBigEndian(8)
    }

    /// The next `count` bytes.
    package mutating func readBytes(_ count: Int) throws(WireError) -> [UInt8] {
        [UInt8](try take(count))
    }

    /// A number below 2^30 in 1, 2 or 4 bytes, the fewest that hold it (section 2.1.2).
    package mutating func readVarint() throws(WireError) -> UInt32 {
        guard remaining > 0 else { throw .truncated }
        let first = bytes[position]
        let byteCount: Int
        switch first >> 6 {
        case 0: byteCount = 1
        case 1: byteCount = 2
        case 2: byteCount = 4
        default: throw .invalidVarint
        }
        guard byteCount <= remaining else { throw .truncated }
        let end = position + byteCount
        var value = UInt32(first & 0b0011_1111)
        for byte in bytes[position + 1..<end] {
            value = value << 8 | UInt32(byte)
        }
        guard Varint.byteCount(of: value) == byteCount else { throw .nonMinimalVarint }
        position = end
        return value
    }

    /// A vector `V<V>`: its length in bytes as a varint, then the bytes. The length is checked against `limit` before
    /// any byte is copied.
    package mutating func readVector(atMost limit: Int) throws(WireError) -> [UInt8] {
        let start = position
        do throws(WireError) {
            let count = Int(try readVarint())
            guard count <= limit else { throw .tooLong }
            return try readBytes(count)
        } catch {
            position = start
            throw error
        }
    }

    /// A vector of at most `limit` bytes that must be UTF-8.
    package mutating func readUTF8Vector(atMost limit: Int) throws(WireError) -> String {
        let start = position
        guard let text = String(validating: try readVector(atMost: limit), as: UTF8.self) else {
            position = start
            throw .invalidUTF8
        }
        return text
    }

    /// Throws ``WireError/trailingBytes`` unless everything has been read.
    package func finish() throws(WireError) {
        guard remaining == 0 else { throw .trailingBytes }
    }

    private mutating func readBigEndian(_ byteCount: Int) throws(WireError) -> UInt64 {
        guard byteCount <= remaining else { throw .truncated }
        var value: UInt64 = 0
        let end = position + byteCount
        while position < end {
            value = value << 8 | UInt64(bytes[position])
            position += 1
        }
        return value
    }

    private mutating func take(_ count: Int) throws(WireError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw .truncated }
        defer { position += count }
        return bytes[position..<position + count]
    }
}
