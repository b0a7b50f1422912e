package import EventLoop
package import Sodium

/// Looks for a control port that lets this program in: tries endpoints in order and keeps the first that works.
///
/// When none does, the error that helps most is given: somebody who may pretend to be tor says more than a refused
/// permission, that more than a refused authentication, that more than a port of something else, and that more than
/// nothing at all.
package final class TorDiscovery: Cancellable {
    package struct Found {
        package let connection: ControlConnection
        package let info: ProtocolInfo
        package let endpoint: TorEndpoint
        /// What was passed over on the way because it is not believed.
        package let distrust: TorError?
    }

    /// How long a local socket may take to accept.
    static let connectTimeout = Duration.seconds(5)

    private let loop: EventLoop
    private let password: SharedSecret?
    private var remaining: ArraySlice<TorEndpoint>
    private var completion: ((Result<Found, TorError>) -> Void)?
    private var error: TorError?
    private var connecting: (any Cancellable)?
    private var connection: ControlConnection?

    /// Begins with the first of `candidates`, of which there must be one; `completion` is called once, in a later turn.
    package init(
        candidates: [TorEndpoint], password: SharedSecret?, loop: EventLoop,
        completion: @escaping (Result<Found, TorError>) -> Void
    ) {
        precondition(!candidates.isEmpty, "nothing to try")
        self.loop = loop
        self.password = password
        remaining = candidates[...]
        self.completion = completion
        tryNext()
    }

    package func cancel() {
        completion = nil
        connecting?.cancel()
        connection?.close()
        connection = nil
    }

    private func tryNext() {
        guard let endpoint = remaining.popFirst() else {
            let completion = self.completion
            self.completion = nil
            completion?(.failure(error ?? .unreachable(.connectionLost)))
            return
        }
        connecting = loop.connect(to: endpoint.address, timeout: Self.connectTimeout) { [self] result in
            switch result {
            case .success(let stream): authenticate(stream, endpoint)
            case .failure(let error): failed(TorError(connectingTo: endpoint.address, error))
            }
        }
    }

    private func authenticate(_ stream: SocketStream, _ endpoint: TorEndpoint) {
        connection = ControlConnection(stream: stream, endpoint: endpoint, password: password, loop: loop) {
            [self] result in
            guard let connection else { return }
            self.connection = nil
            switch result {
            case .success(let info):
                let completion = self.completion
                self.completion = nil
                let distrust = error.flatMap { $0.isDistrust ? $0 : nil }
                completion?(
                    .success(Found(connection: connection, info: info, endpoint: endpoint, distrust: distrust)))
            case .failure(let error): failed(error)
            }
        }
    }

    private func failed(_ error: TorError) {
        if error.discoveryRank > self.error?.discoveryRank ?? -1 { self.error = error }
        tryNext()
    }
}

extension TorError {
    /// What it means that a local endpoint of tor could not be connected to.
    init(connectingTo endpoint: SocketAddress, _ error: ConnectError) {
        if case .unix(let path) = endpoint, error == .permissionDenied {
            self = .permissionDenied(path: path)
        } else {
            self = .unreachable(.nothingListens(endpoint))
        }
    }

    /// Whether somebody may pretend to be tor.
    var isDistrust: Bool { if case .untrusted = self { true } else { false } }

    /// How much an error of one candidate says about what to do.
    var discoveryRank: Int {
        switch self {
        case .untrusted: 4
        case .permissionDenied: 3
        case .authenticationFailed: 2
        case .unreachable(.notControlPort), .unreachable(.noAnswer): 1
        default: 0
        }
    }
}
