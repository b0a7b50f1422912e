/// When a writer is told that it was too fast: a stream whose pending bytes have been above `high` reports
/// `streamDrained` once they are down to `low`.
package struct WaterMarks: Sendable, Equatable {
    /// Enough for one frame of the largest size to be in hand while the kernel sends the one before.
    package static let standard = WaterMarks(low: 65536, high: 262144)

    /// Bytes.
    package var low: Int
    /// Bytes.
    package var high: Int

    /// Marks with `low` not above `high`.
    package init(low: Int, high: Int) {
        precondition(0 <= low && low <= high, "the low-water mark is above the high one")
        self.low = low
        self.high = high
    }
}
