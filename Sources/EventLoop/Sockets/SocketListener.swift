internal import CLibevent
import Glibc

/// A listening TCP or Unix socket on an event loop. Dropping the last reference closes it.
package final class SocketListener {
    /// How many connections are accepted in one turn, so that a flood of them leaves time for those that exist.
    static let acceptsPerTurn = 64

    /// How long accepting rests when the process or the system has no descriptors left.
    static let restAfterExhaustion = Duration.milliseconds(100)

    /// The address in use: with the port that was picked when port 0 was asked for.
    package let localAddress: SocketAddress

    /// Called each time that peers are turned away because there are no descriptors left.
    package var onExhausted: (() -> Void)?

    private let loop: EventLoop
    private let onAccept: (SocketStream) -> Void
    private var descriptor: Int32
    /// A descriptor to give up when there are no others, so that waiting peers can be turned away.
    private var reserve: Int32
    private var file: UnixSocketFile?
    private var event: LibeventEvent?
    private var rest: TimerHandle?

    /// Listens at exactly `address`: an IPv6 socket does not take IPv4 connections, a wildcard is used only when given.
    ///
    /// A Unix socket gets mode 0600; a socket file at its path that nobody listens on any more is replaced.
    package init(
        _ address: SocketAddress, loop: EventLoop, onAccept: @escaping (SocketStream) -> Void
    ) throws(ListenError) {
        let socket = try Self.open(address)
        self.loop = loop
        self.onAccept = onAccept
        descriptor = socket.descriptor
        file = socket.file
        localAddress = RawSocketAddress(of: descriptor, peer: false)?.socketAddress ?? address
        reserve = SystemCall.openNull()
        event = unsafe LibeventEvent(loop, descriptor: descriptor, EV_READ | EV_PERSIST, owner: self) { _, _, context in
            unsafe owner(of: context, as: SocketListener.self)?.becameReadable()
        }
        event?.add()
    }

    deinit {
        close()
    }

    /// Stops listening and removes the file of a Unix socket. Streams that were accepted are not touched.
    package func close() {
        guard descriptor >= 0 else { return }
        event = nil
        rest?.cancel()
        rest = nil
        SystemCall.close(descriptor)
        descriptor = -1
        if reserve >= 0 { SystemCall.close(reserve) }
        reserve = -1
        file?.remove()
        file = nil
    }

    private func becameReadable() {
        for _ in 0..<Self.acceptsPerTurn where descriptor >= 0 {
            let accepted = SystemCall.accept(descriptor)
            if accepted >= 0 {
                onAccept(SocketStream(connected: accepted, loop: loop))
                continue
            }
            switch -accepted {
            case EAGAIN: return
            case ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH,
                ETIMEDOUT:
                // This connection has failed already (accept(2)); the next one may be well.
                continue
            default: return exhausted()
            }
        }
    }

    /// Turns away who waits, and looks again a little later instead of in every turn.
    private func exhausted() {
        if reserve >= 0 {
            for _ in 0..<Self.acceptsPerTurn {
                SystemCall.close(reserve)
                let turnedAway = SystemCall.accept(descriptor)
                if turnedAway >= 0 { SystemCall.close(turnedAway) }
                reserve = SystemCall.openNull()
                if turnedAway < 0 || reserve < 0 { break }
            }
        } else {
            reserve = SystemCall.openNull()
        }
        event?.remove()
        onExhausted?()
        rest = loop.schedule(after: Self.restAfterExhaustion) { [weak self] in
            self?.rest = nil
            self?.event?.add()
        }
    }

    private static func open(
        _ address: SocketAddress
    ) throws(ListenError) -> (descriptor: Int32, file: UnixSocketFile?) {
        let raw: RawSocketAddress
        do { raw = try RawSocketAddress(address) } catch { throw ListenError(error) }
        let descriptor = SystemCall.streamSocket(family: raw.family)
        guard descriptor >= 0 else { throw ListenError(-descriptor) }
        var file: UnixSocketFile?
        do throws(ListenError) {
            if case .unix(let path) = address {
                try UnixSocketFile.removeStale(path, address: raw)
            } else {
                // Without it a restarted host would have to wait for the old connections to be forgotten.
                SystemCall.setOption(descriptor, level: SOL_SOCKET, SO_REUSEADDR)
            }
            if raw.family == AF_INET6 {
                SystemCall.setOption(descriptor, level: Int32(IPPROTO_IPV6), IPV6_V6ONLY)
            }
            try check(SystemCall.bind(descriptor, raw))
            if case .unix(let path) = address {
                // Nobody can connect before `listen`, so the mode is never too wide.
                file = try UnixSocketFile(justBound: path)
            }
            try check(SystemCall.listen(descriptor))
            return (descriptor, file)
        } catch {
            SystemCall.close(descriptor)
            file?.remove()
            throw error
        }
    }

    private static func check(_ code: Int32) throws(ListenError) {
        if code < 0 { throw ListenError(-code) }
    }
}
