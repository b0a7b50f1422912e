import Foundation

/// A connection to a port or a Unix socket of this machine that blocks, for tests that speak to a real listener.
package final class BlockingSocket {
    package struct Failure: Error {
        package let code: Int32
    }

    /// How long a test waits for what must come.
    private static let patience = 60

    private var descriptor: Int32

    /// Connects. `receiveBuffer` bytes, where given, are all that the kernel takes before this side reads.
    package init(port: UInt16, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        setTimeout(SO_RCVTIMEO, milliseconds: Self.patience * 1_000)
        setTimeout(SO_SNDTIMEO, milliseconds: Self.patience * 1_000)
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(code: errno) }
    }

    /// Connects to a Unix socket.
    package init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        setTimeout(SO_RCVTIMEO, milliseconds: Self.patience * 1_000)
        setTimeout(SO_SNDTIMEO, milliseconds: Self.patience * 1_000)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Failure(code: errno) }
    }

    /// The end of a connection that a test's own listener has accepted.
    package init(accepted descriptor: Int32) {
        self.descriptor = descriptor
        setTimeout(SO_RCVTIMEO, milliseconds: Self.patience * 1_000)
        setTimeout(SO_SNDTIMEO, milliseconds: Self.patience * 1_000)
    }

    deinit {
        close()
    }

    private func setTimeout(_ option: Int32, milliseconds: Int) {
        var time = timeval(tv_sec: milliseconds / 1_000, tv_usec: milliseconds % 1_000 * 1_000)
        setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Writes all of `bytes`; false when the peer has closed.
    @discardableResult
    package func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Writes what the kernel takes without waiting for longer than `milliseconds`, and returns how many bytes that was;
    /// nil when the peer has closed.
    package func writeSome(_ bytes: ArraySlice<UInt8>, milliseconds: Int) -> Int? {
        var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard Foundation.poll(&poll, 1, Int32(milliseconds)) > 0 else { return 0 }
        let count = bytes.withUnsafeBytes {
            send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        if count < 0, errno == EAGAIN { return 0 }
        return count > 0 ? count : nil
    }

    /// The next bytes, as soon as there are any; nil at the end of the connection, however it ended.
    ///
    /// - Throws: when nothing has come for a minute.
    package func read() throws -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        if count > 0 { return Array(buffer[..<count]) }
        guard count == 0 || (errno != EAGAIN && errno != EINTR) else { throw Failure(code: errno) }
        return nil
    }

    /// Whether bytes, or the end, can be read within `milliseconds`.
    package func isReadable(milliseconds: Int) -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Foundation.poll(&poll, 1, Int32(milliseconds)) > 0
    }

    /// All bytes up to the end of the connection.
    package func readToEnd() throws -> [UInt8] {
        var all: [UInt8] = []
        while let bytes = try read() { all += bytes }
        return all
    }

    /// Nothing more will be written; reading goes on.
    package func finishWriting() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    package func close() {
        guard descriptor >= 0 else { return }
        _ = Foundation.close(descriptor)
        descriptor = -1
    }
}
