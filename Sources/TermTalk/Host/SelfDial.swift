internal import EventLoop
internal import SecureSession
internal import TorController
internal import Transport

/// A host dials its own onion service once, as a member would: that it is published does not say that tor can reach the
/// program behind it.
final class SelfDial: Cancellable {
    /// A circuit may fail where the next one works.
    private static let attempts = 3
    private static let timeout = Duration.seconds(60)
    /// Long enough for a descriptor that is on its way to the directories.
    private static let pause = Duration.seconds(5)

    private let tor: TorController
    private let address: OnionAddress
    private let port: UInt16
    private let secret: InviteSecret?
    private var attemptsLeft = SelfDial.attempts
    private var current: (any Cancellable)?
    private var completion: ((TorError?) -> Void)?

    /// `completion` gets nil when the service was reached; it is not called when tor has no SOCKS port to dial through.
    ///
    /// - Parameter secret: that of an invite, where the service asks for client authorization.
    init(
        _ address: OnionAddress, port: UInt16, secret: InviteSecret? = nil, tor: TorController,
        completion: @escaping (TorError?) -> Void
    ) {
        self.tor = tor
        self.secret = secret
        self.address = address
        self.port = port
        self.completion = completion
        if !tor.socksEndpoints.isEmpty { dial() }
    }

    func cancel() {
        completion = nil
        current?.cancel()
        current = nil
    }

    private func dial() {
        attemptsLeft -= 1
        guard let secret else {
            current = connect()
            return
        }
        current = AuthorizedDial(address, secret: secret, tor: tor) { [self] in
            connect()
        } failed: { [weak self] error in
            self?.failed(error)
        }
    }

    private func connect() -> any Cancellable {
        OnionDialer(controller: tor).dial(address, port: port, timeout: Self.timeout) { [weak self] result in
            switch result {
            case .success(let stream):
                stream.close()
                self?.finish(nil)
            case .failure(let error): self?.failed(error)
            }
        }
    }

    private func failed(_ error: TorError) {
        guard completion != nil else { return }
        switch error {
        // The way to the service was there, and its end was not.
        case .connectionRefused: finish(error)
        // Nothing listens where tor says that it does: its loopback is not ours.
        case .unreachable where tor.socksEndpoints.allSatisfy({ $0.source == .found }): finish(error)
        // That is no word about the service.
        case .unreachable, .untrusted, .onionAuthRequired: cancel()
        default:
            guard attemptsLeft > 0 else { return finish(error) }
            current = tor.loop.schedule(after: Self.pause) { [weak self] in self?.dial() }
        }
    }

    private func finish(_ error: TorError?) {
        let completion = self.completion
        cancel()
        completion?(error)
    }
}
