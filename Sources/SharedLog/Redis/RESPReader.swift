/// Cuts a stream of bytes into values. A store is not trusted: what it can make this keep has limits.
package struct RESPReader: Sendable {
    /// The longest value in bytes, everything in it included: a snapshot of a room whose log has 64 MiB, twice.
    static let byteLimit = 128 << 20
    /// The longest line of a length, a number or an error.
    static let lineLimit = 4_096
    /// How many elements all arrays of a value have.
    static let elementLimit = 16_384
    /// The same of an array, which is looked through from its beginning whenever more of it comes: `entries` ends behind 4 MiB, and the
    /// last of these has as much.
    static let arrayByteLimit = 16 << 20
    /// How deep arrays stand in each other. Our scripts answer with one.
    static let depthLimit = 4

    private let byteLimit: Int
    private var buffer: [UInt8] = []
    /// There cannot be a whole value before so many bytes.
    private var needed = 1

    /// `byteLimit` where less is expected.
    package init(byteLimit: Int = Self.byteLimit) {
        self.byteLimit = min(byteLimit, Self.byteLimit)
    }

    /// The bytes that are kept of a value that is not whole yet.
    var bufferedByteCount: Int { buffer.count }

    /// Takes the next bytes of the stream, and returns the values that they complete.
    ///
    /// - Throws: ``RESPError``; the stream is of no use then.
    package mutating func received(_ bytes: [UInt8]) throws(RESPError) -> [RESPValue] {
        buffer += bytes
        var values: [RESPValue] = []
        var start = 0
        while buffer.count - start >= needed {
            var scan = Scan(bytes: buffer, position: start, start: start, byteLimit: byteLimit)
            guard let value = try scan.value(depth: 0) else {
                needed = scan.needed - start
                break
            }
            values.append(value)
            start = scan.position
            needed = 1
        }
        buffer.removeFirst(start)
        guard buffer.count <= byteLimit else { throw .tooLong }
        return values
    }

    private struct Scan {
        let bytes: [UInt8]
        var position: Int
        let start: Int
        let byteLimit: Int
        var needed = 0
        var elements = 0

        /// Nil when bytes are missing; there are to be `needed` then.
        mutating func value(depth: Int) throws(RESPError) -> RESPValue? {
            guard position < bytes.count else { return missing(position + 1) }
            let kind = bytes[position]
            position += 1
            guard let line = try line() else { return nil }
            switch kind {
            case UInt8(ascii: "+"): return .text(line)
            case UInt8(ascii: "-"): return .error(line)
            case UInt8(ascii: ":"): return .integer(try number(line))
            case UInt8(ascii: "$"): return try string(number(line))
            case UInt8(ascii: "*"): return try array(number(line), depth: depth)
            default: throw .malformed
            }
        }

        private mutating func string(_ count: Int64) throws(RESPError) -> RESPValue? {
            if count == -1 { return .bytes(nil) }
            guard count >= 0 else { throw .malformed }
            guard count <= byteLimit - (position - start) else { throw .tooLong }
            let end = position + Int(count)
            guard bytes.count >= end + 2 else { return missing(end + 2) }
            guard bytes[end] == UInt8(ascii: "\r"), bytes[end + 1] == UInt8(ascii: "\n") else { throw .malformed }
            defer { position = end + 2 }
            return .bytes(Array(bytes[position..<end]))
        }

        private mutating func array(_ count: Int64, depth: Int) throws(RESPError) -> RESPValue? {
            if count == -1 { return .array(nil) }
            guard count >= 0 else { throw .malformed }
            guard depth < RESPReader.depthLimit, count <= RESPReader.elementLimit - elements else { throw .tooLong }
            elements += Int(count)
            var values: [RESPValue] = []
            for _ in 0..<count {
                guard position - start <= RESPReader.arrayByteLimit else { throw .tooLong }
                guard let value = try value(depth: depth + 1) else { return nil }
                values.append(value)
            }
            return .array(values)
        }

        private mutating func line() throws(RESPError) -> [UInt8]? {
            let rest = bytes[position...].prefix(RESPReader.lineLimit + 1)
            guard let end = rest.firstIndex(of: UInt8(ascii: "\r")), end + 1 < bytes.count else {
                guard rest.count <= RESPReader.lineLimit else { throw .tooLong }
                return missing(bytes.count + 1)
            }
            guard bytes[end + 1] == UInt8(ascii: "\n") else { throw .malformed }
            defer { position = end + 2 }
            return Array(bytes[position..<end])
        }

        private mutating func missing<Value>(_ count: Int) -> Value? {
            needed = count
            return nil
        }

        private func number(_ line: [UInt8]) throws(RESPError) -> Int64 {
            guard let number = Int64(String(decoding: line, as: UTF8.self)) else { throw .malformed }
            return number
        }
    }
}
