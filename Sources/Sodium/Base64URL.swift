internal import CSodium

/// Base64 with the alphabet that is safe in addresses, without padding (RFC 4648 section 5), read and written in a time that
/// depends on nothing but the length.
package enum Base64URL {
    private static let variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING

    package static func encode(_ bytes: [UInt8]) -> String {
        var text = [CChar](repeating: 0, count: sodium_base64_encoded_len(bytes.count, variant))
        _ = unsafe sodium_bin2base64(&text, text.count, bytes, bytes.count, variant)
        return String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The bytes behind `text`; nil for other characters, an impossible length, or unused bits that are not zero.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let text = text.utf8.map { CChar(bitPattern: $0) }
        var bytes = [UInt8](repeating: 0, count: text.count + 1)
        var count = 0
        guard unsafe sodium_base642bin(&bytes, bytes.count, text, text.count, nil, &count, nil, variant) == 0 else {
            return nil
        }
        return Array(bytes.prefix(count))
    }
}
