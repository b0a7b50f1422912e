/// A text that may hold an invite, as it was before programs encoded it.
enum InviteText {
    /// The text as it is, and with its encodings undone, each as often as one program quotes another.
    static func readings(of text: String) -> [String] {
        let plain = withoutTypography(text)
        var readings = [plain]
        for _ in 0..<2 {
            for undo in [quotedPrintable, percent, entities, backslashes] {
                let undone = undo(readings[readings.count - 1])
                if undone != readings.last { readings.append(undone) }
            }
        }
        return readings
    }

    /// Invisible characters go; dashes, blanks and wide letters become what was typed.
    private static func withoutTypography(_ text: String) -> String {
        var plain = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            // Soft hyphen, zero-width characters, marks of direction, byte-order mark.
            case 0xAD, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x2064, 0xFEFF: break
            case 0x2010, 0x2011, 0x2012, 0x2013, 0x2212: plain.append("-")
            case 0x2014, 0x2015: plain.append(contentsOf: "--".unicodeScalars)
            case 0xFF01...0xFF5E: plain.append(Unicode.Scalar(UInt8(scalar.value - 0xFEE0)))
            default: plain.append(!scalar.isASCII && scalar.properties.isWhitespace ? " " : scalar)
            }
        }
        return String(plain)
    }

    /// RFC 2045, section 6.7.
    private static func quotedPrintable(_ text: String) -> String {
        guard text.contains("=3D") || text.contains("=3d") else { return text }
        return decode(text, mark: UInt8(ascii: "=")) { bytes, index in
            if bytes[index...].starts(with: [0x0D, 0x0A]) { return (nil, 2) }
            return bytes[index...].first == 0x0A ? (nil, 1) : hex(bytes, index)
        }
    }

    private static func percent(_ text: String) -> String {
        decode(text, mark: UInt8(ascii: "%"), hex)
    }

    /// `&#61;`, `&#x3D;` and `&amp;`, which other entities begin with when they were encoded twice.
    private static func entities(_ text: String) -> String {
        decode(text, mark: UInt8(ascii: "&")) { bytes, index in
            guard let end = bytes[index...].prefix(8).firstIndex(of: UInt8(ascii: ";")) else { return nil }
            let name = String(decoding: bytes[index..<end], as: UTF8.self).lowercased()
            let named: UInt8? =
                if name.hasPrefix("#x") { UInt8(name.dropFirst(2), radix: 16) } else if name.hasPrefix("#") {
                    UInt8(name.dropFirst())
                } else {
                    [
                        "amp": UInt8(ascii: "&"), "equals": UInt8(ascii: "="), "colon": UInt8(ascii: ":"),
                        "sol": UInt8(ascii: "/"),
                        "quest": UInt8(ascii: "?"), "commat": UInt8(ascii: "@"), "lowbar": UInt8(ascii: "_"),
                        "period": UInt8(ascii: "."),
                    ][name]
                }
            return named.map { ($0, end - index + 1) }
        }
    }

    /// Markdown has them before underscores and hyphens.
    private static func backslashes(_ text: String) -> String {
        decode(text, mark: UInt8(ascii: "\\")) { _, _ in (nil, 0) }
    }

    private static func hex(_ bytes: [UInt8], _ index: Int) -> (UInt8?, Int)? {
        guard index + 2 <= bytes.count, bytes[index] != UInt8(ascii: "+"), bytes[index] != UInt8(ascii: "-") else {
            return nil
        }
        return UInt8(String(decoding: bytes[index..<index + 2], as: UTF8.self), radix: 16).map { ($0, 2) }
    }

    /// The text with what begins with `mark` replaced: `replace` is given the place behind the mark, and returns a byte (or
    /// none) and how many it stands for; nil where nothing is encoded.
    private static func decode(
        _ text: String, mark: UInt8, _ replace: ([UInt8], Int) -> (UInt8?, Int)?
    ) -> String {
        let bytes = Array(text.utf8)
        guard bytes.contains(mark) else { return text }
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == mark, let (byte, count) = replace(bytes, index + 1) {
                if let byte { decoded.append(byte) }
                index += 1 + count
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}
