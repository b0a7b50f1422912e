package import Glibc

/// Where a stream socket listens or connects to.
package enum SocketAddress: Hashable, Sendable, CustomStringConvertible {
    /// A numeric IPv4 address, or a numeric IPv6 address without brackets, with a scope where needed (`fe80::1%eth0`).
    case ip(String, port: UInt16)
    /// A Unix socket, at most 107 bytes of path.
    case unix(path: String)

    /// `1.2.3.4:5`, `[::1]:5` or `unix:/path`.
    package var description: String {
        switch self {
        case .ip(let address, let port): address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// The readable form of what the system calls and the resolver return; nil for a family other than IP and Unix.
    package init?(copying address: UnsafePointer<sockaddr>, length: socklen_t) {
        guard let address = unsafe RawSocketAddress(copying: address, length: length)?.socketAddress else { return nil }
        self = address
    }

    /// The port of an IP address.
    package var port: UInt16? {
        if case .ip(_, let port) = self { port } else { nil }
    }
}

/// Why a ``SocketAddress`` means nothing to the system.
enum SocketAddressError: Error {
    case invalid
    case pathTooLong
}

/// A ``SocketAddress`` in the form of the system calls.
struct RawSocketAddress {
    private var storage = sockaddr_storage()
    private var length = socklen_t(0)

    var family: Int32 { Int32(storage.ss_family) }

    init(_ address: SocketAddress) throws(SocketAddressError) {
        switch address {
        case .ip(let host, let port):
            guard parseIPv4(host, port: port) || parseIPv6(host, port: port) else { throw .invalid }
        case .unix(let path):
            try setPath(path)
        }
    }

    /// The address of this end of a socket, or of the other; nil when the system does not tell.
    init?(of descriptor: Int32, peer: Bool) {
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = unsafe withUnsafeMutablePointer(to: &storage) { storage in
            unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe peer ? getpeername(descriptor, address, &length) : getsockname(descriptor, address, &length)
            }
        }
        guard code == 0 else { return nil }
    }

    init?(copying address: UnsafePointer<sockaddr>, length: socklen_t) {
        guard Int(length) <= MemoryLayout<sockaddr_storage>.size else { return nil }
        self.length = length
        unsafe withUnsafeMutableBytes(of: &storage) {
            unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(length)))
        }
    }

    func withSockaddr<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        unsafe withUnsafePointer(to: storage) { storage in
            unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
        }
    }

    /// The readable form; nil for a family other than IP and Unix.
    var socketAddress: SocketAddress? {
        if family == AF_UNIX {
            return .unix(path: unixPath)
        }
        guard family == AF_INET || family == AF_INET6 else { return nil }
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var service = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let code = unsafe withSockaddr {
            unsafe getnameinfo(
                $0, $1, &host, socklen_t(host.count), &service, socklen_t(service.count),
                NI_NUMERICHOST | NI_NUMERICSERV)
        }
        guard code == 0, let port = UInt16(text(service)) else { return nil }
        return .ip(text(host), port: port)
    }

    /// The 4 or 16 bytes of an IP address in network order, and the port; nil for another family.
    var ipBytes: (address: [UInt8], port: UInt16)? {
        let (offset, count): (Int?, Int) =
            switch family {
            case AF_INET: (MemoryLayout<sockaddr_in>.offset(of: \.sin_addr), 4)
            case AF_INET6: (MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr), 16)
            default: (nil, 0)
            }
        guard let offset else { return nil }
        return unsafe withUnsafeBytes(of: storage) { bytes in
            // The port is at the same place in both.
            let port = unsafe UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self))
            return unsafe (Array(bytes[offset..<offset + count]), port)
        }
    }

    private var unixPath: String {
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        return unsafe withUnsafeBytes(of: storage) { bytes in
            let path = unsafe bytes[offset..<max(offset, min(Int(length), bytes.count))]
            return unsafe String(decoding: path.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    private func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private mutating func parseIPv4(_ host: String, port: UInt16) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        guard unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return false }
        store(address)
        return true
    }

    private mutating func parseIPv6(_ host: String, port: UInt16) -> Bool {
        let parts = host.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        guard let literal = parts.first, unsafe inet_pton(AF_INET6, String(literal), &address.sin6_addr) == 1 else {
            return false
        }
        if parts.count == 2 {
            address.sin6_scope_id = unsafe UInt32(parts[1]) ?? if_nametoindex(String(parts[1]))
            guard address.sin6_scope_id != 0 else { return false }
        }
        store(address)
        return true
    }

    private mutating func setPath(_ path: String) throws(SocketAddressError) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, !bytes.contains(0) else { throw .invalid }
        var address = sockaddr_un()
        // One byte is for the terminating zero.
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { throw .pathTooLong }
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        store(address)
    }

    private mutating func store<T>(_ address: T) {
        length = socklen_t(MemoryLayout<T>.size)
        _ = unsafe withUnsafeMutableBytes(of: &storage) {
            unsafe $0.baseAddress?.initializeMemory(as: T.self, repeating: address, count: 1)
        }
    }
}
