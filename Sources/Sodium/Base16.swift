internal import CSodium

/// Hexadecimal text (RFC 4648 section 8), read and written in a time that depends on nothing but the length.
package enum Base16 {
    /// Two lower-case digits a byte.
    package static func encode(_ bytes: [UInt8]) -> String {
        var text = [CChar](repeating: 0, count: 2 * bytes.count + 1)
        _ = unsafe sodium_bin2hex(&text, text.count, bytes, bytes.count)
        return String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// 16 digits, the most significant first.
    package static func encode(_ value: UInt64) -> String {
        encode((0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) })
    }

    /// The value of exactly 16 digits in either case.
    package static func uint64(_ text: some StringProtocol) -> UInt64? {
        guard let bytes = decode(text), bytes.count == 8 else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The bytes of an even number of digits in either case; nil for anything else.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let text = text.utf8.map { CChar(bitPattern: $0) }
        var bytes = [UInt8](repeating: 0, count: text.count / 2 + 1)
        var count = 0
        guard unsafe sodium_hex2bin(&bytes, bytes.count, text, text.count, nil, &count, nil) == 0 else { return nil }
        return Array(bytes.prefix(count))
    }
}
