internal import EventLoop
import Glibc

/// Asks this machine's Avahi daemon, where there is one, for services of a type, until it is closed. Where there is none, or it
/// does not answer, nothing is found. What it knows already is there in some milliseconds.
final class DaemonBrowser: ByteStreamHandler {
    private static let socket = SocketAddress.unix(path: "/run/dbus/system_bus_socket")
    private static let timeout = Duration.seconds(1)

    private let found: (FoundService) -> Void
    private var daemon: AvahiDaemon
    private var connecting: (any Cancellable)?
    private var stream: SocketStream?

    /// - Parameter isWanted: whether a service of that name is looked into.
    init(
        type: String, loop: EventLoop, isWanted: @escaping (String) -> Bool, found: @escaping (FoundService) -> Void
    ) {
        self.found = found
        daemon = AvahiDaemon(type: type, userID: geteuid(), isWanted: isWanted)
        connecting = loop.connect(to: Self.socket, timeout: Self.timeout) { [weak self] result in
            guard let self, case .success(let stream) = result else { return }
            self.stream = stream
            stream.handler = self
            self.flush()
        }
    }

    func close() {
        connecting?.cancel()
        stream?.close()
        stream = nil
    }

    func streamReceived(_ bytes: Span<UInt8>) {
        do throws(DBusError) {
            let services = try daemon.received(bytes)
            flush()
            for service in services { found(service) }
        } catch {
            close()
        }
    }

    func streamDrained() {}

    func streamClosed(_ reason: StreamCloseReason) { stream = nil }

    private func flush() {
        stream?.write(daemon.takeOutput().span)
    }
}
