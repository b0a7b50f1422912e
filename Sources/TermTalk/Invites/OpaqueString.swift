internal import Sodium
@_spi(_Unicode) import Swift

/// RFC 8265, section 4.2: what is typed in another way (composed or decomposed letters, other spaces) is the same password.
/// White space at the end is left out too: nobody sees it, and editors leave it in files.
enum OpaqueString {
    /// A letter of one character may become three.
    private static let growth = 3

    /// The password as it is hashed. Bytes that are not UTF-8 stay as they are.
    static func prepare(_ password: borrowing SecretBytes) -> SecretBytes {
        var prepared = SecretBytes(count: password.count * growth)
        let count = password.withBytes { bytes in
            prepared.withMutableBytes { write(bytes, to: &$0) }
        }
        guard let count else { return password.withBytes { SecretBytes(copying: $0) } }
        return prepared.withBytes { SecretBytes(copying: $0.extracting(..<count)) }
    }

    /// Nil when `bytes` are not UTF-8. Letters are normalized one by one, so that no whole password gets into other memory.
    private static func write(_ bytes: Span<UInt8>, to output: inout MutableSpan<UInt8>) -> Int? {
        var count = 0
        var letter = String.UnicodeScalarView()
        func flush() {
            for scalar in String(letter)._nfc {
                for byte in UTF8.encode(scalar) ?? .init() where count < output.count {
                    output[count] = byte
                    count += 1
                }
            }
            letter = String.UnicodeScalarView()
        }
        var index = 0
        while index < bytes.count {
            guard let (scalar, length) = scalar(in: bytes, at: index) else { return nil }
            index += length
            if !continuesLetter(scalar) { flush() }
            letter.append(scalar.properties.generalCategory == .spaceSeparator ? " " : scalar)
        }
        flush()
        while count > 0, [0x20, 0x09, 0x0D].contains(output[count - 1]) { count -= 1 }
        return count
    }

    /// Whether `scalar` may be composed with what stands before it: a mark, or a part of a Hangul syllable.
    private static func continuesLetter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: (0x1160...0x11FF).contains(scalar.value)
        }
    }

    private static func scalar(in bytes: Span<UInt8>, at index: Int) -> (Unicode.Scalar, Int)? {
        let length =
            switch bytes[index] {
            case 0..<0x80: 1
            case 0xC0..<0xE0: 2
            case 0xE0..<0xF0: 3
            case 0xF0..<0xF8: 4
            default: 0
            }
        guard length > 0, index + length <= bytes.count else { return nil }
        var decoder = UTF8()
        var units: [UInt8] = []
        for offset in 0..<length { units.append(bytes[index + offset]) }
        var iterator = units.makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return nil }
        return (scalar, length)
    }
}
