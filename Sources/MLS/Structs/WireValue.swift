package import Wire

/// A struct of RFC 9420 with its one encoding in the TLS presentation language (section 2.1).
package protocol WireValue: Hashable, Sendable {
    /// Reads one value and leaves the reader behind it.
    init(from reader: inout ByteReader) throws(WireError)

    /// Writes the value.
    func write(to writer: inout ByteWriter)
}

extension WireValue {
    /// The value that is all of `bytes`; anything behind it is an error.
    init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = ByteReader(bytes)
        self = try Self(from: &reader)
        try reader.finish()
    }

    /// The bytes of the value.
    package var encoded: [UInt8] {
        var writer = ByteWriter()
        write(to: &writer)
        return writer.bytes
    }
}

extension ByteReader {
    /// A vector `opaque<V>` of at most ``Limits/maximumMessageByteCount`` bytes.
    mutating func readOpaque() throws(WireError) -> [UInt8] {
        try readVector(atMost: Limits.maximumMessageByteCount)
    }

    /// A vector `Value<V>`: its length in bytes, then one value after the other.
    mutating func readList<Value: WireValue>(of type: Value.Type = Value.self) throws(WireError) -> [Value] {
        var content = ByteReader(try readOpaque())
        var values: [Value] = []
        while content.remaining > 0 {
            values.append(try Value(from: &content))
        }
        return values
    }

    /// An `optional<Value>` (section 2.1.1).
    mutating func readOptional<Value: WireValue>(of type: Value.Type = Value.self) throws(WireError) -> Value? {
        switch try readUInt8() {
        case 0: return nil
        case 1: return try Value(from: &self)
        default: throw .invalidValue
        }
    }
}

extension ByteWriter {
    /// Writes a vector `Value<V>`.
    mutating func writeList(_ values: some Sequence<some WireValue>) {
        var content = ByteWriter()
        for value in values {
            value.write(to: &content)
        }
        writeVector(content.bytes)
    }

    /// Writes an `optional<Value>` (section 2.1.1).
    mutating func writeOptional(_ value: (some WireValue)?) {
        write(value == nil ? 0 : 1 as UInt8)
        value?.write(to: &self)
    }
}
