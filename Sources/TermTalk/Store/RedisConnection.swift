package import EventLoop
package import Transport

/// One connection to Redis, from the dial to its end. It moves bytes only.
package final class RedisConnection: ByteStreamHandler {
    /// Another way to a host than straight to it; the result comes later, unless it is cancelled.
    package typealias Dial = (HostPort, @escaping (Result<any ByteStream, DialError>) -> Void) -> any Cancellable

    /// How long it may take until somebody listens.
    static let connectTimeout = Duration.seconds(5)

    private enum Phase {
        case dialing(any Cancellable)
        case open(any ByteStream)
        case closed
    }

    private var phase = Phase.closed
    /// Called once, when bytes can be written.
    private var onOpened: (() -> Void)?
    private let onReceived: ([UInt8]) -> Void
    private var onClosed: ((RedisFailure) -> Void)?

    /// Dials. Of the callbacks, none is called after ``close()``, and none before this returns; nothing follows `onClosed`. Whoever drops the
    /// last reference closes first.
    ///
    /// - Parameter dial: how to come to a host; nil for without anything in between.
    init(
        to location: RedisLocation, loop: EventLoop, dial: Dial? = nil, onOpened: @escaping () -> Void,
        onReceived: @escaping ([UInt8]) -> Void, onClosed: @escaping (RedisFailure) -> Void
    ) {
        self.onOpened = onOpened
        self.onReceived = onReceived
        self.onClosed = onClosed
        switch location.address {
        case .host(let host) where dial != nil:
            if let dial { phase = .dialing(dial(host) { [weak self] result in self?.dialed(result) }) }
        case .host(let host):
            phase = .dialing(
                DirectDialer.dial([host], loop: loop, timeout: Self.connectTimeout) { [weak self] result in
                    self?.dialed(result.map(\.stream))
                })
        case .unix(let path):
            phase = .dialing(
                loop.connect(to: .unix(path: path), timeout: Self.connectTimeout) { [weak self] result in
                    self?.dialed(result.map { $0 as any ByteStream }.mapError { DialError($0) })
                })
        }
    }

    /// Sends bytes behind those before; none once closed.
    func write(_ bytes: [UInt8]) {
        if case .open(let stream) = phase { stream.write(bytes.span) }
    }

    func close() {
        onOpened = nil
        onClosed = nil
        switch phase {
        case .dialing(let dial): dial.cancel()
        case .open(let stream): stream.close()
        case .closed: break
        }
        phase = .closed
    }

    private func dialed(_ result: Result<any ByteStream, DialError>) {
        guard case .dialing = phase else { return }
        switch result {
        case .success(let stream):
            phase = .open(stream)
            stream.handler = self
            let opened = onOpened
            onOpened = nil
            opened?()
        case .failure(let error):
            ended(.unreachable(error))
        }
    }

    private func ended(_ failure: RedisFailure) {
        let closed = onClosed
        close()
        closed?(failure)
    }

    package func streamReceived(_ bytes: Span<UInt8>) {
        guard case .open = phase else { return }
        onReceived(bytes.indices.map { bytes[$0] })
    }

    package func streamDrained() {}

    package func streamClosed(_ reason: StreamCloseReason) {
        ended(.lost)
    }
}
