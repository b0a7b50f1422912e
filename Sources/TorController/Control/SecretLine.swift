import Sodium

/// Writes a command line that contains a secret into memory that is wiped.
///
/// The encoders compute each character, they look nothing up: which memory is touched does not depend on the secret.
struct SecretLine: ~Copyable {
    private var bytes: SecretBytes
    private var count = 0

    /// A line of exactly `byteCount` bytes, CRLF included.
    init(byteCount: Int) {
        bytes = SecretBytes(count: byteCount)
    }

    static func hexByteCount(_ byteCount: Int) -> Int { byteCount * 2 }
    static func base64ByteCount(_ byteCount: Int) -> Int { (byteCount + 2) / 3 * 4 }

    mutating func append(_ text: String) {
        for byte in text.utf8 { append(byte) }
    }

    mutating func appendHex(_ secret: borrowing SecretBytes) {
        secret.withBytes { span in
            for index in span.indices {
                append(Self.hexDigit(span[index] >> 4))
                append(Self.hexDigit(span[index] & 15))
            }
        }
    }

    /// Base64 with padding.
    mutating func appendBase64(_ secret: borrowing SecretBytes) {
        secret.withBytes { span in
            for start in stride(from: 0, to: span.count, by: 3) {
                let left = span.count - start
                let first = UInt32(span[start]) << 16
                let second = left > 1 ? UInt32(span[start + 1]) << 8 : 0
                let group = first | second | (left > 2 ? UInt32(span[start + 2]) : 0)
                append(Self.base64Digit(UInt8(group >> 18 & 63)))
                append(Self.base64Digit(UInt8(group >> 12 & 63)))
                append(left > 1 ? Self.base64Digit(UInt8(group >> 6 & 63)) : UInt8(ascii: "="))
                append(left > 2 ? Self.base64Digit(UInt8(group & 63)) : UInt8(ascii: "="))
            }
        }
    }

    consuming func finish() -> SharedSecret {
        precondition(count == bytes.count, "a line of another length was announced")
        return SharedSecret(bytes)
    }

    private mutating func append(_ byte: UInt8) {
        let index = count
        bytes.withMutableBytes { $0[index] = byte }
        count += 1
    }

    /// 0-9, A-F; the sign bit of `9 - value` selects without a branch.
    static func hexDigit(_ value: UInt8) -> UInt8 {
        let value = Int16(value)
        return UInt8(truncatingIfNeeded: value + 48 + (((9 - value) >> 15) & 7))
    }

    /// A-Z, a-z, 0-9, + and /.
    static func base64Digit(_ value: UInt8) -> UInt8 {
        let value = Int16(value)
        var result = value + 65
        result += ((25 - value) >> 15) & 6
        result -= ((51 - value) >> 15) & 75
        result -= ((61 - value) >> 15) & 15
        result += ((62 - value) >> 15) & 3
        return UInt8(truncatingIfNeeded: result)
    }
}
