internal import Sodium

/// The first 16 bytes of a KeyPackage's BLAKE2b hash.
struct KeyPackageDigest: Hashable {
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    init(of keyPackage: [UInt8]) {
        let hash = BLAKE2b.hash(keyPackage.span)
        high = hash[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = hash[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
