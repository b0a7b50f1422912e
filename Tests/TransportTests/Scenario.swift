import EventLoop
import Foundation
import Logging
import PrivateTorNetwork
import Testing
import TorController
import Transport

private let logger = Logger(label: "test")

/// Sends back what it gets, for as long as the stream lives.
final class Echo: ByteStreamHandler {
    private let stream: any ByteStream

    init(_ stream: any ByteStream) { self.stream = stream }

    func streamReceived(_ bytes: Span<UInt8>) { stream.write(bytes) }
    func streamDrained() {}
    func streamClosed(_ reason: StreamCloseReason) {}
}

/// Collects bytes until as many as expected are there, or the stream is closed; says so once.
final class Collector: ByteStreamHandler {
    private let count: Int
    private var done: (([UInt8]) -> Void)?
    private var bytes: [UInt8] = []

    init(count: Int, done: @escaping ([UInt8]) -> Void) {
        self.count = count
        self.done = done
    }

    func streamReceived(_ span: Span<UInt8>) {
        for index in span.indices { bytes.append(span[index]) }
        if bytes.count >= count { end() }
    }

    func streamDrained() {}
    func streamClosed(_ reason: StreamCloseReason) { end() }

    private func end() {
        let done = done.take()
        done?(bytes)
    }
}

/// The tors of a test, and the steps it takes one after the other.
final class Scenario {
    /// Long enough for a machine that builds something else at the same time.
    static let timeout = Duration.seconds(120)

    let loop: EventLoop
    let host: TorController
    let client: TorController
    let dialer: OnionDialer
    var listener: OnionListener?
    var events: [OnionEvent] = []
    private var readyCount = 0

    init(loop: EventLoop, host: TorOptions, client: TorOptions) {
        self.loop = loop
        self.host = TorController(loop: loop, options: host, logger: logger)
        self.client = TorController(loop: loop, options: client, logger: logger)
        dialer = OnionDialer(controller: self.client)
    }

    func start(onReady: @escaping () -> Void) {
        for controller in [host, client] {
            controller.start { [self] event in
                switch event {
                case .ready:
                    readyCount += 1
                    if readyCount == 2 { onReady() }
                case .failed(let error): Issue.record("\(error)")
                default: break
                }
            }
        }
    }

    func listen(
        _ key: borrowing OnionKey, options: OnionServiceOptions = OnionServiceOptions(),
        onEvent: @escaping (OnionEvent) -> Void
    ) {
        do {
            listener = try OnionListener(
                controller: host, key: key, virtualPort: 12345, options: options,
                onAccept: { $0.handler = Echo($0) },
                onEvent: { [self] event in
                    events.append(event)
                    onEvent(event)
                })
        } catch {
            Issue.record("\(error)")
        }
    }

    /// Dials on a circuit of its own and gives what is echoed, or the error's code.
    func echo(
        _ address: OnionAddress, port: UInt16 = 12345, timeout: Duration = Scenario.timeout,
        via other: TorController? = nil, then: @escaping (String) -> Void
    ) {
        (other.map { OnionDialer(controller: $0) } ?? dialer).dial(
            address, port: port, timeout: timeout
        ) { result in
            switch result {
            case .failure(.onionAuthRequired(wrongKey: true)): then("wrong key")
            case .failure(let error): then(error.code)
            case .success(let stream):
                stream.handler = Collector(count: 12) { bytes in
                    stream.close()
                    then(String(decoding: bytes, as: UTF8.self))
                }
                stream.write(Array("hello world!".utf8).span)
            }
        }
    }

    func stop() {
        client.shutdown { [self] in host.shutdown { [self] in loop.stop() } }
    }

    /// Runs a scenario to its end on a loop of its own.
    static func run(host: TorOptions, client: TorOptions, _ body: (Scenario) -> Void) throws {
        let loop = try EventLoop()
        loop.schedule(after: .seconds(300)) {
            Issue.record("what the test waits for did not happen")
            loop.stop()
        }
        body(Scenario(loop: loop, host: host, client: client))
        loop.run()
    }
}

func options(_ tor: TorProcess, purpose: TorOptions.Purpose) -> TorOptions {
    TorOptions(
        control: SocketAddress(torEndpoint: tor.controlArgument), mode: .system, purpose: purpose)
}
