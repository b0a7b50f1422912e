internal import CLibevent
import Glibc

/// The clocks of the machine, by what they do while it sleeps.
package enum SystemClock: Sendable {
    /// Stands still while the machine sleeps.
    case awake
    /// Goes on while it sleeps; what ``MonotonicTime`` is read from.
    case elapsed
    /// The time of day since 1970, UTC, which can be set.
    case wall

    /// The time since the clock's origin.
    package var now: Duration {
        let clock =
            switch self {
            case .awake: CLOCK_MONOTONIC
            case .elapsed: CLOCK_BOOTTIME
            case .wall: CLOCK_REALTIME
            }
        var time = timespec()
        _ = unsafe clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
