/// The quoted strings of the control protocol and of torrc files: C escapes between double quotes.
enum QuotedString {
    /// `bytes` between quotes; quotes and backslashes escaped, everything outside printable ASCII in octal.
    static func escape(_ bytes: some Sequence<UInt8>) -> String {
        var result = "\""
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""): result += "\\\""
            case UInt8(ascii: "\\"): result += "\\\\"
            case 0x20...0x7E: result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                result += "\\"
                for shift in [6, 3, 0] { result += String((byte >> UInt8(shift)) & 7) }
            }
        }
        return result + "\""
    }

    /// Takes what follows an opening quote, up to and with the closing one, from the front of `rest`.
    static func takeContent(_ rest: inout ArraySlice<UInt8>) throws(ControlProtocolError) -> [UInt8] {
        var result: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return result
            case UInt8(ascii: "\\"): result.append(try takeEscape(&rest))
            default: result.append(byte)
            }
        }
        throw .malformedArguments
    }

    private static func takeEscape(_ rest: inout ArraySlice<UInt8>) throws(ControlProtocolError) -> UInt8 {
        guard let byte = rest.popFirst() else { throw .malformedArguments }
        switch byte {
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "x"):
            guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit)
            else { throw .malformedArguments }
            return high << 4 | low
        case 0x30...0x37:
            var value = Int(byte - 0x30)
            var count = 1
            while count < 3, let next = rest.first, next >= 0x30, next <= 0x37 {
                value = value * 8 + Int(next - 0x30)
                rest = rest.dropFirst()
                count += 1
            }
            guard value <= 255 else { throw .malformedArguments }
            return UInt8(value)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "'"): return byte
        default: throw .malformedArguments
        }
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
