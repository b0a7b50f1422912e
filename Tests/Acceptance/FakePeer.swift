import Foundation
import Synchronization

/// A TCP server on loopback that is not termtalk.
final class FakePeer: Sendable {
    /// What it does with each connection.
    enum Behaviour: Sendable {
        /// Says this, and then nothing.
        case says([UInt8])
        /// Closes at once.
        case closes
        /// Sends back what it gets.
        case echoes
        /// Passes everything on to a port of 127.0.0.1, and what comes from there back.
        case forwards(to: UInt16)
    }

    let port: UInt16
    private let listener: Int32
    private let behaviour: Behaviour
    private let state = Mutex(
        (open: [Int32](), received: [UInt8](), sent: [UInt8](), answered: [UInt8](), isStopped: false))

    init(_ behaviour: Behaviour) throws {
        self.behaviour = behaviour
        (listener, port) = try LoopbackSocket.listening()
        LoopbackSocket.accept(at: listener) { [weak self] connection in
            self?.accepted(connection) != nil
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        closeConnections()
    }

    var address: String { "127.0.0.1:\(port)" }

    /// What peers have sent so far, and what the other side of a forwarder has answered.
    var traffic: String { state.withLock { String(decoding: $0.received, as: UTF8.self) } }

    /// What peers have sent so far, without the answers of whom a forwarder forwards to.
    var sent: [UInt8] { state.withLock { $0.sent } }

    /// What whom a forwarder forwards to has answered.
    var answered: [UInt8] { state.withLock { $0.answered } }

    /// Breaks all connections.
    func closeConnections() {
        for connection in state.withLock({ $0.open }) { shutdown(connection, Int32(SHUT_RDWR)) }
    }

    private func accepted(_ connection: Int32) {
        state.withLock { $0.open.append(connection) }
        switch behaviour {
        case .says(let bytes):
            LoopbackSocket.write(bytes[...], to: connection)
            relay(from: connection, to: nil)
        case .closes:
            shutdown(connection, Int32(SHUT_RDWR))
        case .echoes:
            relay(from: connection, to: connection)
        case .forwards(let port):
            guard let other = try? LoopbackSocket.connected(to: port) else {
                shutdown(connection, Int32(SHUT_RDWR))
                return
            }
            state.withLock { $0.open.append(other) }
            relay(from: connection, to: other)
            relay(from: other, to: connection, isAnswer: true)
        }
    }

    private func relay(from source: Int32, to target: Int32?, isAnswer: Bool = false) {
        Thread { [weak self] in
            var chunk = [UInt8](repeating: 0, count: 4_096)
            while case let count = read(source, &chunk, chunk.count), count > 0 {
                self?.state.withLock {
                    $0.received += chunk[..<count]
                    if isAnswer { $0.answered += chunk[..<count] } else { $0.sent += chunk[..<count] }
                }
                if let target { LoopbackSocket.write(chunk[..<count], to: target) }
            }
            if let target { shutdown(target, Int32(SHUT_RDWR)) }
        }.start()
    }
}

/// Sockets on 127.0.0.1.
enum LoopbackSocket {
    /// A listening socket and its port.
    static func listening() throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        var address = address(port: 0)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard result else { throw TermTalkProcess.Missing(description: "cannot listen") }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    /// Gives each connection to `take`, on a thread that ends, and closes the listener, when that is shut down or `take` is not
    /// there any more: a number that is closed while a thread waits at it may be another socket's by then.
    static func accept(at listener: Int32, _ take: @escaping @Sendable (Int32) -> Bool) {
        Thread {
            while case let connection = Glibc.accept(listener, nil, nil), connection >= 0 {
                guard take(connection) else {
                    close(connection)
                    break
                }
            }
            close(listener)
        }.start()
    }

    static func connected(to port: UInt16) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = address(port: port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            close(descriptor)
            throw TermTalkProcess.Missing(description: "cannot connect to port \(port)")
        }
        return descriptor
    }

    static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest.removeFirst(count)
        }
    }

    private static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }
}
