internal import CLibevent
import Glibc

/// One thread's loop over sockets, timers and signals, on libevent.
///
/// Everything of the loop belongs to the thread that calls ``run()``; the only way in from another thread is the result
/// of ``offload(_:then:)``. A turn of the loop is: wait until something is ready, call back for all of that, then run
/// what was asked for with ``atEndOfTurn(_:)``.
@safe package final class EventLoop {
    /// How many bytes one read takes at most: the size of the scratch buffer that all streams share.
    static let scratchByteCount = 65536

    let base: OpaquePointer
    let scratch: UnsafeMutableBufferPointer<UInt8>
    private var isRunning = false
    private var isStopped = false
    private var hasEnded = false
    private var cachedNow: MonotonicTime?
    /// In place of the clock, in tests.
    package private(set) var madeUpTime: (any MadeUpTime)?
    private var nextTurnBodies: [() -> Void] = []
    private var endOfTurnBodies: [() -> Void] = []
    private var kept: [ObjectIdentifier: any LoopKept] = [:]
    private var offloader: Offloader?
    /// For work that goes on for long; made when there is some.
    private var backgroundOffloader: Offloader?

    /// A loop on which nothing waits yet. `SIGPIPE` is ignored in the whole process from here on: a write to a socket
    /// whose peer is gone must be an error of that socket.
    package init() throws(EventLoopError) {
        signal(SIGPIPE, SIG_IGN)
        guard let configuration = unsafe event_config_new() else { throw .unavailable }
        defer { unsafe event_config_free(configuration) }
        let flags = EVENT_BASE_FLAG_NOLOCK.rawValue | EVENT_BASE_FLAG_IGNORE_ENV.rawValue
        unsafe event_config_set_flag(configuration, Int32(flags))
        guard let base = unsafe event_base_new_with_config(configuration) else { throw .unavailable }
        unsafe self.base = base
        unsafe scratch = .allocate(capacity: Self.scratchByteCount)
        offloader = Offloader(loop: self)
        if offloader == nil { throw .unavailable }
    }

    /// A loop whose time is made up: sockets, signals and offloaded work are never served.
    package convenience init(in time: any MadeUpTime) throws(EventLoopError) {
        try self.init()
        madeUpTime = time
    }

    deinit {
        // Their events must go before the base.
        offloader = nil
        backgroundOffloader = nil
        unsafe event_base_free(base)
        unsafe scratch.deallocate()
    }

    /// The time at which this turn began to be handled; the clock is read once a turn, and only when asked for.
    package var now: MonotonicTime {
        if let madeUpTime { return madeUpTime.now }
        if let cachedNow { return cachedNow }
        let time = MonotonicTime(nanoseconds: SystemCall.monotonicNanoseconds())
        if isRunning { cachedNow = time }
        return time
    }

    /// Runs until ``stop()``, also when there is nothing to wait for. On return all timers, watches, attempts to connect
    /// and results of ``offload(_:then:)`` are cancelled; a loop runs once only.
    package func run() {
        precondition(!isRunning && !hasEnded, "a loop runs once")
        isRunning = true
        while !isStopped {
            cachedNow = nil
            if let madeUpTime {
                turn(in: madeUpTime)
                continue
            }
            let hasWork = !nextTurnBodies.isEmpty || !endOfTurnBodies.isEmpty
            let flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY | (hasWork ? EVLOOP_NONBLOCK : 0)
            let code = unsafe event_base_loop(base, flags)
            precondition(code >= 0, "libevent cannot wait")
            if !isStopped { runNextTurnBodies() }
            for body in take(&endOfTurnBodies) { body() }
        }
        isRunning = false
        hasEnded = true
        cancelAll()
    }

    private func turn(in time: any MadeUpTime) {
        let hasWork = !nextTurnBodies.isEmpty || !endOfTurnBodies.isEmpty
        guard let due = time.beginTurn(hasWork: hasWork) else {
            isStopped = true
            return
        }
        for timer in due where !isStopped { timer.fire() }
        if !isStopped { runNextTurnBodies() }
        for body in take(&endOfTurnBodies) { body() }
    }

    /// Makes ``run()`` return when the callback that calls this is over. What was asked for at the end of the turn still
    /// runs, so that output gathered there gets written; nothing else does.
    package func stop() {
        isStopped = true
        unsafe event_base_loopbreak(base)
    }

    /// Calls `body` once, when all callbacks of what is ready in this turn have run. What a body asks for while the
    /// bodies of a turn run comes at the end of the next turn, which begins without waiting.
    package func atEndOfTurn(_ body: @escaping () -> Void) {
        if hasEnded { return }
        endOfTurnBodies.append(body)
    }

    /// Calls `body` in the next turn (in this one when its callbacks are not over), which begins without waiting.
    package func atNextTurn(_ body: @escaping () -> Void) {
        if hasEnded { return }
        nextTurnBodies.append(body)
    }

    /// Calls `body` once, not before `after` has passed on the clock of ``now``. Dropping the handle does not cancel.
    @discardableResult
    package func schedule(after: Duration, _ body: @escaping () -> Void) -> TimerHandle {
        TimerHandle(loop: self, after: after, body: body)
    }

    /// Calls `body` on the loop each time the process receives `signal`, until cancelled. libevent serves the signals of
    /// one loop of a process only. Dropping the handle does not cancel.
    @discardableResult
    package func onSignal(_ signal: Int32, _ body: @escaping () -> Void) -> SignalHandle {
        SignalHandle(loop: self, signal: signal, body: body)
    }

    /// Calls `body` in each turn in which `descriptor` can be read, has ended, or has failed, until cancelled. Any kind of
    /// descriptor will do; one that cannot be waited for (a regular file, `/dev/null`) counts as always readable. The
    /// descriptor stays the caller's: cancel first, then close. Dropping the handle does not cancel.
    @discardableResult
    package func watchReadable(_ descriptor: Int32, _ body: @escaping () -> Void) -> ReadableHandle {
        ReadableHandle(loop: self, descriptor: descriptor, body: body)
    }

    /// Runs `work` on another thread and hands its result to `then` on the loop. At most
    /// ``Offloader/maximumThreadCount`` run at once, the others wait in order. `then` is never called once the loop has
    /// been stopped; `work` under way is then left to end by itself.
    package func offload<T: Sendable>(_ work: @escaping @Sendable () -> T, then: @escaping (T) -> Void) {
        offloader?.run(within: nil, work) { value in
            if let value { then(value) }
        }
    }

    /// As ``offload(_:then:)``, but `then` gets nil when the work is not done within `limit` (a disk hangs): the work is left
    /// to end by itself, what it gives is dropped, and no other work waits for it.
    package func offload<T: Sendable>(
        within limit: Duration, _ work: @escaping @Sendable () -> T, then: @escaping (T?) -> Void
    ) {
        offloader?.run(within: limit, work, then: then)
    }

    /// As ``offload(within:_:then:)``, for work of which there is much, as with files: on threads of its own, which give way to
    /// the loop's where there are too few processors for both.
    package func offloadInBackground<T: Sendable>(
        within limit: Duration, _ work: @escaping @Sendable () -> T, then: @escaping (T?) -> Void
    ) {
        if backgroundOffloader == nil, !hasStopped { backgroundOffloader = Offloader(loop: self, isInBackground: true) }
        (backgroundOffloader ?? offloader)?.run(within: limit, work, then: then)
    }

    /// Whether ``stop()`` has been called.
    var hasStopped: Bool { isStopped }

    /// Keeps `object` alive until it is let go, or the loop ends.
    func keep(_ object: any LoopKept) {
        if hasEnded { return object.loopEnded() }
        kept[ObjectIdentifier(object)] = object
    }

    func letGo(_ object: any LoopKept) {
        kept[ObjectIdentifier(object)] = nil
    }

    private func runNextTurnBodies() {
        for body in take(&nextTurnBodies) {
            body()
            if isStopped { return }
        }
    }

    private func take(_ bodies: inout [() -> Void]) -> [() -> Void] {
        var taken: [() -> Void] = []
        swap(&taken, &bodies)
        return taken
    }

    private func cancelAll() {
        offloader?.stop()
        offloader = nil
        backgroundOffloader?.stop()
        backgroundOffloader = nil
        while let (_, object) = kept.first {
            object.loopEnded()
            letGo(object)
        }
        nextTurnBodies = []
        endOfTurnBodies = []
    }
}

/// Something that lives on without an owner until it is over or its loop ends.
protocol LoopKept: AnyObject {
    /// The loop has ended: no callback may follow.
    func loopEnded()
}
