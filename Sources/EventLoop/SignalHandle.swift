internal import CLibevent

/// A handler of a signal that was asked for with ``EventLoop/onSignal(_:_:)``.
///
/// The signal is unblocked for this thread: a process inherits the mask of whoever started it, and a program whose parent
/// had `SIGTERM` blocked could otherwise only be killed.
package final class SignalHandle: Cancellable, LoopKept {
    private let loop: EventLoop
    private var event: LibeventEvent?
    private var body: (() -> Void)?

    init(loop: EventLoop, signal: Int32, body: @escaping () -> Void) {
        self.loop = loop
        self.body = body
        event = unsafe LibeventEvent(loop, descriptor: signal, EV_SIGNAL | EV_PERSIST, owner: self) { _, _, context in
            let handle = unsafe owner(of: context, as: SignalHandle.self)
            handle?.body?()
        }
        event?.add()
        SystemCall.unblock(signal: signal)
        loop.keep(self)
    }

    package func cancel() {
        event = nil
        body = nil
        loop.letGo(self)
    }

    func loopEnded() { cancel() }
}
