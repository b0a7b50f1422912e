/// Reads a JSON object (RFC 8259) whose values are all strings: what the machine interface takes on stdin.
///
/// Strict: a field given twice, a lone surrogate, a raw control character or anything after the object is refused. What
/// is not a string is refused by the name of its field.
struct JSONStringObject {
    struct Malformed: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    /// Far more than any object of the interface has.
    static let maximumFieldCount = 8

    private let bytes: [UInt8]
    private var position = 0

    static func parse(_ text: String) throws(Malformed) -> [String: String] {
        var reader = JSONStringObject(bytes: Array(text.utf8))
        return try reader.readObject()
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func readObject() throws(Malformed) -> [String: String] {
        var fields: [String: String] = [:]
        try expect(UInt8(ascii: "{"))
        skipSpace()
        if current != UInt8(ascii: "}") {
            repeat {
                skipSpace()
                let name = try readString()
                try expect(UInt8(ascii: ":"))
                skipSpace()
                guard current == UInt8(ascii: "\"") else { throw malformed("a field is not a string") }
                let value = try readString()
                guard fields.updateValue(value, forKey: name) == nil else { throw malformed("a field is given twice") }
                guard fields.count <= Self.maximumFieldCount else { throw malformed("too many fields") }
                skipSpace()
            } while take(UInt8(ascii: ","))
        }
        try expect(UInt8(ascii: "}"))
        skipSpace()
        guard position == bytes.count else { throw malformed("something follows the object") }
        return fields
    }

    private mutating func readString() throws(Malformed) -> String {
        try expect(UInt8(ascii: "\""))
        var content: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"): content.append(contentsOf: try readEscape())
            case 0..<0x20: throw malformed("a control character in a string")
            default: content.append(byte)
            }
        }
        throw malformed("a string without end")
    }

    private mutating func readEscape() throws(Malformed) -> [UInt8] {
        guard let byte = current else { throw malformed("a string without end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return try readUnicodeEscape()
        default: throw malformed("an unknown escape in a string")
        }
    }

    /// After `\u`: four hex digits, and for a high surrogate another escape with a low one.
    private mutating func readUnicodeEscape() throws(Malformed) -> [UInt8] {
        var value = try readHexDigits()
        if (0xD800...0xDBFF).contains(value) {
            guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw malformed("half a surrogate pair") }
            let low = try readHexDigits()
            guard (0xDC00...0xDFFF).contains(low) else { throw malformed("half a surrogate pair") }
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw malformed("half a surrogate pair") }
        return Array(String(scalar).utf8)
    }

    private mutating func readHexDigits() throws(Malformed) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw malformed("a \\u escape without four hex digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(Malformed) {
        skipSpace()
        guard take(byte) else { throw malformed("expected \(Character(Unicode.Scalar(byte)))") }
    }

    private func malformed(_ what: String) -> Malformed {
        Malformed(description: "\(what), at byte \(position)")
    }
}
