package import EventLoop
import Sodium

/// A control connection to a tor: a ``ControlSession`` over a stream, with its deadlines.
package final class ControlConnection: ByteStreamHandler {
    /// How long authentication may take in all: it is local and takes milliseconds, unless the machine is very busy.
    static let authenticationTimeout = Duration.seconds(20)
    /// How long a reply may take: all commands used here are answered at once unless tor is stopped or swapped out.
    static let replyTimeout = Duration.seconds(30)

    /// Called for each event once authenticated.
    var onEvent: ((ControlEvent) -> Void)?
    /// Called once when the connection ends by itself after authentication, after all commands have failed.
    var onClosed: ((TorError) -> Void)?

    private let loop: EventLoop
    private let stream: SocketStream
    private let endpoint: TorEndpoint
    private var isBelieved = false
    private var session: ControlSession
    private var completions: [ControlSession.CommandID: (Result<ControlReply, TorError>) -> Void] = [:]
    private var authenticated: ((Result<ProtocolInfo, TorError>) -> Void)?
    private var timer: TimerHandle?
    private var isClosed = false

    /// Begins to authenticate over a connected `stream`, as soon as what is at its other end is believed; `completion` is
    /// called once, unless closed before.
    init(
        stream: SocketStream, endpoint: TorEndpoint, password: SharedSecret?, loop: EventLoop,
        completion: @escaping (Result<ProtocolInfo, TorError>) -> Void
    ) {
        self.loop = loop
        self.stream = stream
        self.endpoint = endpoint
        session = ControlSession(
            endpoint: endpoint, password: password, clientNonce: Random.bytes(SafeCookie.byteCount))
        authenticated = completion
        stream.handler = self
        timer = loop.schedule(after: Self.authenticationTimeout) { [weak self] in
            self?.fail(.unreachable(.noAnswer(endpoint.address)))
        }
        perform(session.connected())
    }

    /// Sends a command; `completion` is called with its reply of whatever status, with
    /// ``UnreachableCause/answerTooLong`` in place of one that is too long, or when the connection ends.
    func send(_ command: ControlCommand, completion: @escaping (Result<ControlReply, TorError>) -> Void) {
        guard !isClosed, session.isOpen else { return completion(.failure(.unreachable(.connectionLost))) }
        let (id, outputs) = session.send(command)
        completions[id] = completion
        if timer == nil { armReplyTimer() }
        perform(outputs)
    }

    /// Closes at once; nothing is called any more.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        timer?.cancel()
        timer = nil
        completions = [:]
        authenticated = nil
        onEvent = nil
        onClosed = nil
        stream.close()
    }

    package func streamReceived(_ bytes: Span<UInt8>) {
        if !isBelieved {
            if let error = endpoint.distrust(of: stream) { return fail(error) }
            isBelieved = true
        }
        perform(session.received(bytes))
    }

    package func streamDrained() {}

    package func streamClosed(_ reason: StreamCloseReason) {
        // A tor closes after a refusal, which has been read by then; what closes without a word is no tor.
        fail(.unreachable(authenticated == nil ? .connectionLost : .notControlPort(endpoint.address)))
    }

    private func perform(_ outputs: [ControlSession.Output]) {
        for output in outputs where !isClosed {
            switch output {
            case .send(let bytes): stream.write(bytes.span)
            case .sendSecret(let line): line.bytes.withBytes { stream.write($0) }
            case .readCookie(let path):
                perform(session.cookieRead(CookieFile.read(path: path, source: endpoint.source)))
            case .authenticated(let info):
                timer?.cancel()
                timer = nil
                let completion = authenticated
                authenticated = nil
                completion?(.success(info))
            case .reply(let id, let reply): answered(id, .success(reply))
            case .replyTooLong(let id): answered(id, .failure(.unreachable(.answerTooLong)))
            case .event(let event): onEvent?(event)
            case .fail(let error): fail(error)
            }
        }
    }

    private func answered(_ id: ControlSession.CommandID, _ result: Result<ControlReply, TorError>) {
        timer?.cancel()
        timer = nil
        if session.isWaiting { armReplyTimer() }
        completions.removeValue(forKey: id)?(result)
    }

    private func armReplyTimer() {
        timer = loop.schedule(after: Self.replyTimeout) { [weak self] in self?.fail(.unreachable(.connectionLost)) }
    }

    private func fail(_ error: TorError) {
        guard !isClosed else { return }
        let completions = self.completions.sorted { $0.key.value < $1.key.value }
        let (authenticated, onClosed) = (self.authenticated, self.onClosed)
        close()
        for (_, completion) in completions { completion(.failure(error)) }
        if let authenticated { authenticated(.failure(error)) } else { onClosed?(error) }
    }
}
