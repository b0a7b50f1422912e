import Foundation
import Synchronization

/// A SOCKS port that leads every stream to one port of this machine, and remembers where it was to go.
final class SocksStub: Sendable {
    let port: UInt16
    private let target: UInt16
    private let listener: Int32
    private let state = Mutex<[String]>([])

    init(to target: UInt16) throws {
        self.target = target
        (listener, port) = try LoopbackSocket.listening()
        LoopbackSocket.accept(at: listener) { [weak self] connection in
            guard let self else { return false }
            Thread { [weak self] in self?.serve(connection) }.start()
            return true
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// The hosts and ports that were asked for.
    var asked: [String] { state.withLock { $0 } }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        guard let methods = Self.read(2, from: connection), Self.read(Int(methods[1]), from: connection) != nil else {
            return
        }
        LoopbackSocket.write([5, 2], to: connection)
        guard let user = Self.read(2, from: connection), Self.read(Int(user[1]), from: connection) != nil,
            let password = Self.read(1, from: connection), Self.read(Int(password[0]), from: connection) != nil
        else { return }
        LoopbackSocket.write([1, 0], to: connection)
        guard let request = Self.read(5, from: connection), request[3] == 3,
            let host = Self.read(Int(request[4]), from: connection), let number = Self.read(2, from: connection)
        else { return }
        state.withLock { $0.append("\(String(decoding: host, as: UTF8.self)):\(Int(number[0]) << 8 | Int(number[1]))") }
        guard let other = try? LoopbackSocket.connected(to: target) else { return }
        defer { close(other) }
        LoopbackSocket.write([5, 0, 0, 1, 0, 0, 0, 0, 0, 0], to: connection)
        let answers = Thread {
            Self.pass(from: other, to: connection)
            shutdown(connection, Int32(SHUT_RDWR))
        }
        answers.start()
        Self.pass(from: connection, to: other)
        shutdown(other, Int32(SHUT_RDWR))
        while !answers.isFinished { usleep(1_000) }
    }

    private static func pass(from source: Int32, to target: Int32) {
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while case let count = Glibc.read(source, &chunk, chunk.count), count > 0 {
            LoopbackSocket.write(chunk[..<count], to: target)
        }
    }

    private static func read(_ count: Int, from descriptor: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < count {
            var chunk = [UInt8](repeating: 0, count: count - bytes.count)
            let read = Glibc.read(descriptor, &chunk, chunk.count)
            guard read > 0 else { return nil }
            bytes += chunk[..<read]
        }
        return bytes
    }
}
