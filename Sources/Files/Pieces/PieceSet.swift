/// Some of the pieces of a file: one bit for each.
package struct PieceSet: Sendable, Equatable {
    package let count: UInt32
    private var words: [UInt64]
    /// How many are in it.
    package private(set) var filled: UInt32 = 0
    /// All below are in it.
    private var firstMissing: UInt32 = 0

    /// None of `count` pieces.
    package init(count: UInt32) {
        self.count = count
        words = [UInt64](repeating: 0, count: (Int(count) + 63) / 64)
    }

    package var isFull: Bool { filled == count }

    package func contains(_ index: UInt32) -> Bool {
        index < count && words[Int(index / 64)] & 1 << UInt64(index % 64) != 0
    }

    /// False when it was in it, or is none of the pieces.
    @discardableResult
    package mutating func insert(_ index: UInt32) -> Bool {
        guard index < count, !contains(index) else { return false }
        words[Int(index / 64)] |= 1 << UInt64(index % 64)
        filled += 1
        while firstMissing < count, contains(firstMissing) { firstMissing += 1 }
        return true
    }

    /// The first piece from `start` on that is not in it.
    func missing(from start: UInt32) -> UInt32? {
        var index = max(start, firstMissing)
        while index < count {
            let rest = ~words[Int(index / 64)] >> UInt64(index % 64)
            guard rest == 0 else {
                let found = index + UInt32(rest.trailingZeroBitCount)
                return found < count ? found : nil
            }
            index = (index / 64 + 1) * 64
        }
        return nil
    }
}
