import Foundation
import Synchronization

/// Addresses and ports on loopback that nothing else uses.
package enum LoopbackAddress {
    private static let given = Mutex<Set<UInt16>>([])

    /// An address 127.x.y.z where all of `ports` are free. Each network has one of its own, so that networks side by
    /// side may use the same ports.
    static func unused(ports: [UInt16]) throws -> String {
        for _ in 0..<100 {
            let octets = [UInt8.random(in: 16...250), .random(in: 1...250), .random(in: 1...250)]
            let address = "127." + octets.map(String.init).joined(separator: ".")
            if ports.allSatisfy({ isFree(port: $0, at: address) }) { return address }
        }
        throw TorNetworkError("no free address on loopback")
    }

    /// A port of 127.0.0.1 where nothing listens, below the range from which the system takes ports for connections
    /// and for listeners on port 0. A process gets each port once.
    package static func unusedPort() throws -> UInt16 {
        for _ in 0..<1000 {
            let port = UInt16.random(in: 10_000..<32_000)
            if isFree(port: port, at: "127.0.0.1"), given.withLock({ $0.insert(port).inserted }) { return port }
        }
        throw TorNetworkError("no free port on 127.0.0.1")
    }

    private static func isFree(port: UInt16, at address: String) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return withSocketAddress(address, port) { bind(descriptor, $0, $1) } == 0
    }
}

/// Calls `body` with an IPv4 address in the form that the socket calls take.
func withSocketAddress<R>(_ address: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    var socketAddress = sockaddr_in()
    socketAddress.sin_family = sa_family_t(AF_INET)
    socketAddress.sin_port = port.bigEndian
    socketAddress.sin_addr.s_addr = inet_addr(address)
    return withUnsafePointer(to: &socketAddress) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
}
