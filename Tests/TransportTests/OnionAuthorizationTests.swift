import EventLoop
import Foundation
import Logging
import PrivateTorNetwork
import Sodium
import Testing
import Transport

@testable import TorController

private final class Keys {
    let first = X25519.PrivateKey()
    let second = X25519.PrivateKey()
}

/// Says what it hears, and that its stream was closed.
private final class Inside: ByteStreamHandler {
    let stream: any ByteStream
    var heard: ((String) -> Void)?
    var closed: (() -> Void)?

    init(_ stream: any ByteStream) {
        self.stream = stream
        stream.handler = self
    }

    func streamReceived(_ bytes: Span<UInt8>) {
        heard?(String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self))
    }

    func streamDrained() {}
    func streamClosed(_ reason: StreamCloseReason) { closed?() }
}

/// Client authorization with real tors: who has no key, or another one, and what happens to those inside when the keys of a
/// service change.
extension OnionTransportTests {
    @Test func keysOpenTheServiceAndStopDoingSo() async throws {
        let network = try await PrivateTorNetwork.shared()
        // Each with caches of its own: tor reads a descriptor that it has without asking for a key.
        let early = try await network.startClient()
        let late = try await network.startClient()
        // On a machine with too much to do a circuit breaks by itself; one that the change of keys breaks does each time.
        var tries = 1
        while try !changeKeys(network, early: early, late: late) {
            tries += 1
            try #require(tries <= 3, "the member that was inside lost its stream each time")
        }
        early.kill()
        late.kill()
    }

    /// Returns whether the member that was inside kept its stream.
    private func changeKeys(_ network: PrivateTorNetwork, early: TorProcess, late: TorProcess) throws -> Bool {
        let key = OnionKey()
        let keys = Keys()
        let address = key.address
        var results: [String] = []
        var held: [String] = []
        var isLost = false
        try Scenario.run(
            host: options(network.host, purpose: .publish), client: options(early, purpose: .dialWithKey)
        ) { scenario in
            let lateController = TorController(
                loop: scenario.loop, options: options(late, purpose: .dialWithKey), logger: Logger(label: "test"))
            func dial(_ controller: TorController, then: @escaping () -> Void) {
                scenario.echo(address, via: controller) { result in
                    results.append(result)
                    then()
                }
            }
            func authorize(
                _ controller: TorController, _ key: borrowing X25519.PrivateKey, then: @escaping () -> Void
            ) {
                controller.authorize(key, for: address) { error in
                    #expect(error == nil)
                    then()
                }
            }
            // A member that is inside while the keys change.
            var member: Inside?
            func enter(then: @escaping () -> Void) {
                OnionDialer(controller: scenario.client).dial(
                    address, port: 12345, timeout: Scenario.timeout
                ) { result in
                    guard case .success(let stream) = result else { return held.append("\(result)") }
                    member = Inside(stream)
                    member?.closed = {
                        isLost = true
                        stop()
                    }
                    say("before", then: then)
                }
            }
            func say(_ text: String, then: @escaping () -> Void) {
                var heard = ""
                member?.heard = { part in
                    heard += part
                    guard heard.utf8.count >= text.utf8.count else { return }
                    held.append(heard)
                    then()
                }
                member?.stream.write(Array(text.utf8).span)
            }
            var inForce: (() -> Void)?
            // A service that was gone meanwhile is published anew.
            var hasBegun = false
            func change(then: @escaping () -> Void) {
                inForce = then
                scenario.listener?.authorize([keys.second.publicKey])
            }
            func stop() {
                member?.closed = nil
                lateController.shutdown { scenario.stop() }
            }
            let steps: [(@escaping () -> Void) -> Void] = [
                { dial(scenario.client, then: $0) },
                { authorize(scenario.client, keys.second, then: $0) },
                { dial(scenario.client, then: $0) },
                { authorize(scenario.client, keys.first, then: $0) },
                { dial(scenario.client, then: $0) },
                enter,
                change,
                { say("after", then: $0) },
                { authorize(lateController, keys.first, then: $0) },
                { dial(lateController, then: $0) },
                { authorize(lateController, keys.second, then: $0) },
                { dial(lateController, then: $0) },
                { say("at the end", then: $0) },
            ]
            func run(_ index: Int) {
                guard index < steps.count else { return stop() }
                let step = steps[index]
                step { scenario.loop.atEndOfTurn { run(index + 1) } }
            }
            let copy = key.clone()
            scenario.start {
                lateController.start { event in
                    guard case .ready = event else { return }
                    scenario.listen(copy, options: .init(clients: [keys.first.publicKey])) { event in
                        if case .published = event, !hasBegun {
                            hasBegun = true
                            run(0)
                        }
                        if event == .keysInForce { inForce?() }
                    }
                }
            }
        }
        guard !isLost else { return false }
        #expect(results == ["onion-auth-required", "wrong key", "hello world!", "wrong key", "hello world!"])
        #expect(held == ["before", "after", "at the end"])
        // What the clients' tors were given they have no more.
        for tor in [early, late] {
            #expect(try !tor.command("ONION_CLIENT_AUTH_VIEW").contains { $0.contains(address.serviceID) })
        }
        return true
    }
}
