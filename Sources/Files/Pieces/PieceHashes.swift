package import Sodium

/// What pieces of an own file were when they were hashed: their leaves, and what tells quickly whether one is still the same.
package struct PieceHashes: Sendable {
    package private(set) var leaves = LeafList()
    private var sums: [SecretChecksum.Sum] = []
    private let checksum: SecretChecksum

    /// - Parameter checksum: one for all pieces of a file.
    package init(_ checksum: SecretChecksum) {
        self.checksum = checksum
    }

    package mutating func reserve(pieces: UInt32) {
        leaves.reserve(pieces: pieces)
        sums.reserveCapacity(Int(pieces))
    }

    /// Adds the piece of that number.
    package mutating func append(_ index: UInt32, _ bytes: Span<UInt8>, key: FileKey) {
        leaves.append(key.leaf(index, bytes))
        sums.append(checksum.sum(of: bytes))
    }

    /// Adds the pieces that follow.
    package mutating func append(_ next: PieceHashes) {
        leaves.append(next.leaves)
        sums += next.sums
    }

    /// Whether the piece is still what was hashed.
    func isUnchanged(_ index: UInt32, _ bytes: Span<UInt8>) -> Bool {
        index < sums.count && sums[Int(index)] == checksum.sum(of: bytes)
    }
}
