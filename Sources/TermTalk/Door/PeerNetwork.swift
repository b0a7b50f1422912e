internal import EventLoop
internal import Transport

/// Where the peer of a direct room comes from, as far as limits go: an IPv4 address, or the /64 of a global IPv6
/// address, for whoever has one address of such a network has all of them. Within a local network several people share it.
package struct PeerNetwork: Hashable, Sendable {
    private let bytes: [UInt8]

    /// Nil for an address that says nothing about who is there: a Unix socket, and this machine itself, where tor, tunnels
    /// and proxies end.
    init?(_ address: SocketAddress) {
        guard let address = IPAddress(address), address.scope != .loopback else { return nil }
        // ::ffff:192.0.2.1 is 192.0.2.1.
        let isWhole = !address.isIPv6 || address.isOfLocalNetwork
        bytes = address.isMappedIPv4 ? address.bytes.suffix(4) : Array(address.bytes.prefix(isWhole ? 16 : 8))
    }
}
