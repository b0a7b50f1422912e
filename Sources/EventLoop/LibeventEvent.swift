internal import CLibevent
import Glibc

/// One `struct event` of libevent; freed, and with that taken off its loop, at the end of its life.
///
/// The owner is handed to the callback unretained, so it must own this value and outlive it.
@safe struct LibeventEvent: ~Copyable {
    private let event: OpaquePointer

    /// Nil when there is no memory, or when the base refuses (a descriptor that is none).
    init?(
        _ loop: EventLoop, descriptor: Int32 = -1, _ kinds: Int32, owner: AnyObject,
        callback: @convention(c) (Int32, Int16, UnsafeMutableRawPointer?) -> Void
    ) {
        let context = unsafe Unmanaged.passUnretained(owner).toOpaque()
        guard
            let event = unsafe event_new(loop.base, descriptor, Int16(truncatingIfNeeded: kinds), callback, context)
        else { return nil }
        unsafe self.event = event
    }

    deinit {
        unsafe event_free(event)
    }

    /// Starts to wait; false when the system refuses the descriptor.
    @discardableResult
    func add() -> Bool {
        unsafe event_add(event, nil) == 0
    }

    /// Starts to wait for `nanoseconds` to pass.
    func add(afterNanoseconds nanoseconds: Int64) {
        // Rounded up: a timer must not be early.
        let microseconds = (nanoseconds / 1000) + (nanoseconds % 1000 > 0 ? 1 : 0)
        var time = timeval(tv_sec: Int(microseconds / 1_000_000), tv_usec: Int(microseconds % 1_000_000))
        _ = unsafe event_add(event, &time)
    }

    /// Stops waiting.
    func remove() {
        _ = unsafe event_del(event)
    }
}

/// The owner that was given to a ``LibeventEvent``, kept alive by the caller's variable while the callback runs.
func owner<T: AnyObject>(of context: UnsafeMutableRawPointer?, as type: T.Type) -> T? {
    guard let context = unsafe context else { return nil }
    return unsafe Unmanaged<T>.fromOpaque(context).takeUnretainedValue()
}
