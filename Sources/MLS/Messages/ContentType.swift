package import Wire

/// What a framed message carries (RFC 9420 section 6).
package enum ContentType: UInt8, WireValue {
    case application = 1
    case proposal = 2
    case commit = 3

    package init(from reader: inout ByteReader) throws(WireError) {
        guard let type = ContentType(rawValue: try reader.readUInt8()) else { throw .invalidValue }
        self = type
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(rawValue)
    }
}
