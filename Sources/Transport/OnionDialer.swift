package import EventLoop
package import TorController

/// Dials through a tor: onion services, and for `--direct --tor` other hosts. No name is resolved outside tor.
package final class OnionDialer {
    /// How long to wait for tor to say why a descriptor could not be had: its word comes on another socket than the
    /// failure of the stream.
    static let reasonDelay = Duration.milliseconds(250)

    private let controller: TorController

    /// Dials through the SOCKS port of `controller`, which must be ready.
    package init(controller: TorController) {
        self.controller = controller
    }

    /// Dials `port` of an onion service. No two streams share a circuit. `completion` is called once, in a later turn,
    /// unless cancelled before, and must set the handler of the stream it gets.
    @discardableResult
    package func dial(
        _ address: OnionAddress, port: UInt16, timeout: Duration,
        completion: @escaping (Result<any ByteStream, TorError>) -> Void
    ) -> any Cancellable {
        OnionAttempt(controller: controller, address: address, completion: completion) { completion in
            self.dial(
                host: address.host, port: port,
                timeout: timeout, completion: completion)
        }
    }

    /// Dials a host by DNS name or IP address through an exit of tor; otherwise as for an onion service.
    @discardableResult
    package func dial(
        host: String, port: UInt16, timeout: Duration,
        completion: @escaping (Result<any ByteStream, TorError>) -> Void
    ) -> any Cancellable {
        SocksDialer.dial(
            .init(host: host, port: port), via: controller.socksEndpoints,
            timeout: timeout, loop: controller.loop, completion: completion)
    }
}

/// A dial of an onion service whose failure is looked up in what tor said about the descriptor.
private final class OnionAttempt: Cancellable {
    private let controller: TorController
    private let address: OnionAddress
    private var completion: ((Result<any ByteStream, TorError>) -> Void)?
    private var current: (any Cancellable)?

    init(
        controller: TorController, address: OnionAddress,
        completion: @escaping (Result<any ByteStream, TorError>) -> Void,
        start: (@escaping (Result<any ByteStream, TorError>) -> Void) -> any Cancellable
    ) {
        self.controller = controller
        self.address = address
        self.completion = completion
        current = start { [self] result in
            if case .failure(.onionUnreachable(.socksReply)) = result, controller.hasControl {
                explain(result)
            } else {
                finish(result)
            }
        }
    }

    func cancel() {
        completion = nil
        current?.cancel()
        current = nil
    }

    private func explain(_ result: Result<any ByteStream, TorError>) {
        if let reason = controller.descriptorFailure(for: address) { return finish(.failure(reason)) }
        current = controller.loop.schedule(after: OnionDialer.reasonDelay) { [self] in
            if let reason = controller.descriptorFailure(for: address) {
                finish(.failure(reason))
            } else {
                finish(result)
            }
        }
    }

    private func finish(_ result: Result<any ByteStream, TorError>) {
        let completion = self.completion
        self.completion = nil
        current = nil
        completion?(result)
    }
}
