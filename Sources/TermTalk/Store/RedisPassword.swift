package import Sodium

/// What Redis wants to see before it does anything.
package final class RedisPassword: Sendable {
    /// The longest in bytes.
    package static let byteLimit = 512

    private let bytes: SecretBytes

    /// Nil for none, and for one that is too long.
    package init?(_ bytes: consuming SecretBytes) {
        guard bytes.count > 0, bytes.count <= Self.byteLimit else { return nil }
        self.bytes = bytes
    }

    /// As it goes to Redis.
    var word: [UInt8] {
        bytes.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    }
}
