internal import EventLoop

extension EventLoop {
    /// The time that the sans-IO parts are given: monotonic, since a fixed origin.
    var time: Duration {
        now - MonotonicTime(nanoseconds: 0)
    }
}
