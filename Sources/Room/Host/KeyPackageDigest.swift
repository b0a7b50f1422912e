internal import Sodium

/// The first 16 bytes of the BLAKE2b hash of a KeyPackage's ``GroupBook/mark(of:)``, in the place where they are kept.
struct KeyPackageDigest: Hashable {
    private static let byteCount = 16

    private let high: UInt64
    private let low: UInt64

    init(of mark: [UInt8]) {
        self.init(first: BLAKE2b.hash(mark.span))
    }

    /// Nil unless there are 16 bytes.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.init(first: bytes)
    }

    private init(first bytes: [UInt8]) {
        high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8..<Self.byteCount].reduce(0) { $0 << 8 | UInt64($1) }
    }

    var bytes: [UInt8] {
        [high, low].flatMap { word in stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
        }
    }
}
