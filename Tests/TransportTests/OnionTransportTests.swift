import EventLoop
import Foundation
import Logging
import PrivateTorNetwork
import Testing
import TorController
import Transport

private let logger = Logger(label: "test")

/// Sends back what it gets, for as long as the stream lives.
private final class Echo: ByteStreamHandler {
    private let stream: any ByteStream

    init(_ stream: any ByteStream) { self.stream = stream }

    func streamReceived(_ bytes: Span<UInt8>) { stream.write(bytes) }
    func streamDrained() {}
    func streamClosed(_ reason: StreamCloseReason) {}
}

/// Collects bytes until as many as expected are there.
private final class Collector: ByteStreamHandler {
    private let count: Int
    private let done: ([UInt8]) -> Void
    private var bytes: [UInt8] = []

    init(count: Int, done: @escaping ([UInt8]) -> Void) {
        self.count = count
        self.done = done
    }

    func streamReceived(_ span: Span<UInt8>) {
        for index in span.indices { bytes.append(span[index]) }
        if bytes.count >= count { done(bytes) }
    }

    func streamDrained() {}
    func streamClosed(_ reason: StreamCloseReason) { done(bytes) }
}

/// The tors of a test, and the steps it takes one after the other.
private final class Scenario {
    /// Long enough for a machine that builds something else at the same time.
    static let timeout = Duration.seconds(120)

    let loop: EventLoop
    let host: TorController
    let client: TorController
    let dialer: OnionDialer
    var listener: OnionListener?
    var events: [OnionEvent] = []
    private var readyCount = 0
    private var isolation = 0

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

    func listen(_ key: borrowing OnionKey, onEvent: @escaping (OnionEvent) -> Void) {
        do {
            listener = try OnionListener(
                controller: host, key: key, virtualPort: 12345, onAccept: { $0.handler = Echo($0) },
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
        then: @escaping (String) -> Void
    ) {
        isolation += 1
        dialer.dial(
            address, port: port, isolation: "test-\(isolation)", optimisticData: Array("hello ".utf8),
            timeout: timeout
        ) { result in
            switch result {
            case .failure(let error): then(error.code)
            case .success(let stream):
                stream.handler = Collector(count: 12) { bytes in
                    stream.close()
                    then(String(decoding: bytes, as: UTF8.self))
                }
                stream.write(Array("world!".utf8).span)
            }
        }
    }

    /// Dials until the service answers. For minutes after the birth of a network the tors of host and client may hold
    /// different consensuses and look for the descriptor in different places; the real one is older than that.
    func echoWhenFound(_ address: OnionAddress, then: @escaping (String) -> Void) {
        echo(address) { [self] result in
            guard result == "onion-not-found" else { return then(result) }
            loop.schedule(after: .seconds(1)) { self.echoWhenFound(address, then: then) }
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

private func options(_ tor: TorProcess, purpose: TorOptions.Purpose) -> TorOptions {
    TorOptions(
        control: SocketAddress(torEndpoint: tor.controlArgument), mode: .system, purpose: purpose)
}

@Suite(.serialized, .enabled(if: PrivateTorNetwork.isAvailable, "tor or tor-gencert is not installed"))
struct OnionTransportTests {
    @Test func publishesDialsAndEchoes() async throws {
        let network = try await PrivateTorNetwork.shared()
        try publishDialAndEcho(network)
    }

    private func publishDialAndEcho(_ network: PrivateTorNetwork) throws {
        let key = OnionKey()
        let address = key.address
        var results: [String] = []
        var events: [OnionEvent] = []
        try Scenario.run(
            host: options(network.host, purpose: .publish), client: options(network.client, purpose: .dial)
        ) { scenario in
            func dialAll() {
                scenario.echoWhenFound(address) { result in
                    results.append(result)
                    scenario.echo(address, port: 1) { result in
                        results.append(result)
                        scenario.echo(OnionKey().address) { result in
                            results.append(result)
                            events = scenario.events
                            scenario.listener?.close()
                            // tor goes on trying the introduction points of the descriptor it has, for two minutes.
                            scenario.echo(address, timeout: .seconds(10)) { result in
                                results.append(result)
                                scenario.stop()
                            }
                        }
                    }
                }
            }
            let copy = key.clone()
            scenario.start {
                scenario.listen(copy) { if case .published = $0 { dialAll() } }
            }
        }
        #expect(results.first == "hello world!")
        #expect(results.dropFirst().first == "connection-refused")
        #expect(results.dropFirst(2).first == "onion-not-found")
        #expect(["onion-not-found", "onion-unreachable", "connection-timeout"].contains(results.last))
        #expect(events.first == .adding && events.contains { if case .published(1...) = $0 { true } else { false } })
        #expect(events.contains { if case .uploading(1) = $0 { true } else { false } })
    }

    @Test func servesTheSameAddressAfterTorWasKilled() async throws {
        let network = try await PrivateTorNetwork.shared()
        try killAndRestart(network)
        try await network.host.waitBootstrapped()
    }

    private func killAndRestart(_ network: PrivateTorNetwork) throws {
        let key = OnionKey()
        let address = key.address
        var results: [String] = []
        var events: [OnionEvent] = []
        try Scenario.run(
            host: options(network.host, purpose: .publish), client: options(network.client, purpose: .dial)
        ) { scenario in
            let copy = key.clone()
            scenario.start {
                scenario.listen(copy) { event in
                    switch event {
                    case .published: do { try network.host.restart() } catch { Issue.record(error) }
                    case .republished:
                        events = scenario.events
                        scenario.echoWhenFound(address) { result in
                            results.append(result)
                            scenario.stop()
                        }
                    default: break
                    }
                }
            }
        }
        #expect(results == ["hello world!"])
        #expect(events.filter { $0 == .adding || $0 == .lost } == [.adding, .lost, .adding])
    }

    @Test func tellsAMissingOnionFromOthersWithoutExtendedErrors() async throws {
        let network = try await PrivateTorNetwork.shared()
        let plain = try await network.startClient(.init(socksFlags: []))
        try dialMissing(network, plain)
        plain.kill()
    }

    private func dialMissing(_ network: PrivateTorNetwork, _ plain: TorProcess) throws {
        var results: [String] = []
        try Scenario.run(
            host: options(network.host, purpose: .publish), client: options(plain, purpose: .dial)
        ) { scenario in
            scenario.start {
                scenario.echo(OnionKey().address) { result in
                    results.append(result)
                    scenario.stop()
                }
            }
        }
        #expect(results == ["onion-not-found"])
    }

    @Test func publishesThroughAnOwnChild() async throws {
        let network = try await PrivateTorNetwork.shared()
        try publishThroughChild(network)
    }

    private func publishThroughChild(_ network: PrivateTorNetwork) throws {
        let key = OnionKey()
        let address = key.address
        var managed = TorOptions(mode: .managed)
        managed.include = try network.makeManagedInclude().path
        var results: [String] = []
        var kind = OnionListenerKind.loopback
        try Scenario.run(host: managed, client: options(network.client, purpose: .dial)) { scenario in
            let copy = key.clone()
            scenario.start {
                kind = scenario.host.listenerKind
                scenario.listen(copy) { event in
                    guard case .published = event else { return }
                    scenario.echoWhenFound(address) { result in
                        results.append(result)
                        scenario.stop()
                    }
                }
            }
        }
        #expect(results == ["hello world!"])
        #expect(kind != .loopback)
    }
}
