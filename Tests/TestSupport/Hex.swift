/// A text that should be bytes in hexadecimal and is not.
package struct NotHexadecimal: Error {
    /// The text.
    package let text: String
}

/// The bytes of a text of hexadecimal digits; white space is passed over, so that long values can be wrapped.
package func bytes(hex text: String) throws -> [UInt8] {
    let digits = text.compactMap { $0.isWhitespace ? nil : $0.hexDigitValue.map(UInt8.init) ?? 255 }
    guard digits.count.isMultiple(of: 2), !digits.contains(255) else { throw NotHexadecimal(text: text) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// The bytes in hexadecimal, lower case.
package func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}
