import Testing

/// A home with a router, and the Internet.
struct HomeNetwork {
    let lab: NetworkLab
    let host: LabMachine
    let router: LabMachine
    let guest: LabMachine

    init(outside: String = "11.0.0.1/8") async throws {
        lab = try await NetworkLab()
        try await lab.addNetwork("home")
        try await lab.addNetwork("internet")
        router = try await lab.addMachine("router", [("home", ["192.168.77.1/24"]), ("internet", [outside])])
        host = try await lab.addMachine("host", [("home", ["192.168.77.2/24"])])
        guest = try await lab.addMachine("guest", [("internet", ["11.0.0.9/8"])])
        try await host.run("ip route add default via 192.168.77.1")
        let rules = try router.home.write(
            "rules.nft",
            """
            table inet filter {
              chain miniupnpd {}
              chain prerouting_miniupnpd {}
              chain postrouting_miniupnpd {}
              chain forward { type filter hook forward priority 0; policy drop; ct state established,related accept;
                iifname "eth0" accept; jump miniupnpd; }
              chain prerouting { type nat hook prerouting priority -100; jump prerouting_miniupnpd; }
              chain postrouting { type nat hook postrouting priority 100; oifname "eth1" masquerade;
                jump postrouting_miniupnpd; }
            }
            """)
        try await router.run("nft -f \(rules) && echo 1 >/proc/sys/net/ipv4/ip_forward")
    }

    /// Starts the router's daemon.
    func startDaemon(natPMP: Bool = true, upnp: Bool = true) async throws -> TermTalkProcess {
        let file = try router.home.write(
            "upnpd.conf",
            """
            ext_ifname=eth1
            listening_ip=eth0
            enable_natpmp=\(natPMP ? "yes" : "no")
            enable_upnp=\(upnp ? "yes" : "no")
            secure_mode=yes
            upnp_table_name=filter
            upnp_nat_table_name=filter
            upnp_forward_chain=miniupnpd
            upnp_nat_chain=prerouting_miniupnpd
            upnp_nat_postrouting_chain=postrouting_miniupnpd
            uuid=73a9cb68-a00b-4d2f-8412-75dc989f0c6\(natPMP ? 1 : 2)

            """)
        let daemon = try router.start(["miniupnpd", "-d", "-f", file, "-P", "\(router.home.path)/upnpd.pid"])
        try await daemon.errorLine { $0.contains("listening on port") || $0.contains("NAT-PMP") }
        return daemon
    }

    func open(_ more: [String] = ["--direct", "0.0.0.0", "--map-port"]) async throws -> (
        TermTalkProcess, ProgramEvent
    ) {
        let process = try host.termtalk(["host", "--json", "--room", "r", "--ttl", "20m"] + more)
        return (process, try await process.event("ready"))
    }

    /// The rules that lead from outside to the host.
    func mappings() async throws -> [String] {
        try await router.run("nft list chain inet filter prerouting_miniupnpd").filter { $0.contains("dnat") }
    }
}
