import Foundation
import Testing

/// Machines of network namespaces on a switch of their own: what they send reaches nothing else. They go with this value.
final class NetworkLab: Sendable {
    /// Why tests of it do not run here.
    static let reason: Comment = "network namespaces need root, ip(8), nsenter(1) and tcpdump(8)"

    /// Whether this machine lets its tests make namespaces.
    static let isAvailable: Bool = {
        guard getuid() == 0 else { return false }
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", "unshare -nmu true && command -v ip nsenter tcpdump ss"]
        shell.standardOutput = FileHandle.nullDevice
        shell.standardError = FileHandle.nullDevice
        guard (try? shell.run()) != nil else { return false }
        shell.waitUntilExit()
        return shell.terminationStatus == 0
    }()

    /// Whether there is what makes a router of a machine.
    static let hasRouter = ["/usr/sbin/miniupnpd", "/usr/sbin/nft"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Whether there is what makes a firewall.
    static let hasNft = FileManager.default.isExecutableFile(atPath: "/usr/sbin/nft")

    /// Whether there is an mDNS daemon, its client, and a bus, for machines that have them.
    static let hasDaemons =
        hasNft
        && ["/usr/sbin/avahi-daemon", "/usr/bin/avahi-browse", "/usr/bin/dbus-daemon"].allSatisfy {
            FileManager.default.isExecutableFile(atPath: $0)
        }

    let switchboard: LabMachine

    init() async throws {
        switchboard = try await LabMachine("switch")
    }

    /// A bridge of the switch: machines at one are in one network.
    func addNetwork(_ name: String) async throws {
        // Without snooping, which would drop multicasts until somebody has asked for them.
        try await switchboard.run("ip link add \(name) type bridge mcast_snooping 0 && ip link set \(name) up")
    }

    /// A machine with an interface at each network, `eth0` and so on, and the addresses given.
    func addMachine(_ name: String, _ links: [(network: String, addresses: [String])]) async throws -> LabMachine {
        let machine = try await LabMachine(name)
        for (index, link) in links.enumerated() {
            let port = "\(name)\(index)"
            try await switchboard.run(
                """
                ip link add \(port) type veth peer name eth\(index) netns /proc/\(machine.pid)/ns/net &&
                ip link set \(port) master \(link.network) up
                """)
            try await machine.run("ip link set eth\(index) up")
            for address in link.addresses { try await machine.run("ip addr add \(address) dev eth\(index) nodad") }
        }
        return machine
    }
}
