import Glibc
internal import Transport

/// Whether rooms with --direct can be reached, as far as this machine can tell by itself. It asks nobody.
enum NetworkChecks {
    /// What kind of addresses a machine has, the most useful last.
    enum Reach: Int, Comparable, Sendable {
        case none, local, carrier, globalIPv6, globalIPv4

        static func < (left: Reach, right: Reach) -> Bool { left.rawValue < right.rawValue }
    }

    static func findings() -> [Finding] {
        [direct(reach()), firewall()].compactMap { $0 }
    }

    static func direct(_ reach: Reach) -> Finding {
        switch reach {
        case .globalIPv4: .ok("direct", "this machine has a public IPv4 address")
        case .globalIPv6: .ok("direct", "this machine has a public IPv6 address; over IPv4 it is behind a router")
        case .carrier:
            .warn(
                "direct",
                "the provider shares one address among many (100.64.0.0/10): nobody outside can reach a direct room",
                hint: "use an onion service, IPv6 or a VPN; see docs/internet-guide.md")
        case .local:
            .warn(
                "direct", "this machine has private addresses only: direct rooms reach the local network",
                hint:
                    "for the Internet forward a port at the router, or use an onion service; see docs/internet-guide.md"
            )
        case .none: .warn("direct", "this machine has no network address", hint: "connect it to a network: ip addr")
        }
    }

    private static func reach() -> Reach {
        LocalInterface.all().map { reach(of: $0.address) }.max() ?? .none
    }

    static func reach(of address: IPAddress) -> Reach {
        switch address.scope {
        case .global: address.isIPv6 ? .globalIPv6 : .globalIPv4
        case .carrier: .carrier
        case .privateUse: .local
        case .unspecified, .loopback, .linkLocal, .multicast: .none
        }
    }

    private static func firewall() -> Finding? {
        if let text = try? String(contentsOfSmallFile: "/etc/ufw/ufw.conf"), text.contains("\nENABLED=yes") {
            return .warn(
                "firewall", "ufw is on: it refuses what comes from outside unless it is told otherwise",
                hint: "for a direct room on port 12345: sudo ufw allow 12345/tcp")
        }
        if unsafe access("/run/firewalld", F_OK) == 0 {
            return .warn(
                "firewall", "firewalld is on: it refuses what comes from outside unless it is told otherwise",
                hint: "for a direct room on port 12345: sudo firewall-cmd --add-port=12345/tcp")
        }
        return nil
    }
}

extension String {
    private enum ReadError: Error {
        case unreadable
    }

    /// The first 64 KiB of a file.
    fileprivate init(contentsOfSmallFile path: String) throws {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ReadError.unreadable }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { throw ReadError.unreadable }
        self = String(decoding: bytes[..<count], as: UTF8.self)
    }
}
