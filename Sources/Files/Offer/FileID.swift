internal import Sodium

/// What an offer is called: 64 bits that its sender chooses at random, written as 16 hex digits. Only together with the
/// sender it names a file.
package struct FileID: Hashable, Sendable, CustomStringConvertible {
    let value: UInt64

    package init(_ value: UInt64) {
        self.value = value
    }

    package var description: String { Base16.encode(value) }
}
