/// Reads values as D-Bus marshals them (D-Bus Specification, "Marshaling"), little-endian, from bytes of whoever is on the bus.
struct DBusReader {
    private let bytes: ArraySlice<UInt8>
    /// Alignment is counted from here.
    private let origin: Int
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        origin = bytes.startIndex
        position = bytes.startIndex
    }

    var isAtEnd: Bool { position >= bytes.endIndex }
    /// Bytes that were read, padding included.
    var offset: Int { position - origin }

    mutating func align(to boundary: Int) throws(DBusError) {
        _ = try take((boundary - offset % boundary) % boundary)
    }

    mutating func readUInt8() throws(DBusError) -> UInt8 { UInt8(try number(1)) }
    mutating func readUInt16() throws(DBusError) -> UInt16 { UInt16(try number(2)) }
    mutating func readUInt32() throws(DBusError) -> UInt32 { try number(4) }
    mutating func readInt32() throws(DBusError) -> Int32 { Int32(bitPattern: try number(4)) }

    /// A string or an object path.
    mutating func readString() throws(DBusError) -> String {
        try text(Int(try readUInt32()))
    }

    mutating func readSignature() throws(DBusError) -> String {
        try text(Int(try readUInt8()))
    }

    /// An array of arrays of bytes, the first `limit` of them.
    mutating func readByteArrays(limit: Int) throws(DBusError) -> [[UInt8]] {
        var rest = DBusReader(try take(Int(try readUInt32())))
        var arrays: [[UInt8]] = []
        while !rest.isAtEnd, arrays.count < limit {
            try rest.align(to: 4)
            arrays.append(Array(try rest.take(Int(try rest.readUInt32()))))
        }
        return arrays
    }

    mutating func take(_ count: Int) throws(DBusError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.endIndex - position else { throw .malformed }
        defer { position += count }
        return bytes[position..<position + count]
    }

    private mutating func number(_ byteCount: Int) throws(DBusError) -> UInt32 {
        try align(to: byteCount)
        return try take(byteCount).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    private mutating func text(_ byteCount: Int) throws(DBusError) -> String {
        let content = try take(byteCount)
        guard try take(1).first == 0, let text = String(validating: content, as: UTF8.self) else { throw .malformed }
        return text
    }
}
