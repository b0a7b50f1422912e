package import Sodium

extension X25519.PublicKey {
    /// The key as people see and type it: 64 hex digits.
    package var text: String {
        var text = ""
        for byte in bytes {
            text += byte < 16 ? "0" : ""
            text += String(byte, radix: 16)
        }
        return text
    }

    /// The key written as `text`: 64 hex digits, spaces and colons between them allowed. Nil otherwise.
    package init?(text: String) {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text where character != " " && character != ":" {
            guard character.isASCII, let digit = character.hexDigitValue.map(UInt8.init) else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard high == nil, let key = try? X25519.PublicKey(bytes) else { return nil }
        self = key
    }
}
