import EventLoop
import Sodium

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
        candidates: [TorEndpoint], password: SharedSecret?, loop: EventLoop,
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

    /// Looks for a SOCKS port among `candidates`, of which there must be one. The error is that of one that is not believed,
    /// or else of the last.
    init(
        socksCandidates: [TorEndpoint], loop: EventLoop, completion: @escaping (Result<TorEndpoint, TorError>) -> Void
    ) {
        precondition(!socksCandidates.isEmpty, "nothing to try")
        self.loop = loop
        trySocks(socksCandidates[...], nil, completion)
    }

    func cancel() {
        isCancelled = true
        current?.cancel()
    }

    private func tryChild(
        _ endpoint: SocketAddress, until deadline: MonotonicTime,
        _ completion: @escaping (Result<TorDiscovery.Found, TorError>) -> Void
    ) {
        current = TorDiscovery(candidates: [TorEndpoint(endpoint, .named)], password: nil, loop: loop) {
            [weak self] result in
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

    private func trySocks(
        _ candidates: ArraySlice<TorEndpoint>, _ error: TorError?,
        _ completion: @escaping (Result<TorEndpoint, TorError>) -> Void
    ) {
        guard let endpoint = candidates.first else {
            return completion(.failure(error ?? .unreachable(.connectionLost)))
        }
        current = SocksProbe(endpoint: endpoint, loop: loop) { [weak self] failure in
            guard let self, !self.isCancelled else { return }
            guard let failure else { return completion(.success(endpoint)) }
            self.trySocks(candidates.dropFirst(), error?.isDistrust == true ? error : failure, completion)
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
    private let endpoint: TorEndpoint
    private var completion: ((TorError?) -> Void)?

    /// `completion` gets nil when there is such a port.
    init(endpoint: TorEndpoint, loop: EventLoop, completion: @escaping (TorError?) -> Void) {
        self.endpoint = endpoint
        self.completion = completion
        client = try? SOCKS5Client(target: .init(host: "localhost", port: 1))
        deadline = loop.schedule(after: Self.timeout) { [self] in finish(notSocks) }
        connecting = loop.connect(to: endpoint.address, timeout: Self.timeout) { [self] result in
            switch result {
            case .success(let stream):
                self.stream = stream
                stream.handler = self
                if let greeting = client?.connected() { stream.write(greeting.span) }
            case .failure(let error): finish(TorError(connectingTo: endpoint.address, error))
            }
        }
    }

    func cancel() {
        completion = nil
        finish(notSocks)
    }

    private var notSocks: TorError { .unreachable(.notSocksPort(endpoint.address)) }

    func streamReceived(_ bytes: Span<UInt8>) {
        if let stream, let error = endpoint.distrust(of: stream) { return finish(error) }
        do {
            // The machine wants to send the user name as soon as it was accepted: that is answer enough.
            if let outputs = try client?.received(bytes), !outputs.isEmpty { finish(nil) }
        } catch {
            finish(notSocks)
        }
    }

    func streamDrained() {}

    func streamClosed(_ reason: StreamCloseReason) {
        finish(notSocks)
    }

    private func finish(_ error: TorError?) {
        let completion = self.completion
        self.completion = nil
        deadline?.cancel()
        connecting?.cancel()
        stream?.close()
        stream = nil
        client = nil
        completion?(error)
    }
}
