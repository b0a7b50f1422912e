/// Appends one JSON object (RFC 8259) to a buffer, field by field, without building it in memory first.
///
/// Text is UTF-8; quotation mark, backslash, control characters, DEL and U+2028/2029 are escaped. Names of fields are ours
/// and need no escapes.
struct JSONLineWriter {
    private(set) var bytes: [UInt8]
    private var needsComma = false

    /// A writer that appends to `bytes`; take the buffer back from there.
    init(appendingTo bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func beginObject() {
        comma()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
    }

    mutating func endObject() {
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    mutating func beginArray(_ name: StaticString) {
        key(name)
        bytes.append(UInt8(ascii: "["))
        needsComma = false
    }

    mutating func endArray() {
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    mutating func endLine() {
        bytes.append(0x0A)
        needsComma = false
    }

    mutating func field(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    mutating func field(_ name: StaticString, _ value: some BinaryInteger) {
        key(name)
        bytes.append(contentsOf: String(value).utf8)
        needsComma = true
    }

    mutating func field(_ name: StaticString, _ value: Bool) {
        key(name)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
        needsComma = true
    }

    mutating func nullField(_ name: StaticString) {
        key(name)
        bytes.append(contentsOf: "null".utf8)
        needsComma = true
    }

    /// A string field whose content, in need of no escapes, is appended by `content`.
    mutating func field(_ name: StaticString, appending content: (inout [UInt8]) -> Void) {
        key(name)
        bytes.append(UInt8(ascii: "\""))
        content(&bytes)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// A string by itself: an element of an array.
    mutating func element(_ value: String) {
        comma()
        string(value)
    }

    private mutating func key(_ name: StaticString) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: name.description.utf8)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func string(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        defer {
            bytes.append(UInt8(ascii: "\""))
            needsComma = true
        }
        guard value.utf8.contains(where: { Self.mayNeedEscape($0) }) else {
            return bytes.append(contentsOf: value.utf8)
        }
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x0A:
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(UInt8(ascii: "n"))
            case 0..<0x20, 0x7F:
                escape(0, byte)
            case 0xA8, 0xA9:
                appendOrEscapeSeparator(byte)
            default:
                bytes.append(byte)
            }
        }
    }

    private static func mayNeedEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7F || byte == 0xE2
    }

    /// U+2028 and U+2029, the bytes E2 80 A8 and E2 80 A9, end a line for some readers.
    private mutating func appendOrEscapeSeparator(_ byte: UInt8) {
        guard bytes.suffix(2).elementsEqual([0xE2, 0x80]) else { return bytes.append(byte) }
        bytes.removeLast(2)
        escape(0x20, byte - 0x80)
    }

    private mutating func escape(_ high: UInt8, _ low: UInt8) {
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(contentsOf: "\\u".utf8)
        for byte in [high, low] {
            bytes.append(digits[Int(byte >> 4)])
            bytes.append(digits[Int(byte & 15)])
        }
    }
}
