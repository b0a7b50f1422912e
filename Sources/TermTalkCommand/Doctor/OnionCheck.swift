internal import Chat
internal import EventLoop
internal import Room
internal import Sodium
internal import TermTalk
internal import TorController
internal import Transport

/// A test onion service: published, dialed through tor, and gone again. What one end sends the other must receive.
final class OnionCheck {
    /// What a joiner allows for one attempt.
    private static let dialTimeout = Duration.seconds(60)
    /// A circuit may fail where the next one works.
    private static let attempts = 3
    private static let port: UInt16 = 12_345

    private let controller: TorController
    private let completion: (Finding) -> Void
    private let greeting = Array("termtalk doctor".utf8)
    private let started: MonotonicTime
    private var publishedAfter = Duration.zero
    private var listener: OnionListener?
    private var accepted: [SocketStream] = []
    private var dialing: (any Cancellable)?
    private var dialed: (any ByteStream)?
    private var received: [UInt8] = []
    private var remaining = OnionCheck.attempts
    private var hasEnded = false

    init(controller: TorController, completion: @escaping (Finding) -> Void) {
        self.controller = controller
        self.completion = completion
        started = controller.loop.now
        let key = OnionKey()
        let address = key.address
        do {
            listener = try OnionListener(
                controller: controller, key: key, virtualPort: Self.port,
                onAccept: { [weak self] stream in self?.accept(stream) },
                onEvent: { [weak self] event in self?.heard(event, address) })
        } catch {
            finish(
                .fail(
                    "onion",
                    .init(
                        .onionPublishFailed, "a test service cannot be published: this program may not listen",
                        hint: "check the permissions of XDG_RUNTIME_DIR")))
        }
    }

    func close() {
        hasEnded = true
        dialing?.cancel()
        dialed?.close()
        for stream in accepted { stream.close() }
        accepted = []
        listener?.close()
        listener = nil
    }

    private func accept(_ stream: SocketStream) {
        guard !hasEnded, accepted.count < Self.attempts else { return stream.close() }
        accepted.append(stream)
        stream.handler = IgnoringHandler()
        let greeting = self.greeting
        stream.write(greeting.span)
    }

    private func heard(_ event: OnionEvent, _ address: OnionAddress) {
        switch event {
        case .published:
            publishedAfter = controller.loop.now - started
            if controller.socksEndpoints.isEmpty { finish(notDialed) } else { dial(address) }
        case .failed(let error): finish(.fail("onion", error.notice))
        case .adding, .withoutProofOfWork, .uploading, .lost, .republished, .keysInForce, .closedSilentCircuits: break
        }
    }

    private func dial(_ address: OnionAddress) {
        guard !hasEnded else { return }
        remaining -= 1
        dialing = OnionDialer(controller: controller).dial(
            address, port: Self.port, timeout: Self.dialTimeout
        ) { [weak self] result in
            guard let self, !self.hasEnded else { return }
            switch result {
            case .success(let stream):
                self.dialed = stream
                stream.handler = Receiver(check: self)
            case .failure(let error):
                if self.remaining > 0 { self.dial(address) } else { self.finish(.fail("onion", error.notice)) }
            }
        }
    }

    fileprivate func received(_ bytes: Span<UInt8>) {
        for index in bytes.indices where received.count < greeting.count { received.append(bytes[index]) }
        guard received.count == greeting.count else { return }
        let total = controller.loop.now - started
        finish(
            received == greeting
                ? .ok(
                    "onion",
                    "a test service was published in \(Self.seconds(publishedAfter)) and reached in \(Self.seconds(total - publishedAfter))"
                )
                : Self.broken)
    }

    fileprivate func dialedStreamClosed() {
        finish(Self.broken)
    }

    private var notDialed: Finding {
        .warn(
            "onion",
            "a test service was published in \(Self.seconds(publishedAfter)), and not dialed: this tor has no SOCKS port",
            hint: "hosting works; to join rooms through this tor write SocksPort 9050 into torrc")
    }

    private static func seconds(_ time: Duration) -> String { "\(Int((time / .seconds(1)).rounded(.up))) s" }

    private static let broken = Finding.fail(
        "onion",
        .init(
            .onionUnreachable, "the test service was reached, but what it sent did not arrive",
            hint: "try again in a minute"))

    private func finish(_ finding: Finding) {
        guard !hasEnded else { return }
        close()
        completion(finding)
    }
}

/// The dialing end.
private final class Receiver: ByteStreamHandler {
    private weak var check: OnionCheck?

    init(check: OnionCheck) {
        self.check = check
    }

    func streamReceived(_ bytes: Span<UInt8>) {
        check?.received(bytes)
    }

    func streamDrained() {}

    func streamClosed(_ reason: StreamCloseReason) {
        check?.dialedStreamClosed()
    }
}

/// The serving end: it only speaks.
private final class IgnoringHandler: ByteStreamHandler {
    func streamReceived(_ bytes: Span<UInt8>) {}

    func streamDrained() {}

    func streamClosed(_ reason: StreamCloseReason) {}
}
