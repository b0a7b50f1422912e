/// A tree hash, in the place where it is kept: one allocation for each would take more than the hash.
struct TreeHash: Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// - Precondition: 32 bytes.
    init(_ bytes: [UInt8]) {
        precondition(bytes.count == CipherSuite.hashByteCount, "a hash of the suite")
        let word = { (index: Int) in bytes[8 * index..<8 * index + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        words = (word(0), word(1), word(2), word(3))
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(CipherSuite.hashByteCount)
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        return bytes
    }
}
