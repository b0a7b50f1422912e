internal import CLibevent

/// A timer that was asked for with ``EventLoop/schedule(after:_:)``.
package final class TimerHandle: Cancellable, LoopKept {
    /// The longest single wait. libevent's clock stands still while the machine sleeps; a longer timer is waited for in
    /// pieces, so that after waking it is late by this much at most.
    static let longestWait: Int64 = 60_000_000_000

    private let loop: EventLoop
    package let deadline: MonotonicTime
    private var event: LibeventEvent?
    private var body: (() -> Void)?

    init(loop: EventLoop, after: Duration, body: @escaping () -> Void) {
        self.loop = loop
        self.body = body
        deadline = loop.now + after
        if let time = loop.madeUpTime {
            time.add(self)
            loop.keep(self)
            return
        }
        event = unsafe LibeventEvent(loop, 0, owner: self) { _, _, context in
            unsafe owner(of: context, as: TimerHandle.self)?.waited()
        }
        loop.keep(self)
        wait()
    }

    package func cancel() {
        event = nil
        body = nil
        loop.letGo(self)
        loop.madeUpTime?.remove(self)
    }

    func loopEnded() { cancel() }

    /// Made-up time has come to the deadline.
    func fire() {
        guard let body else { return }
        cancel()
        body()
    }

    private func wait() {
        event?.add(afterNanoseconds: min(max(0, (deadline - loop.now).clampedNanoseconds), Self.longestWait))
    }

    private func waited() {
        // libevent's clock is a coarse one, up to a tick behind.
        guard loop.now >= deadline else { return wait() }
        let body = self.body
        cancel()
        body?()
    }
}
