/// A point on the clock that never goes back, in nanoseconds since the machine started.
///
/// The clock is `CLOCK_BOOTTIME`: unlike `CLOCK_MONOTONIC` it goes on while a laptop sleeps, so that a room whose time
/// has run out during the sleep, or a peer that has been silent for an hour, is seen as such on waking.
package struct MonotonicTime: Comparable, Hashable, Sendable {
    /// Nanoseconds since the machine started.
    package var nanoseconds: UInt64

    /// The time `nanoseconds` after the machine started.
    package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    package static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The time `duration` later (earlier when negative), at least: a part of a nanosecond is a whole one. Stops at both ends of
    /// the range.
    package static func + (time: MonotonicTime, duration: Duration) -> MonotonicTime {
        let delta = duration.clampedNanoseconds
        let (sum, overflow) =
            delta < 0
            ? time.nanoseconds.subtractingReportingOverflow(delta.magnitude)
            : time.nanoseconds.addingReportingOverflow(delta.magnitude)
        return MonotonicTime(nanoseconds: overflow ? (delta < 0 ? 0 : .max) : sum)
    }

    /// The time `duration` earlier; stops at both ends of the range.
    package static func - (time: MonotonicTime, duration: Duration) -> MonotonicTime {
        time + .nanoseconds(-max(duration.clampedNanoseconds, -Int64.max))
    }

    /// How much later `left` is than `right`; negative when it is earlier.
    package static func - (left: MonotonicTime, right: MonotonicTime) -> Duration {
        left < right
            ? .zero - .nanoseconds(Int64(clamping: right.nanoseconds - left.nanoseconds))
            : .nanoseconds(Int64(clamping: left.nanoseconds - right.nanoseconds))
    }

    /// Moves `time` by `duration`.
    package static func += (time: inout MonotonicTime, duration: Duration) {
        time = time + duration
    }
}

extension Duration {
    /// Whole nanoseconds, rounded up, limited to what an `Int64` holds (292 years).
    var clampedNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflow2) = product.addingReportingOverflow(
            attoseconds / 1_000_000_000 + (attoseconds % 1_000_000_000 > 0 ? 1 : 0))
        if overflow || overflow2 { return seconds < 0 ? .min : .max }
        return sum
    }
}
