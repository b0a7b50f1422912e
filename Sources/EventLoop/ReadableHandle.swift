internal import CLibevent

/// A watch over a descriptor that was asked for with ``EventLoop/watchReadable(_:_:)``.
package final class ReadableHandle: Cancellable, LoopKept {
    private let loop: EventLoop
    private var event: LibeventEvent?
    private var body: (() -> Void)?

    init(loop: EventLoop, descriptor: Int32, body: @escaping () -> Void) {
        self.loop = loop
        self.body = body
        // Asks epoll itself: no file type tells (`/dev/null` and a terminal are both character devices), and libevent
        // would print the refusal. A descriptor that is none is refused too, so that reading it shows the error.
        if loop_can_wait_for(descriptor) != 0 {
            event = unsafe LibeventEvent(loop, descriptor: descriptor, EV_READ | EV_PERSIST, owner: self) {
                _, _, context in
                let handle = unsafe owner(of: context, as: ReadableHandle.self)
                handle?.body?()
            }
            event?.add()
        } else {
            callEachTurn()
        }
        loop.keep(self)
    }

    package func cancel() {
        event = nil
        body = nil
        loop.letGo(self)
    }

    func loopEnded() { cancel() }

    private func callEachTurn() {
        loop.atNextTurn { [self] in
            guard let body else { return }
            body()
            if self.body != nil { callEachTurn() }
        }
    }
}
