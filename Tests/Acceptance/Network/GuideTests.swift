import Foundation
import Testing

/// What docs/internet-guide.md tells people to do, on machines of namespaces: docs/lan-guide.md is in `LANTests`, `--map-port`
/// in `PortMapTests`.
@Suite(.enabled(if: NetworkLab.isAvailable && NetworkLab.hasNft, "needs namespaces and nft(8)"))
struct GuideTests {
    private static func join(_ ready: ProgramEvent, at address: String, _ guest: LabMachine) throws -> TermTalkProcess {
        try guest.termtalk([
            "join", ready.room ?? "", "--direct", address, "--host-key", ready.hostKey ?? "", "--json",
        ])
    }

    @Test("Port forwarding by hand: without the rule nobody comes in, with it everybody does")
    func forwardedByHand() async throws {
        let home = try await HomeNetwork()
        let (host, ready) = try await home.open(["--direct", "0.0.0.0:12345"])
        defer { host.signal(SIGTERM) }
        let refused = try await Self.join(ready, at: "11.0.0.1:12345", home.guest).result()
        #expect(
            refused.status == 69 && refused.events("error").first?.code == "connection-refused", "\(refused.output)")
        try await home.router.run(
            """
            nft add rule inet filter prerouting iifname eth1 tcp dport 12345 dnat ip to 192.168.77.2:12345 &&
            nft add rule inet filter miniupnpd ip daddr 192.168.77.2 tcp dport 12345 accept
            """)
        try await Self.join(ready, at: "11.0.0.1:12345", home.guest).event("joined-room")
    }

    @Test("IPv6, and a firewall with the guide's rule")
    func sixAndFirewall() async throws {
        let lab = try await NetworkLab()
        try await lab.addNetwork("internet")
        let machine = try await lab.addMachine("host", [("internet", ["2001:db8::1/64", "192.0.2.1/24"])])
        let guest = try await lab.addMachine("guest", [("internet", ["2001:db8::2/64", "192.0.2.2/24"])])
        try await machine.run(
            """
            nft add table inet filter &&
            nft add chain inet filter input '{ type filter hook input priority 0; policy drop; }' &&
            nft add rule inet filter input ct state established,related accept &&
            nft add rule inet filter input meta l4proto ipv6-icmp accept &&
            nft add rule inet filter input tcp dport 12345 accept
            """)
        let host = try machine.termtalk(["host", "--direct", "[::]:12345", "--json", "--room", "r"])
        defer { host.signal(SIGTERM) }
        let ready = try await host.event("ready")
        #expect(ready.invite?.contains("@[2001:db8::1]:12345,192.0.2.1:12345/") == true)
        for address in ["[2001:db8::1]:12345", "192.0.2.1:12345"] {
            try await Self.join(ready, at: address, guest).event("joined-room")
        }
    }

    @Test("The network goes away under the address of an invite, and another of its addresses leads to the room")
    func anotherAddressOfTheInvite() async throws {
        let lab = try await NetworkLab()
        try await lab.addNetwork("one")
        try await lab.addNetwork("two")
        let machine = try await lab.addMachine("host", [("one", ["10.1.0.1/24"]), ("two", ["10.2.0.1/24"])])
        let guest = try await lab.addMachine("guest", [("one", ["10.1.0.2/24"]), ("two", ["10.2.0.2/24"])])
        let host = try machine.termtalk([
            "host", "--direct", "10.1.0.1", "--direct", "10.2.0.1", "--json", "--room", "r", "--ttl", "20m",
        ])
        defer { host.signal(SIGTERM) }
        let invite = try #require(try await host.event("ready").invite)
        let allowed = try guest.home.write("direct.toml", "[join]\ndirect = true\n")
        let member = try guest.termtalk(["join", invite, "--json", "--config", allowed])
        #expect(try await member.event("joined-room").address == "10.1.0.1:12345")
        let start = member.eventCount
        try await guest.run("ip link set eth0 down")
        try await member.event("connection", from: start) { $0.state == "connected" }
        member.send("over the other network")
        try await host.event("message") { $0.text == "over the other network" }
    }
}
