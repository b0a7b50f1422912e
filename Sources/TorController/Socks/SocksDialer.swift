package import EventLoop

/// Opens streams through tor's SOCKS port.
package enum SocksDialer {
    /// Dials `target` through the first of `endpoints`, SOCKS ports of one tor, that takes the stream: one may be closed to
    /// us by SocksPolicy, or to onion services by NoOnionTraffic. No two streams share a circuit.
    ///
    /// `completion` is called once, in a later turn, unless cancelled before. On success the stream is the socket itself, and
    /// nothing stands between it and its new owner, who must set its handler inside `completion`: what the peer has
    /// sent already is handed to that handler right after.
    @discardableResult
    package static func dial(
        _ target: SOCKS5Client.Target, via endpoints: [TorEndpoint], timeout: Duration,
        loop: EventLoop, completion: @escaping (Result<any ByteStream, TorError>) -> Void
    ) -> any Cancellable {
        SocksAttempt(
            target: target, endpoints: endpoints, timeout: timeout, loop: loop, completion: completion)
    }
}

/// One stream on its way through the SOCKS port.
private final class SocksAttempt: ByteStreamHandler, Cancellable {
    /// How long a stream must stay open after an extended error to count as connected: tor closes a failed one in the turn
    /// of its own loop that sends the reply.
    static let decisionTime = Duration.milliseconds(500)

    /// The reply of a port that may not be used for this target (RFC 1928, section 6).
    private static let notAllowed: UInt8 = 2

    private let makeClient: () -> SOCKS5Client?
    private let isOnion: Bool
    private var endpoints: ArraySlice<TorEndpoint>
    private var endpoint: TorEndpoint?
    /// Why the first of the ports could not be used.
    private var refusal: TorError?
    private var client: SOCKS5Client?
    private var hasHeardProxy = false
    private var undecided: (error: TorError, timer: TimerHandle)?
    private let loop: EventLoop
    private let timeout: Duration
    private var connecting: (any Cancellable)?
    private var stream: SocketStream?
    private var deadline: TimerHandle?
    private var completion: ((Result<any ByteStream, TorError>) -> Void)?

    init(
        target: SOCKS5Client.Target, endpoints: [TorEndpoint], timeout: Duration, loop: EventLoop,
        completion: @escaping (Result<any ByteStream, TorError>) -> Void
    ) {
        self.endpoints = endpoints[...]
        self.loop = loop
        self.timeout = timeout
        self.completion = completion
        isOnion = OnionAddress.isOnionName(target.host)
        makeClient = { try? SOCKS5Client(target: target) }
        deadline = loop.schedule(after: timeout) { [self] in finish(.failure(.connectionTimeout)) }
        loop.schedule(after: .zero) { [self] in tryNext() }
    }

    func cancel() {
        completion = nil
        finish(.failure(.connectionTimeout))
    }

    private func tryNext() {
        guard completion != nil else { return }
        guard let endpoint = endpoints.popFirst() else {
            return finish(.failure(refusal ?? .unreachable(.noSocksPort)))
        }
        guard let client = makeClient() else { return finish(.failure(.hostUnreachable)) }
        self.endpoint = endpoint
        self.client = client
        hasHeardProxy = false
        connecting = loop.connect(to: endpoint.address, timeout: timeout) { [self] result in
            switch result {
            case .success(let stream): connected(stream)
            case .failure(let error): refused(TorError(connectingTo: endpoint.address, error))
            }
        }
    }

    /// The port cannot be used; another one of the same tor may.
    private func refused(_ error: TorError) {
        if refusal == nil || error.isDistrust { refusal = error }
        stream?.close()
        stream = nil
        tryNext()
    }

    private func connected(_ stream: SocketStream) {
        self.stream = stream
        stream.handler = self
        if let greeting = client?.connected() { stream.write(greeting.span) }
    }

    func streamReceived(_ bytes: Span<UInt8>) {
        if !hasHeardProxy, let stream, let error = endpoint?.distrust(of: stream) { return refused(error) }
        hasHeardProxy = true
        if undecided != nil { return opened(bytes.indices.map { bytes[$0] }) }
        do throws(SOCKS5Client.Failure) {
            for output in try client?.received(bytes) ?? [] {
                switch output {
                case .send(let bytes): stream?.write(bytes.span)
                case .connected(let rest): opened(rest)
                case .undecided(let code, let rest):
                    guard rest.isEmpty else { return opened(rest) }
                    let timer = loop.schedule(after: Self.decisionTime) { [self] in opened([]) }
                    undecided = (TorError(socksReply: code, isOnion: isOnion), timer)
                }
            }
        } catch {
            switch error {
            case .reply(Self.notAllowed) where !endpoints.isEmpty: refused(.unreachable(.noSocksPort))
            case .reply(let code): finish(.failure(TorError(socksReply: code, isOnion: isOnion)))
            case .notSocks, .hostTooLong: refused(notSocks)
            }
        }
    }

    func streamDrained() {}

    func streamClosed(_ reason: StreamCloseReason) {
        if let undecided { return finish(.failure(undecided.error)) }
        if hasHeardProxy { finish(.failure(.unreachable(.connectionLost))) } else { refused(notSocks) }
    }

    private var notSocks: TorError {
        .unreachable(endpoint.map { .notSocksPort($0.address) } ?? .noSocksPort)
    }

    private func opened(_ rest: [UInt8]) {
        guard let stream else { return }
        self.stream = nil
        stream.handler = nil
        finish(.success(stream))
        if !rest.isEmpty { stream.handler?.streamReceived(rest.span) }
    }

    private func finish(_ result: Result<any ByteStream, TorError>) {
        let completion = self.completion
        self.completion = nil
        client = nil
        undecided?.timer.cancel()
        undecided = nil
        deadline?.cancel()
        deadline = nil
        connecting?.cancel()
        connecting = nil
        stream?.close()
        stream = nil
        completion?(result)
    }
}
