import Foundation
import Synchronization

/// A TCP relay on loopback, in front of a host, that resets, stalls, silences and refuses.
final class FaultProxy: Sendable {
    /// Which bytes do not get through for a while.
    enum Direction: CaseIterable, Sendable {
        case toHost, fromHost
    }

    private struct State {
        var stalledUntil: [Direction: ContinuousClock.Instant] = [:]
        var refusesUntil: ContinuousClock.Instant?
        /// Connections before this one are reset, or silent.
        var resetBelow = 0
        var silentBelow = 0
        var nextConnection = 0
        var isStopped = false
        /// Bytes that get through in a second, in each direction; nil for all.
        var rate: Int?
        /// For connections before this one.
        var slowBelow = Int.max
    }

    /// How soon a thread notices what is to go wrong.
    private static let tick: Int32 = 10

    let port: UInt16
    private let listener: Int32
    private let target: UInt16
    private let state = Mutex(State())

    init(to target: UInt16) throws {
        self.target = target
        (listener, port) = try LoopbackSocket.listening()
        LoopbackSocket.accept(at: listener) { [weak self] connection in
            self?.accepted(connection) != nil
        }
    }

    deinit {
        state.withLock { $0.isStopped = true }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    var address: String { "127.0.0.1:\(port)" }

    /// Resets all connections that there are.
    func reset() {
        state.withLock { $0.resetBelow = $0.nextConnection }
    }

    /// Nothing gets through the connections that there are any more, and nobody is told.
    func silence() {
        state.withLock { $0.silentBelow = $0.nextConnection }
    }

    /// Bytes wait for so long.
    func stall(_ directions: [Direction], seconds: Double) {
        let until = ContinuousClock.now + .seconds(seconds)
        state.withLock { for direction in directions { $0.stalledUntil[direction] = until } }
    }

    /// So many bytes a second get through from now on; nil for all. What is to go wrong in the middle of something then does.
    func slow(_ bytesPerSecond: Int?) {
        state.withLock {
            $0.rate = bytesPerSecond
            $0.slowBelow = .max
        }
    }

    /// The same, for the connections that there are.
    func slowPresent(_ bytesPerSecond: Int) {
        state.withLock {
            $0.rate = bytesPerSecond
            $0.slowBelow = $0.nextConnection
        }
    }

    /// Resets all connections, and new ones for so long.
    func refuse(seconds: Double) {
        state.withLock {
            $0.resetBelow = $0.nextConnection
            $0.refusesUntil = ContinuousClock.now + .seconds(seconds)
        }
    }

    private func accepted(_ client: Int32) {
        let (number, isRefused) = state.withLock { state in
            defer { state.nextConnection += 1 }
            return (state.nextConnection, state.refusesUntil.map { ContinuousClock.now < $0 } ?? false)
        }
        guard !isRefused, let host = try? LoopbackSocket.connected(to: target) else {
            Self.reset(client)
            return
        }
        let pair = Pair(client: client, host: host)
        for direction in Direction.allCases {
            Thread { [weak self] in
                let (source, sink) = direction == .toHost ? (client, host) : (host, client)
                FaultProxy.relay(from: source, to: sink, pair) {
                    self?.mode(of: number, direction) ?? .over
                } pause: {
                    self?.pause(after: $0, on: number) ?? 0
                }
                pair.threadEnded()
            }.start()
        }
    }

    private enum Mode {
        case open, stalled, over
    }

    private func mode(of connection: Int, _ direction: Direction) -> Mode {
        state.withLock { state in
            if state.isStopped || connection < state.resetBelow { return .over }
            if connection < state.silentBelow { return .stalled }
            return state.stalledUntil[direction].map { ContinuousClock.now < $0 } == true ? .stalled : .open
        }
    }

    /// Microseconds that so many bytes take.
    private func pause(after count: Int, on connection: Int) -> useconds_t {
        let rate = state.withLock { connection < $0.slowBelow ? $0.rate : nil }
        return rate.map { useconds_t(clamping: 1_000_000 * count / max(1, $0)) } ?? 0
    }

    private static func relay(
        from source: Int32, to sink: Int32, _ pair: Pair, mode: () -> Mode, pause: (Int) -> useconds_t
    ) {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        var waiting: ArraySlice<UInt8> = []
        while !pair.isOver {
            switch mode() {
            case .over:
                return pair.reset()
            case .stalled:
                usleep(useconds_t(tick) * 1_000)
                continue
            case .open:
                break
            }
            if waiting.isEmpty {
                var polled = pollfd(fd: source, events: Int16(POLLIN), revents: 0)
                guard poll(&polled, 1, tick) > 0 else { continue }
                let count = recv(source, &chunk, chunk.count, Int32(MSG_DONTWAIT))
                if count < 0, errno == EAGAIN || errno == EINTR { continue }
                guard count > 0 else { return pair.end() }
                waiting = chunk[..<count]
                // It may be stalled by now.
                continue
            }
            let count = waiting.withUnsafeBytes {
                send(sink, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count > 0 {
                waiting = waiting.dropFirst(count)
                usleep(pause(count))
            } else if errno == EAGAIN || errno == EINTR {
                usleep(useconds_t(tick) * 1_000)
            } else {
                return pair.reset()
            }
        }
    }

    /// The two sockets of a connection; the second of its threads closes them.
    private final class Pair: Sendable {
        private let client: Int32
        private let host: Int32
        private let state = Mutex((threads: 2, isOver: false, isReset: false))

        init(client: Int32, host: Int32) {
            self.client = client
            self.host = host
        }

        var isOver: Bool { state.withLock { $0.isOver } }

        func end() {
            state.withLock { $0.isOver = true }
        }

        func reset() {
            state.withLock {
                $0.isOver = true
                $0.isReset = true
            }
        }

        func threadEnded() {
            let (isLast, isReset) = state.withLock { state in
                state.isOver = true
                state.threads -= 1
                return (state.threads == 0, state.isReset)
            }
            guard isLast else { return }
            for descriptor in [client, host] {
                if isReset { FaultProxy.reset(descriptor) } else { close(descriptor) }
            }
        }
    }

    /// Closes with a reset in place of an orderly end.
    private static func reset(_ descriptor: Int32) {
        var hard = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
        close(descriptor)
    }
}
