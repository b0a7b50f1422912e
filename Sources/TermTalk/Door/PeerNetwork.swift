package import EventLoop
import Glibc

/// Where the peer of a direct room comes from, as far as limits go: an IPv4 address, or the /64 of an IPv6 address, for who
/// has one address of such a network has all of them.
package struct PeerNetwork: Hashable, Sendable {
    private let bytes: [UInt8]

    /// Nil for an address that says nothing about who is there: a Unix socket, and this machine itself, where tor, tunnels
    /// and proxies end.
    package init?(_ address: SocketAddress) {
        guard case .ip(let text, _) = address else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        let host = String(text.prefix { $0 != "%" })
        if unsafe inet_pton(AF_INET, host, &bytes) == 1 {
            bytes = Array(bytes.prefix(4))
        } else if unsafe inet_pton(AF_INET6, host, &bytes) == 1 {
            // ::ffff:192.0.2.1 is 192.0.2.1.
            let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
            let isLoopback = bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
            guard !isLoopback else { return nil }
            bytes = isMapped ? Array(bytes.suffix(4)) : Array(bytes.prefix(8))
        } else {
            return nil
        }
        guard bytes.count != 4 || bytes[0] != 127 else { return nil }
        self.bytes = bytes
    }
}
