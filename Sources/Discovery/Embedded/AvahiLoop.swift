#if LAN
internal import CAvahi
internal import EventLoop
import Glibc

/// What Avahi asks of an event loop (avahi-common/watch.h), done by ours. It must outlive the server that uses it.
@safe final class AvahiLoop {
    fileprivate let loop: EventLoop
    private let hearsAnswers: Bool
    let api: UnsafeMutablePointer<AvahiPoll>

    /// - Parameter hearsAnswers: whether the server gets what others answer, and not their questions only.
    init(_ loop: EventLoop, hearsAnswers: Bool) {
        self.loop = loop
        self.hearsAnswers = hearsAnswers
        unsafe api = .allocate(capacity: 1)
        unsafe api.initialize(to: AvahiPoll())
        unsafe api.pointee.userdata = Unmanaged.passUnretained(self).toOpaque()
        unsafe api.pointee.watch_new = { api, descriptor, events, callback, userdata in
            guard let own = unsafe AvahiLoop.of(api), let callback = unsafe callback else { return nil }
            let loop = own.loop
            if !own.hearsAnswers { AvahiLoop.dropAnswers(at: descriptor) }
            let watch = unsafe AvahiWatch(loop, descriptor: descriptor, callback: callback, userdata: userdata)
            watch.update(events)
            return unsafe OpaquePointer(Unmanaged.passRetained(watch).toOpaque())
        }
        unsafe api.pointee.watch_update = { watch, events in
            unsafe object(watch, as: AvahiWatch.self)?.update(events)
        }
        unsafe api.pointee.watch_get_events = { watch in
            unsafe object(watch, as: AvahiWatch.self)?.happened ?? AvahiWatchEvent(0)
        }
        unsafe api.pointee.watch_free = { watch in
            unsafe object(watch, as: AvahiWatch.self)?.update(AvahiWatchEvent(0))
            unsafe release(watch, as: AvahiWatch.self)
        }
        unsafe api.pointee.timeout_new = { api, time, callback, userdata in
            guard let loop = unsafe AvahiLoop.of(api)?.loop, let callback = unsafe callback else { return nil }
            let timeout = unsafe AvahiTimeout(loop, callback: callback, userdata: userdata)
            unsafe timeout.update(time)
            return unsafe OpaquePointer(Unmanaged.passRetained(timeout).toOpaque())
        }
        unsafe api.pointee.timeout_update = { timeout, time in
            unsafe object(timeout, as: AvahiTimeout.self)?.update(time)
        }
        unsafe api.pointee.timeout_free = { timeout in
            unsafe object(timeout, as: AvahiTimeout.self)?.update(nil)
            unsafe release(timeout, as: AvahiTimeout.self)
        }
    }

    deinit {
        unsafe api.deinitialize(count: 1)
        unsafe api.deallocate()
    }

    fileprivate static func of(_ api: UnsafePointer<AvahiPoll>?) -> AvahiLoop? {
        guard let userdata = unsafe api?.pointee.userdata else { return nil }
        return unsafe Unmanaged<AvahiLoop>.fromOpaque(userdata).takeUnretainedValue()
    }

    /// Lets the kernel drop what is an answer (RFC 1035, 4.1.1), before a socket for packets gets it.
    private static func dropAnswers(at descriptor: Int32) {
        var type: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) == 0,
            type == Int32(SOCK_DGRAM.rawValue)
        else { return }
        let flags = UInt32(8 + 2)
        var steps = [
            sock_filter(code: UInt16(BPF_LD | BPF_B | BPF_ABS), jt: 0, jf: 0, k: flags),
            sock_filter(code: UInt16(BPF_JMP | BPF_JSET | BPF_K), jt: 1, jf: 0, k: 0x80),
            sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: .max),
            sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 0),
        ]
        unsafe steps.withUnsafeMutableBufferPointer { steps in
            var program = unsafe sock_fprog(len: UInt16(steps.count), filter: steps.baseAddress)
            _ = unsafe setsockopt(
                descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, socklen_t(MemoryLayout<sock_fprog>.size))
        }
    }
}

/// A descriptor that Avahi waits for. It only ever waits until there is something to read.
@safe private final class AvahiWatch {
    private let loop: EventLoop
    private let descriptor: Int32
    private let callback: AvahiWatchCallback
    private let userdata: UnsafeMutableRawPointer?
    private var handle: ReadableHandle?
    private(set) var happened = AvahiWatchEvent(0)

    init(
        _ loop: EventLoop, descriptor: Int32, callback: @escaping AvahiWatchCallback, userdata: UnsafeMutableRawPointer?
    ) {
        self.loop = loop
        self.descriptor = descriptor
        unsafe self.callback = callback
        unsafe self.userdata = userdata
    }

    func update(_ events: AvahiWatchEvent) {
        let isWanted = events.rawValue & AVAHI_WATCH_IN.rawValue != 0
        if !isWanted {
            handle?.cancel()
            handle = nil
        } else if handle == nil {
            handle = loop.watchReadable(descriptor) { [self] in
                happened = AVAHI_WATCH_IN
                unsafe callback(
                    OpaquePointer(Unmanaged.passUnretained(self).toOpaque()), descriptor, happened, userdata)
            }
        }
    }
}

/// A time that Avahi waits for.
@safe private final class AvahiTimeout {
    private let loop: EventLoop
    private let callback: AvahiTimeoutCallback
    private let userdata: UnsafeMutableRawPointer?
    private var timer: TimerHandle?

    init(_ loop: EventLoop, callback: @escaping AvahiTimeoutCallback, userdata: UnsafeMutableRawPointer?) {
        self.loop = loop
        unsafe self.callback = callback
        unsafe self.userdata = userdata
    }

    /// - Parameter time: on the wall clock, as all of Avahi's; nil for never.
    func update(_ time: UnsafePointer<timeval>?) {
        timer?.cancel()
        timer = nil
        guard let time = unsafe time else { return }
        var now = timeval()
        unsafe gettimeofday(&now, nil)
        let seconds = unsafe Int64(time.pointee.tv_sec) - Int64(now.tv_sec)
        let microseconds = unsafe Int64(time.pointee.tv_usec) - Int64(now.tv_usec)
        let pause = max(.zero, Duration.seconds(seconds) + .microseconds(microseconds))
        timer = loop.schedule(after: pause) { [self] in
            timer = nil
            unsafe callback(OpaquePointer(Unmanaged.passUnretained(self).toOpaque()), userdata)
        }
    }
}

private func object<T: AnyObject>(_ pointer: OpaquePointer?, as type: T.Type) -> T? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe Unmanaged<T>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
}

private func release<T: AnyObject>(_ pointer: OpaquePointer?, as type: T.Type) {
    guard let pointer = unsafe pointer else { return }
    unsafe Unmanaged<T>.fromOpaque(UnsafeRawPointer(pointer)).release()
}
#endif
