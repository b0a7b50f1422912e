import Foundation

/// A blocking connection to a tor's control port. It shares no code with the TorController of the product, so that a
/// mistake there cannot hide itself here.
package final class BlockingControl {
    /// Where a tor listens for controllers.
    package enum Endpoint: Sendable {
        /// A unix socket.
        case unix(path: String)
        /// A port of 127.0.0.1.
        case port(UInt16)
    }

    /// What a controller shows to be let in.
    package enum Authentication: Sendable {
        /// The content of the file at this path.
        case cookie(path: String)
        /// A password of at most 64 letters and digits.
        case password(String)
    }

    /// Asynchronous replies (650) that came with other replies, in order.
    private var pendingEvents: [[String]] = []
    private let descriptor: Int32
    private var received: [UInt8] = []

    /// Connects and authenticates.
    package init(to endpoint: Endpoint, _ authentication: Authentication) throws {
        descriptor = try Self.connected(to: endpoint)
        switch authentication {
        case .cookie(let path):
            let cookie = try Data(contentsOf: URL(filePath: path))
            try command("AUTHENTICATE " + cookie.map { String(format: "%02x", $0) }.joined())
        case .password(let password):
            try command("AUTHENTICATE \"\(password)\"")
        }
    }

    deinit {
        close(descriptor)
    }

    /// Sends one command line and returns the lines of the reply without their status codes; those of a data block
    /// (`250+`) are lines of their own. A reply other than 2xx is thrown, status code and all.
    @discardableResult
    package func command(_ line: String, seconds: Double = 10) throws -> [String] {
        let deadline = Date(timeIntervalSinceNow: seconds)
        try write(line + "\r\n")
        while true {
            let (code, lines) = try readReply(deadline)
            if code.hasPrefix("6") {
                pendingEvents.append(lines)
            } else if code.hasPrefix("2") {
                return lines
            } else {
                throw TorNetworkError("\(line.prefix(40)): \(code) \(lines.joined(separator: " / "))")
            }
        }
    }

    /// The next event (see SETEVENTS) that begins with `prefix`; others before it are dropped.
    package func event(_ prefix: String, seconds: Double = 60) throws -> [String] {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while true {
            let event = pendingEvents.isEmpty ? try readReply(deadline).lines : pendingEvents.removeFirst()
            if event.first?.hasPrefix(prefix) == true { return event }
        }
    }

    private func write(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw TorNetworkError.system("write to the control port") }
            rest.removeFirst(count)
        }
    }

    private func readReply(_ deadline: Date) throws -> (code: String, lines: [String]) {
        var lines: [String] = []
        while true {
            let line = try readLine(deadline)
            guard line.count >= 4 else { throw TorNetworkError("control port: \(line)") }
            let code = String(line.prefix(3))
            let separator = line.dropFirst(3).prefix(1)
            lines.append(String(line.dropFirst(4)))
            if separator == " " { return (code, lines) }
            if separator == "+" {
                while case let data = try readLine(deadline), data != "." { lines.append(data) }
            }
        }
    }

    private func readLine(_ deadline: Date) throws -> String {
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: received[..<end], as: UTF8.self)
                received.removeSubrange(...end)
                return line.hasSuffix("\r") ? String(line.dropLast()) : line
            }
            var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let milliseconds = max(0, deadline.timeIntervalSinceNow * 1000)
            guard poll(&polled, 1, Int32(milliseconds)) > 0 else { throw TorNetworkError("control port: no answer") }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { throw TorNetworkError("control port: closed") }
            received += chunk[..<count]
        }
    }

    private static func connected(to endpoint: Endpoint) throws -> Int32 {
        let family = if case .unix = endpoint { AF_UNIX } else { AF_INET }
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TorNetworkError.system("socket") }
        let result =
            switch endpoint {
            case .unix(let path): withUnixSocketAddress(path) { connect(descriptor, $0, $1) }
            case .port(let port): withSocketAddress("127.0.0.1", port) { connect(descriptor, $0, $1) }
            }
        guard result == 0 else {
            defer { close(descriptor) }
            throw TorNetworkError.system("connect to the control port")
        }
        return descriptor
    }
}

private func withUnixSocketAddress<R>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { buffer in
        precondition(path.utf8.count < buffer.count, "the path of a unix socket is too long")
        buffer.copyBytes(from: path.utf8)
    }
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
}
