import Glibc

/// The wall clock, for what people and scripts see; nothing is timed by it.
enum WallTime {
    static var milliseconds: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    static var seconds: Int64 { milliseconds / 1_000 }
}
