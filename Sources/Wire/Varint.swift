/// The variable-length lengths of RFC 9420 section 2.1.2.
package enum Varint {
    /// The greatest number that can be written: 30 bits.
    package static let maximum: UInt32 = 1 << 30 - 1

    /// The bytes that `value` takes: 1, 2 or 4.
    package static func byteCount(of value: UInt32) -> Int {
        precondition(value <= maximum)
        return value < 1 << 6 ? 1 : value < 1 << 14 ? 2 : 4
    }
}
