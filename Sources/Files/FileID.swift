/// What an offer is called: 64 bits that its sender chooses at random, written as 16 hex digits. Only together with the
/// sender it names a file.
package struct FileID: Hashable, Sendable, CustomStringConvertible {
    package let value: UInt64

    package init(_ value: UInt64) {
        self.value = value
    }

    /// The id written as `text`; nil when that is not 16 hex digits in lower case.
    package init?(_ text: String) {
        let digits = Array("0123456789abcdef".utf8)
        guard text.utf8.count == 16, text.utf8.allSatisfy(digits.contains), let value = UInt64(text, radix: 16) else {
            return nil
        }
        self.value = value
    }

    package var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
