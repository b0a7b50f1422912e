import EventLoop
import Glibc

/// Where the server of a benchmark listens.
enum BenchmarkAddress {
    case port(UInt16)
    case path(String)

    /// `PORT`, or `unix:PATH`.
    init?(_ text: String) {
        if text.hasPrefix("unix:") {
            self = .path(String(text.dropFirst(5)))
        } else if let port = UInt16(text) {
            self = .port(port)
        } else {
            return nil
        }
    }

    var listening: SocketAddress {
        switch self {
        case .port(let port): .ip("127.0.0.1", port: port)
        case .path(let path): .unix(path: path)
        }
    }

    /// A socket that begins to connect.
    func connecting() throws -> Int32 {
        switch self {
        case .port(let port):
            let descriptor = try Self.socket(AF_INET)
            var one: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            return try Self.connect(descriptor, address)
        case .path(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
            return try Self.connect(Self.socket(AF_UNIX), address)
        }
    }

    private static func socket(_ family: Int32) throws -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = Glibc.socket(family, kind, 0)
        guard descriptor >= 0 else { throw BenchmarkError("socket: \(errno)") }
        return descriptor
    }

    private static func connect<Address>(_ descriptor: Int32, _ address: Address) throws -> Int32 {
        let code = withUnsafePointer(to: address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
        guard code == 0 || errno == EINPROGRESS else { throw BenchmarkError("connect: \(errno)") }
        return descriptor
    }
}
