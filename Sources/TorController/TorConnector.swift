import EventLoop

/// One way of getting at a tor: a search among control ports or SOCKS ports, or the wait for a child's control socket.
final class TorConnector: Cancellable {
    /// How long a child may take to open its control socket: slow disks and a cold start take a few seconds.
    static let childTimeout = Duration.seconds(30)
    /// How often a child's socket is tried: it is there after some 100 ms.
    private static let childInterval = Duration.milliseconds(25)

    private let loop: EventLoop
    private var current: (any Cancellable)?
    private var isCancelled = false

    /// Looks for a control port among `candidates`.
    init(
        candidates: [SocketAddress], password: SharedSecret?, loop: EventLoop,
        completion: @escaping (Result<TorDiscovery.Found, TorError>) -> Void
    ) {
        self.loop = loop
        current = TorDiscovery(candidates: candidates, password: password, loop: loop, completion: completion)
    }

    /// Waits until the control socket of a child answers.
    init(
        waitingFor endpoint: SocketAddress, loop: EventLoop,
        completion: @escaping (Result<TorDiscovery.Found, TorError>) -> Void
    ) {
        self.loop = loop
        tryChild(endpoint, until: loop.now + Self.childTimeout, completion)
    }

    /// Looks for a SOCKS port among `candidates`; gives nil when there is none.
    init(socksCandidates: [SocketAddress], loop: EventLoop, completion: @escaping (SocketAddress?) -> Void) {
        self.loop = loop
        trySocks(socksCandidates[...], completion)
    }

    func cancel() {
        isCancelled = true
        current?.cancel()
    }

    private func tryChild(
        _ endpoint: SocketAddress, until deadline: MonotonicTime,
        _ completion: @escaping (Result<TorDiscovery.Found, TorError>) -> Void
    ) {
        current = TorDiscovery(candidates: [endpoint], password: nil, loop: loop) { [weak self] result in
            guard let self, !self.isCancelled else { return }
            switch result {
            case .failure(.unreachable(.nothingListens)) where self.loop.now < deadline:
                self.current = self.loop.schedule(after: Self.childInterval) { [weak self] in
                    self?.tryChild(endpoint, until: deadline, completion)
                }
            case .failure(.unreachable(.nothingListens)):
                completion(.failure(.unreachable(.childFailed(.noControlSocket))))
            default: completion(result)
            }
        }
    }

    private func trySocks(_ candidates: ArraySlice<SocketAddress>, _ completion: @escaping (SocketAddress?) -> Void) {
        guard let endpoint = candidates.first else {
            current = loop.schedule(after: .zero) { completion(nil) }
            return
        }
        current = SocksProbe(endpoint: endpoint, loop: loop) { [weak self] isSocks in
            guard let self, !self.isCancelled else { return }
            if isSocks { completion(endpoint) } else { self.trySocks(candidates.dropFirst(), completion) }
        }
    }
}

/// Finds out whether a SOCKS5 port that takes user names is at an endpoint: greets, reads the answer, and leaves.
private final class SocksProbe: ByteStreamHandler, Cancellable {
    /// How long a local port may take to answer.
    static let timeout = Duration.seconds(5)

    private var client: SOCKS5Client?
    private var connecting: (any Cancellable)?
    private var stream: SocketStream?
    private var deadline: TimerHandle?
    private var completion: ((Bool) -> Void)?

    init(endpoint: SocketAddress, loop: EventLoop, completion: @escaping (Bool) -> Void) {
        self.completion = completion
        client = try? SOCKS5Client(target: .init(host: "localhost", port: 1), isolation: "probe")
        deadline = loop.schedule(after: Self.timeout) { [self] in finish(false) }
        connecting = loop.connect(to: endpoint, timeout: Self.timeout) { [self] result in
            guard case .success(let stream) = result else { return finish(false) }
            self.stream = stream
            stream.handler = self
            if let greeting = client?.connected() { stream.write(greeting.span) }
        }
    }

    func cancel() {
        completion = nil
        finish(false)
    }

    func streamReceived(_ bytes: Span<UInt8>) {
        do {
            // The machine wants to send the user name as soon as it was accepted: that is answer enough.
            if let outputs = try client?.received(bytes), !outputs.isEmpty { finish(true) }
        } catch {
            finish(false)
        }
    }

    func streamDrained() {}

    func streamClosed(_ reason: StreamCloseReason) {
        finish(false)
    }

    private func finish(_ isSocks: Bool) {
        let completion = self.completion
        self.completion = nil
        deadline?.cancel()
        connecting?.cancel()
        stream?.close()
        stream = nil
        client = nil
        completion?(isSocks)
    }
}
