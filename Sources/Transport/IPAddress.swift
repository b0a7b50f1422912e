package import EventLoop
import Glibc

/// A numeric IP address, and how far it reaches.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// Who can be reached at an address of this kind, and who reaches it.
    package enum Scope: Sendable {
        /// `0.0.0.0` and `::`: no address, or all of a machine's.
        case unspecified
        case loopback
        /// One network only (RFC 3927, RFC 4291); an IPv6 one means nothing without its zone.
        case linkLocal
        /// The networks of one site (RFC 1918, RFC 4193).
        case privateUse
        /// What a provider shares among its customers (RFC 6598).
        case carrier
        case multicast
        case global
    }

    /// 4 or 16 bytes, in network order.
    package let bytes: [UInt8]
    /// The interface of a link-local IPv6 address: its name or number.
    let zone: String?

    /// Reads a numeric address, IPv6 without brackets; nil for a name or anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard let literal = parts.first.map(String.init) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        if parts.count == 1, unsafe inet_pton(AF_INET, literal, &bytes) == 1 {
            bytes.removeLast(12)
        } else if unsafe inet_pton(AF_INET6, literal, &bytes) != 1 {
            return nil
        }
        self.bytes = bytes
        zone = parts.count == 2 ? String(parts[1]) : nil
    }

    /// An address of 4 or 16 bytes in network order; nil for any other number.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
        zone = nil
    }

    /// The address in `address`; nil for a Unix socket.
    package init?(_ address: SocketAddress) {
        guard case .ip(let text, _) = address else { return nil }
        self.init(text)
    }

    package var isIPv6: Bool { bytes.count == 16 }

    /// Whether it is an IPv4 address in the clothes of IPv6 (`::ffff:192.0.2.1`; RFC 4291, 2.5.5.2).
    package var isMappedIPv4: Bool {
        isIPv6 && bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
    }

    package var scope: Scope {
        if isMappedIPv4 { return Self.scope(ofIPv4: bytes.suffix(4)) }
        return isIPv6 ? scopeOfIPv6 : Self.scope(ofIPv4: bytes[...])
    }

    /// Whether it is one of a local network: private or link-local.
    package var isOfLocalNetwork: Bool { scope == .privateUse || scope == .linkLocal }

    /// The canonical text (RFC 5952), with the zone.
    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = unsafe inet_ntop(isIPv6 ? AF_INET6 : AF_INET, bytes, &text, socklen_t(text.count))
        let literal = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return literal + (zone.map { "%\($0)" } ?? "")
    }

    private static func scope(ofIPv4 bytes: ArraySlice<UInt8>) -> Scope {
        guard let first = bytes.first, let second = bytes.dropFirst().first else { return .unspecified }
        return switch (first, second) {
        case (0, _): .unspecified
        case (127, _): .loopback
        case (169, 254): .linkLocal
        case (10, _), (172, 16..<32), (192, 168): .privateUse
        case (100, 64..<128): .carrier
        case (224..., _): .multicast
        default: .global
        }
    }

    private var scopeOfIPv6: Scope {
        if bytes.dropLast().allSatisfy({ $0 == 0 }) {
            return bytes[15] == 0 ? .unspecified : bytes[15] == 1 ? .loopback : .global
        }
        return switch (bytes[0], bytes[1]) {
        case (0xFE, 0x80..<0xC0): .linkLocal
        case (0xFC, _), (0xFD, _): .privateUse
        case (0xFF, _): .multicast
        default: .global
        }
    }
}
