package import EventLoop

/// Opens streams through tor's SOCKS port.
package enum SocksDialer {
    /// Dials `target` through the SOCKS port at `endpoint`. `isolation`, 1 to 255 bytes, keeps streams of different rooms
    /// on different circuits; `optimisticData` is sent behind the request without waiting for its reply.
    ///
    /// `completion` is called once, in a later turn, unless cancelled before. On success the stream is the socket itself, and
    /// nothing stands between it and its new owner, who must set its handler inside `completion`: what the peer has
    /// sent already is handed to that handler right after.
    @discardableResult
    package static func dial(
        _ target: SOCKS5Client.Target, via endpoint: SocketAddress, isolation: String, optimisticData: [UInt8] = [],
        timeout: Duration, loop: EventLoop, completion: @escaping (Result<any ByteStream, TorError>) -> Void
    ) -> any Cancellable {
        SocksAttempt(
            target: target, endpoint: endpoint, isolation: isolation, optimisticData: optimisticData,
            timeout: timeout, loop: loop, completion: completion)
    }
}

/// One stream on its way through the SOCKS port.
private final class SocksAttempt: ByteStreamHandler, Cancellable {
    /// How long a stream must stay open after an extended error to count as connected: tor closes a failed one in the turn
    /// of its own loop that sends the reply.
    static let decisionTime = Duration.milliseconds(500)

    private let endpoint: SocketAddress
    private let isOnion: Bool
    private var client: SOCKS5Client?
    private var hasHeardProxy = false
    private var undecided: (error: TorError, timer: TimerHandle)?
    private let loop: EventLoop
    private var connecting: (any Cancellable)?
    private var stream: SocketStream?
    private var deadline: TimerHandle?
    private var completion: ((Result<any ByteStream, TorError>) -> Void)?

    init(
        target: SOCKS5Client.Target, endpoint: SocketAddress, isolation: String, optimisticData: [UInt8],
        timeout: Duration, loop: EventLoop, completion: @escaping (Result<any ByteStream, TorError>) -> Void
    ) {
        self.endpoint = endpoint
        self.loop = loop
        self.completion = completion
        isOnion = target.host.lowercased().hasSuffix(".onion")
        client = try? SOCKS5Client(target: target, isolation: isolation, optimisticData: optimisticData)
        deadline = loop.schedule(after: timeout) { [self] in finish(.failure(.connectionTimeout)) }
        guard client != nil else {
            deadline?.cancel()
            deadline = loop.schedule(after: .zero) { [self] in finish(.failure(.hostUnreachable)) }
            return
        }
        connecting = loop.connect(to: endpoint, timeout: timeout) { [self] result in
            switch result {
            case .success(let stream): connected(stream)
            case .failure(let error): finish(.failure(TorError(connectingTo: endpoint, error)))
            }
        }
    }

    func cancel() {
        completion = nil
        finish(.failure(.connectionTimeout))
    }

    private func connected(_ stream: SocketStream) {
        self.stream = stream
        stream.handler = self
        if let greeting = client?.connected() { stream.write(greeting.span) }
    }

    func streamReceived(_ bytes: Span<UInt8>) {
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
            case .reply(let code): finish(.failure(TorError(socksReply: code, isOnion: isOnion)))
            case .notSocks, .hostTooLong: finish(.failure(.unreachable(.notSocksPort(endpoint))))
            }
        }
    }

    func streamDrained() {}

    func streamClosed(_ reason: StreamCloseReason) {
        if let undecided { return finish(.failure(undecided.error)) }
        finish(.failure(.unreachable(hasHeardProxy ? .connectionLost : .notSocksPort(endpoint))))
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
