import Foundation
package import SharedLog

/// A connection to a Unix socket that waits for nothing.
package final class BlockingRedis {
    private var descriptor: Int32
    private var output: [UInt8] = []

    /// Nil when nobody listens.
    package init?(path: String) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // What is left of this value then closes it.
        guard result == 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }

    package func write(_ bytes: [UInt8]) {
        output += bytes
        flush()
    }

    private func flush() {
        while !output.isEmpty {
            let count = output.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            output.removeFirst(count)
        }
    }

    /// What has arrived; nil at the end.
    package func read() -> [UInt8]? {
        flush()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 { return Array(buffer.prefix(count)) }
        return count < 0 && errno == EAGAIN ? [] : nil
    }

    /// Waits until something can be read, for that long at most.
    package func wait(milliseconds: Int32) {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = Glibc.poll(&poll, 1, milliseconds)
    }

    /// Asks, and waits for the answer, for a minute.
    package func ask(_ words: [String]) throws -> RESPValue { try ask(words.map { Array($0.utf8) }) }

    /// The same with words of any bytes.
    package func ask(_ words: [[UInt8]]) throws -> RESPValue {
        write(RESPValue.command(words))
        var reader = RESPReader()
        for _ in 0..<6_000 {
            guard let bytes = read() else { break }
            if let value = try reader.received(bytes).first { return value }
            wait(milliseconds: 10)
        }
        throw CocoaError(.fileReadUnknown)
    }
}
