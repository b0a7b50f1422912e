internal import CLibevent
import Glibc

extension EventLoop {
    /// Connects to a numeric IP address or a Unix socket without blocking. `completion` is called once, in a later turn,
    /// unless cancelled before; dropping the result does not cancel.
    @discardableResult
    package func connect(
        to address: SocketAddress, timeout: Duration,
        completion: @escaping (Result<SocketStream, ConnectError>) -> Void
    ) -> any Cancellable {
        ConnectAttempt(loop: self, address: address, timeout: timeout, completion: completion)
    }
}

/// One socket on its way to being connected.
private final class ConnectAttempt: Cancellable, LoopKept {
    /// How long to wait before asking again a Unix socket whose queue is full: the kernel does not tell when there is
    /// room again.
    static let retryInterval = Duration.milliseconds(20)

    private let loop: EventLoop
    private var descriptor: Int32 = -1
    private var event: LibeventEvent?
    private var deadline: TimerHandle?
    private var retry: TimerHandle?
    private var completion: ((Result<SocketStream, ConnectError>) -> Void)?

    init(
        loop: EventLoop, address: SocketAddress, timeout: Duration,
        completion: @escaping (Result<SocketStream, ConnectError>) -> Void
    ) {
        self.loop = loop
        self.completion = completion
        loop.keep(self)
        deadline = loop.schedule(after: timeout) { [self] in finish(.failure(.timedOut)) }
        loop.atNextTurn { [self] in start(address) }
    }

    func cancel() {
        completion = nil
        finish(.failure(.timedOut))
    }

    func loopEnded() { cancel() }

    private func start(_ address: SocketAddress) {
        guard completion != nil else { return }
        do {
            let raw = try RawSocketAddress(address)
            descriptor = SystemCall.streamSocket(family: raw.family)
            guard descriptor >= 0 else { return finish(.failure(ConnectError(-descriptor))) }
            connect(raw)
        } catch {
            finish(.failure(.invalidAddress))
        }
    }

    private func connect(_ address: RawSocketAddress) {
        switch SystemCall.connect(descriptor, address) {
        case 0:
            succeed()
        case -EINPROGRESS:
            event = unsafe LibeventEvent(loop, descriptor: descriptor, EV_WRITE, owner: self) { _, _, context in
                unsafe owner(of: context, as: ConnectAttempt.self)?.becameWritable()
            }
            event?.add()
        case -EAGAIN where address.family == AF_UNIX:
            retry = loop.schedule(after: Self.retryInterval) { [self] in connect(address) }
        case let code:
            finish(.failure(ConnectError(-code)))
        }
    }

    private func becameWritable() {
        let code = SystemCall.pendingError(descriptor)
        if code == 0 { succeed() } else { finish(.failure(ConnectError(code))) }
    }

    private func succeed() {
        event = nil
        let stream = SocketStream(connected: descriptor, loop: loop)
        descriptor = -1
        finish(.success(stream))
    }

    private func finish(_ result: Result<SocketStream, ConnectError>) {
        let completion = self.completion
        self.completion = nil
        event = nil
        deadline?.cancel()
        retry?.cancel()
        if descriptor >= 0 { SystemCall.close(descriptor) }
        descriptor = -1
        loop.letGo(self)
        completion?(result)
    }
}
