package import EventLoop
import Glibc

/// Where a direct room listens, and what address its invite names.
package enum DirectListener {
    /// The numeric addresses behind what the user typed, to listen on exactly one of them. Blocks while a name is resolved.
    package static func addresses(of hostPort: HostPort) -> Result<[SocketAddress], DialError> {
        DirectNameResolver.addresses(ofHost: hostPort.host, port: hostPort.port)
    }

    /// The host that peers dial: what the user typed, unless that stands for all addresses of the machine; then the first
    /// one that is not loopback, of the same family, or loopback on a machine that has no other.
    package static func shownHost(for local: SocketAddress, asked: String) -> String {
        switch local {
        case .ip("0.0.0.0", _): interfaceAddress(family: AF_INET) ?? "127.0.0.1"
        case .ip("::", _): interfaceAddress(family: AF_INET6) ?? "::1"
        default: asked
        }
    }

    private static func interfaceAddress(family: Int32) -> String? {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&list) == 0 else { return nil }
        defer { unsafe freeifaddrs(list) }
        var next = unsafe list
        while let entry = unsafe next?.pointee {
            unsafe next = entry.ifa_next
            let isUsable = unsafe entry.ifa_flags & UInt32(IFF_UP) != 0 && entry.ifa_flags & UInt32(IFF_LOOPBACK) == 0
            guard isUsable, let address = unsafe entry.ifa_addr, unsafe Int32(address.pointee.sa_family) == family
            else {
                continue
            }
            let length = family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
            if case .ip(let text, _)? = unsafe SocketAddress(copying: address, length: socklen_t(length)),
                !text.hasPrefix("fe80:")
            {
                return text
            }
        }
        return nil
    }
}
