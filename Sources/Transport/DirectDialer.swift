package import EventLoop

/// Dials TCP without anything in between: whoever watches the network sees both addresses.
package final class DirectDialer: Cancellable {
    /// How many addresses of a name are tried; a name with more than this is not a host people run a room on.
    static let maximumAddressCount = 8

    /// An address that does not answer may use up this part of the time that is left, unless it is the last.
    static let shareOfTimeLeft = 2

    private let loop: EventLoop
    private let deadline: MonotonicTime
    private var addresses: ArraySlice<SocketAddress> = []
    private var failure = DialError.nameNotFound
    private var timer: TimerHandle?
    private var attempt: (any Cancellable)?
    private var completion: ((Result<any ByteStream, DialError>) -> Void)?

    /// Resolves `host` (a numeric address or a name) on another thread and connects to its addresses one after the
    /// other, in the resolver's order, until one answers. `completion` is called once, in a later turn, unless cancelled;
    /// the error is that of the last address tried. Dropping the result does not cancel.
    @discardableResult
    package static func dial(
        host: String, port: UInt16, loop: EventLoop, timeout: Duration,
        completion: @escaping (Result<any ByteStream, DialError>) -> Void
    ) -> any Cancellable {
        let dialer = DirectDialer(loop: loop, timeout: timeout, completion: completion)
        loop.offload {
            DirectNameResolver.addresses(ofHost: host, port: port)
        } then: { result in
            dialer.resolved(result)
        }
        return dialer
    }

    private init(
        loop: EventLoop, timeout: Duration, completion: @escaping (Result<any ByteStream, DialError>) -> Void
    ) {
        self.loop = loop
        self.completion = completion
        deadline = loop.now + timeout
        timer = loop.schedule(after: timeout) { [self] in finish(.failure(.timedOut)) }
    }

    package func cancel() {
        completion = nil
        finish(.failure(.timedOut))
    }

    private func resolved(_ result: Result<[SocketAddress], DialError>) {
        guard completion != nil else { return }
        switch result {
        case .success(let addresses):
            self.addresses = addresses.prefix(Self.maximumAddressCount)
            tryNext()
        case .failure(let error):
            finish(.failure(error))
        }
    }

    private func tryNext() {
        guard let address = addresses.popFirst() else { return finish(.failure(failure)) }
        let left = deadline - loop.now
        let timeout = addresses.isEmpty ? left : left / Self.shareOfTimeLeft
        attempt = loop.connect(to: address, timeout: timeout) { [self] result in
            switch result {
            case .success(let stream):
                finish(.success(stream))
            case .failure(let error):
                failure = DialError(error)
                tryNext()
            }
        }
    }

    private func finish(_ result: Result<any ByteStream, DialError>) {
        let completion = self.completion
        self.completion = nil
        timer?.cancel()
        attempt?.cancel()
        attempt = nil
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
