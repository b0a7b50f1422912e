internal import Sodium

/// The key of one offer, and what is made of it: the key of the hashes of pieces, that of the root over them, and, for a
/// given root, that which seals.
package final class FileKey: Sendable {
    /// Bytes of the key.
    static let byteCount = KeyedBLAKE2b.keyByteCount

    let secret: SecretBytes
    private let leafKey: SecretBytes
    private let rootKey: SecretBytes

    /// A new random key.
    package convenience init() {
        self.init(SecretBytes(randomCount: Self.byteCount))
    }

    /// - Precondition: `secret` has ``byteCount`` bytes.
    init(_ secret: consuming SecretBytes) {
        leafKey = Self.derive("TermTalk file leaf 1", [], from: secret)
        rootKey = Self.derive("TermTalk file root 1", [], from: secret)
        self.secret = consume secret
    }

    /// The hash of the piece of the data that `bytes` are, without padding.
    package func leaf(_ index: UInt32, _ bytes: Span<UInt8>) -> [UInt8] {
        var hash = KeyedBLAKE2b(key: leafKey)
        hash.update(bigEndian: UInt64(index))
        hash.update(bytes)
        return hash.finalize()
    }

    /// What says which file it is: over its size, and the hashes of its pieces one after the other.
    package func root(size: UInt64, leaves: Span<UInt8>) -> [UInt8] {
        var hash = KeyedBLAKE2b(key: rootKey)
        hash.update(bigEndian: size)
        hash.update(leaves)
        return hash.finalize()
    }

    /// The key that seals the pieces of the file with this root: another content has another one.
    func sealKey(root: [UInt8]) -> SecretBytes {
        Self.derive("TermTalk file seal 1", root, from: secret)
    }

    private static func derive(_ label: String, _ context: [UInt8], from secret: borrowing SecretBytes) -> SecretBytes {
        var hash = KeyedBLAKE2b(key: secret)
        hash.update(Array(label.utf8).span)
        hash.update(context.span)
        return hash.finalizeSecret()
    }
}

extension KeyedBLAKE2b {
    fileprivate mutating func update(bigEndian value: UInt64) {
        let bytes: [UInt8] = (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * UInt64($0))) }
        update(bytes.span)
    }
}
