package import Wire

/// How a message is wrapped (RFC 9420 section 6).
package enum WireFormat: UInt16, WireValue {
    case publicMessage = 1
    case privateMessage = 2
    case welcome = 3
    case groupInfo = 4
    case keyPackage = 5

    package init(from reader: inout ByteReader) throws(WireError) {
        guard let format = WireFormat(rawValue: try reader.readUInt16()) else { throw .invalidValue }
        self = format
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(rawValue)
    }
}
