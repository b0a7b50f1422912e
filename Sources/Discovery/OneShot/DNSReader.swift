/// Why bytes are no message of DNS.
package enum DNSError: Error, Equatable {
    case malformed
}

/// Reads what messages of DNS are made of (RFC 1035, 4) from bytes of whoever is on the network.
struct DNSReader {
    /// Bytes of a name with the lengths of its labels (RFC 1035, 2.3.4).
    static let nameLimit = 255

    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func readUInt16() throws(DNSError) -> UInt16 {
        try take(2).reduce(0) { $0 << 8 | UInt16($1) }
    }

    mutating func take(_ count: Int) throws(DNSError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.count - position else { throw .malformed }
        defer { position += count }
        return bytes[position..<position + count]
    }

    /// The labels of a name, in lower case. What it continues with may stand further in front; each time further, so it ends.
    mutating func readName() throws(DNSError) -> [[UInt8]] {
        var labels: [[UInt8]] = []
        var length = 1
        var reader = self
        var lowest = position
        var end: Int?
        while true {
            let first = Int(try reader.take(1).first ?? 0)
            switch first >> 6 {
            case 0 where first == 0:
                position = end ?? reader.position
                return labels
            case 0:
                length += first + 1
                guard length <= Self.nameLimit else { throw .malformed }
                labels.append(try reader.take(first).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 })
            case 3:
                let target = (first & 0x3F) << 8 | Int(try reader.take(1).first ?? 0)
                end = end ?? reader.position
                guard target < lowest else { throw .malformed }
                lowest = target
                reader.position = target
            default: throw .malformed
            }
        }
    }
}
