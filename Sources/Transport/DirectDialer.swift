package import EventLoop

/// Dials TCP without anything in between: whoever watches the network sees both addresses.
///
/// All addresses of the peer are tried beside each other, as ``ConnectionRace`` says, and the first that answers is taken.
package final class DirectDialer: Cancellable {
    /// A connection, which of the addresses that were given led to it, and where that is.
    package struct Connection {
        package let stream: any ByteStream
        package let address: HostPort
        package let place: SocketAddress
    }

    /// Whether an address may be dialed, which is the host or was found by its name.
    package typealias Filter = (_ host: HostPort, SocketAddress) -> Bool

    package typealias Completion = (Result<Connection, DialError>) -> Void

    private let loop: EventLoop
    private let start: MonotonicTime
    private let timeout: Duration
    private let isAllowed: Filter
    private var race = ConnectionRace()
    private var origins: [SocketAddress: HostPort] = [:]
    private var attempts: [SocketAddress: any Cancellable] = [:]
    private var resolving = 0
    private var isComplete = false
    private var deadline: TimerHandle?
    private var nextAttempt: TimerHandle?
    private var completion: Completion?

    /// Dials the addresses that ``add(_:)`` brings, until ``noMore()`` and the last of them has failed, or until `timeout`.
    /// `completion` is called once, in a later turn, unless cancelled.
    package init(
        loop: EventLoop, timeout: Duration, isAllowed: @escaping Filter = { _, _ in true },
        completion: @escaping Completion
    ) {
        self.loop = loop
        self.timeout = timeout
        self.isAllowed = isAllowed
        self.completion = completion
        start = loop.now
        deadline = loop.schedule(after: timeout) { [self] in finish(.failure(.timedOut)) }
    }

    /// Dials a host with several addresses. Dropping the result does not cancel.
    @discardableResult
    package static func dial(
        _ hosts: [HostPort], loop: EventLoop, timeout: Duration, isAllowed: @escaping Filter = { _, _ in true },
        completion: @escaping Completion
    ) -> DirectDialer {
        let dialer = DirectDialer(loop: loop, timeout: timeout, isAllowed: isAllowed, completion: completion)
        for host in hosts { dialer.add(host) }
        dialer.noMore()
        return dialer
    }

    /// Adds an address: a numeric one, or a name, which is resolved on another thread.
    package func add(_ host: HostPort) {
        if IPAddress(host.host) != nil {
            return found([.ip(host.host, port: host.port)], of: host)
        }
        resolving += 1
        loop.offload {
            DirectNameResolver.addresses(ofHost: host.host, port: host.port)
        } then: { [self] result in
            resolving -= 1
            switch result {
            case .success(let addresses): found(addresses, of: host)
            case .failure(let error):
                race.searchFailed(error)
                found([], of: host)
            }
        }
    }

    /// No address will be added any more.
    package func noMore() {
        isComplete = true
        found([], of: nil)
    }

    package func cancel() {
        completion = nil
        finish(.failure(.timedOut))
    }

    private func found(_ addresses: [SocketAddress], of host: HostPort?) {
        guard completion != nil else { return }
        let addresses = addresses.filter { address in host.map { isAllowed($0, address) } ?? true }
        for address in addresses where origins[address] == nil { origins[address] = host }
        race.found(addresses)
        if isComplete, resolving == 0 { race.searchEnded() }
        goOn()
    }

    private func goOn() {
        nextAttempt?.cancel()
        let now = loop.now - start
        while let address = race.nextAttempt(now: now) { connect(to: address) }
        if let error = race.result {
            loop.atEndOfTurn { [self] in finish(.failure(error)) }
        } else if let due = race.nextAttemptAt {
            nextAttempt = loop.schedule(after: due - now) { [self] in goOn() }
        }
    }

    private func connect(to address: SocketAddress) {
        attempts[address] = loop.connect(to: address, timeout: timeout) { [self] result in
            attempts[address] = nil
            switch result {
            case .success(let stream):
                guard let origin = origins[address], completion != nil else { return stream.close() }
                finish(.success(Connection(stream: stream, address: origin, place: address)))
            case .failure(let error):
                race.failed(address, with: DialError(error))
                if completion != nil { goOn() }
            }
        }
    }

    private func finish(_ result: Result<Connection, DialError>) {
        let completion = self.completion
        self.completion = nil
        deadline?.cancel()
        nextAttempt?.cancel()
        for attempt in attempts.values { attempt.cancel() }
        attempts = [:]
        completion?(result)
    }
}

extension DialError {
    /// The same, of one address.
    package init(_ error: ConnectError) {
        self =
            switch error {
            case .refused: .refused
            case .timedOut: .timedOut
            case .unreachable, .permissionDenied: .unreachable
            case .invalidAddress, .noSuchPath: .nameNotFound
            case .failed(let code): .failed(errno: code)
            }
    }
}
