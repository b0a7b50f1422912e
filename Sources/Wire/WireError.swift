/// Why bytes are not what the presentation language (RFC 9420 section 2.1) says they should be.
package enum WireError: Error, Equatable {
    /// The bytes end inside a value.
    case truncated
    /// A length is written with more bytes than it needs (section 2.1.2).
    case nonMinimalVarint
    /// A length starts with the bits 11 (section 2.1.2).
    case invalidVarint
    /// A vector is longer than its reader allows.
    case tooLong
    /// Bytes are left after the last value.
    case trailingBytes
    /// A text is not UTF-8.
    case invalidUTF8
    /// A number, or a combination of values, that its type does not have.
    case invalidValue
}
