/// Writes values of the TLS presentation language, as RFC 9420 section 2.1 uses it.
package struct ByteWriter {
    /// What has been written so far.
    package private(set) var bytes: [UInt8] = []

    /// Starts with no bytes.
    package init() {}

    /// Starts with no bytes, and room for as many as are expected.
    package init(reserving capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    /// Writes one byte.
    package mutating func write(_ value: UInt8) {
        bytes.append(value)
    }

    /// Writes 2 bytes, big endian.
    package mutating func write(_ value: UInt16) {
        append(value)
    }

    /// Writes 4 bytes, big endian.
    package mutating func write(_ value: UInt32) {
        append(value)
    }

    /// Writes 8 bytes, big endian.
    package mutating func write(_ value: UInt64) {
        append(value)
    }

    private mutating func append(_ value: some FixedWidthInteger) {
        unsafe withUnsafeBytes(of: value.bigEndian) { value in unsafe bytes.append(contentsOf: value) }
    }

    /// Writes bytes without a length.
    package mutating func writeBytes(_ content: some Collection<UInt8>) {
        bytes.append(contentsOf: content)
    }

    /// Writes bytes without a length. Other modules would call the generic function above unspecialized, which takes several
    /// times as long.
    package mutating func writeBytes(_ content: [UInt8]) {
        bytes.append(contentsOf: content)
    }

    /// Writes a number below 2^30 in 1, 2 or 4 bytes, the fewest that hold it (section 2.1.2). More traps.
    package mutating func writeVarint(_ value: UInt32) {
        switch Varint.byteCount(of: value) {
        case 1: write(UInt8(value))
        case 2: write(UInt16(value) | 0x4000)
        default: write(value | 0x8000_0000)
        }
    }

    /// Writes a vector `V<V>`: the length in bytes, which must be below 2^30, as a varint, then the bytes.
    package mutating func writeVector(_ content: some Collection<UInt8>) {
        writeLength(content.count)
        writeBytes(content)
    }

    /// The same for an array.
    package mutating func writeVector(_ content: [UInt8]) {
        writeLength(content.count)
        writeBytes(content)
    }

    private mutating func writeLength(_ count: Int) {
        precondition(count <= Int(Varint.maximum))
        writeVarint(UInt32(count))
    }

    /// Writes a text as a vector of its UTF-8.
    package mutating func writeUTF8Vector(_ text: String) {
        writeVector(text.utf8)
    }
}
