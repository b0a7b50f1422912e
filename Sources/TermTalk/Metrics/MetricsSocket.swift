internal import EventLoop

/// A Unix socket of mode 0600 that answers each client once with the metrics.
final class MetricsSocket {
    /// Clients at once; one more is closed without a word. A scraper is one.
    static let clientLimit = 8
    /// A client that says nothing for so long gets the text: it speaks no HTTP.
    static let silence = Duration.seconds(2)
    /// How long a request may take.
    static let patience = Duration.seconds(10)

    private let loop: EventLoop
    private let text: () -> String
    private var listener: SocketListener?
    private var clients: [ObjectIdentifier: Client] = [:]

    /// - Parameter text: the metrics of now.
    init(path: String, loop: EventLoop, text: @escaping () -> String) throws(ListenError) {
        self.loop = loop
        self.text = text
        listener = try SocketListener(.unix(path: path), loop: loop) { [weak self] in self?.accept($0) }
    }

    func close() {
        listener?.close()
        listener = nil
        for client in clients.values { client.close() }
        clients = [:]
    }

    private func accept(_ stream: SocketStream) {
        guard clients.count < Self.clientLimit else { return stream.close() }
        let client = Client(stream, loop: loop) { [weak self] in
            self?.text() ?? ""
        } onGone: { [weak self] in
            self?.clients[$0] = nil
        }
        clients[ObjectIdentifier(client)] = client
    }

    private final class Client: ByteStreamHandler {
        private let stream: SocketStream
        private let text: () -> String
        private let onGone: (ObjectIdentifier) -> Void
        private var request: MetricsRequest? = MetricsRequest()
        private var hasSpoken = false
        private var timers: [TimerHandle] = []

        init(
            _ stream: SocketStream, loop: EventLoop, text: @escaping () -> String,
            onGone: @escaping (ObjectIdentifier) -> Void
        ) {
            self.stream = stream
            self.text = text
            self.onGone = onGone
            stream.handler = self
            timers = [
                loop.schedule(after: MetricsSocket.silence) { [weak self] in
                    if let self, !self.hasSpoken { self.answer(.text) }
                },
                loop.schedule(after: MetricsSocket.patience) { [weak self] in
                    guard let self, self.request != nil else { return }
                    self.stream.close()
                    self.gone()
                },
            ]
        }

        func close() {
            for timer in timers { timer.cancel() }
            stream.close()
        }

        func streamReceived(_ bytes: Span<UInt8>) {
            hasSpoken = true
            if let answer = request?.received(bytes) { self.answer(answer) }
        }

        func streamDrained() {}

        func streamClosed(_ reason: StreamCloseReason) { gone() }

        private func answer(_ answer: MetricsRequest.Answer) {
            request = nil
            stream.write(MetricsRequest.bytes(of: answer, text: text()).span)
            stream.closeAfterWriting()
        }

        private func gone() {
            request = nil
            for timer in timers { timer.cancel() }
            onGone(ObjectIdentifier(self))
        }
    }
}
