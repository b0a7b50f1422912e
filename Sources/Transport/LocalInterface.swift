internal import EventLoop
import Glibc

/// One address of one of this machine's network interfaces.
package struct LocalInterface: Hashable, Sendable {
    package let name: String
    /// With its zone, where it is link-local and IPv6.
    package let address: IPAddress
    /// The bits of the network's part of the address.
    let prefixLength: Int
    let isLoopback: Bool
    /// Whether it leads to one other machine only, as tunnels do.
    let isPointToPoint: Bool
    /// Whether many machines can be told something at once there.
    let isMulticast: Bool

    /// The addresses of all interfaces that are up and have a carrier, in the kernel's order.
    package static func all() -> [LocalInterface] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&list) == 0 else { return [] }
        defer { unsafe freeifaddrs(list) }
        var interfaces: [LocalInterface] = []
        var next = unsafe list
        while let entry = unsafe next?.pointee {
            unsafe next = entry.ifa_next
            let flags = unsafe Int(entry.ifa_flags)
            guard flags & Int(IFF_UP) != 0, flags & Int(IFF_RUNNING) != 0,
                let sockaddr = unsafe entry.ifa_addr, let address = unsafe address(sockaddr)
            else { continue }
            interfaces.append(
                LocalInterface(
                    name: unsafe String(cString: entry.ifa_name), address: address,
                    prefixLength: unsafe prefixLength(entry.ifa_netmask),
                    isLoopback: flags & Int(IFF_LOOPBACK) != 0,
                    isPointToPoint: flags & Int(IFF_POINTOPOINT) != 0,
                    isMulticast: flags & Int(IFF_MULTICAST) != 0))
        }
        return interfaces
    }

    /// The private and link-local addresses of local networks, of which there may be several; tunnels are none. Those that
    /// reach most come first.
    package static func ofLocalNetworks() -> [LocalInterface] {
        let own = all().filter { own in
            own.address.isOfLocalNetwork && own.isMulticast && !own.isLoopback && !own.isPointToPoint
        }
        return own.filter { $0.address.scope == .privateUse } + own.filter { $0.address.scope == .linkLocal }
    }

    /// Whether `peer` is in the network of this address.
    package func contains(_ peer: IPAddress) -> Bool {
        guard peer.bytes.count == address.bytes.count else { return false }
        if peer.isIPv6, peer.scope == .linkLocal, peer.zone != address.zone { return false }
        return zip(peer.bytes, address.bytes).enumerated().allSatisfy { index, pair in
            let bits = min(8, max(0, prefixLength - index * 8))
            return (pair.0 ^ pair.1) >> (8 - bits) == 0
        }
    }

    private static func address(_ sockaddr: UnsafePointer<sockaddr>) -> IPAddress? {
        let length: Int
        switch unsafe Int32(sockaddr.pointee.sa_family) {
        case AF_INET: length = MemoryLayout<sockaddr_in>.size
        case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        return unsafe SocketAddress(copying: sockaddr, length: socklen_t(length)).flatMap { IPAddress($0) }
    }

    /// The leading ones of a mask; a mask of the kernel's may have no family.
    private static func prefixLength(_ mask: UnsafePointer<sockaddr>?) -> Int {
        guard let mask = unsafe mask, let address = unsafe address(mask) else { return 0 }
        return address.bytes.map(\.nonzeroBitCount).reduce(0, +)
    }
}
