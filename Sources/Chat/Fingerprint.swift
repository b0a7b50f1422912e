internal import Sodium

/// A member's signature key, short enough to be compared by people: 128 bits.
package struct Fingerprint: Sendable, Equatable, CustomStringConvertible {
    private static let label = "TermTalk fingerprint 1"
    private static let byteCount = 16
    private static let bytesPerGroup = 2

    private let bytes: [UInt8]

    package init(of signatureKey: [UInt8]) {
        bytes = Array(BLAKE2b.hash((Array(Self.label.utf8) + signatureKey).span).prefix(Self.byteCount))
    }

    /// Eight groups of four hex digits.
    package var description: String {
        stride(from: 0, to: bytes.count, by: Self.bytesPerGroup)
            .map { Base16.encode(Array(bytes[$0..<$0 + Self.bytesPerGroup])) }.joined(separator: " ")
    }
}
