import Foundation
import Testing

/// Machines with mDNS daemons of their own.
@Suite(
    .enabled(if: NetworkLab.isAvailable, NetworkLab.reason),
    .enabled(if: NetworkLab.hasDaemons, "needs avahi-daemon(8), avahi-browse(1), dbus-daemon(1) and nft(8)"))
struct LANDaemonTests {
    /// Rules for what comes in, in a table that can be taken away.
    private static func drop(_ rules: String...) -> String {
        "nft add table inet quiet && nft add chain inet quiet in '{ type filter hook input priority 0; }'"
            + rules.map { " && nft add rule inet quiet in \($0) drop" }.joined()
    }

    private func startBus(_ machine: LabMachine) async throws -> TermTalkProcess {
        try await machine.run("mkdir -p /run/dbus /run/avahi-daemon")
        let bus = try machine.start(["dbus-daemon", "--system", "--nofork", "--nopidfile", "--print-address"])
        _ = try await bus.line { $0.hasPrefix("unix:") }
        return bus
    }

    private func startDaemon(_ machine: LabMachine, onBus: Bool = true) async throws -> TermTalkProcess {
        let file = try machine.home.write(
            "avahi.conf",
            """
            [server]
            enable-dbus=\(onBus ? "yes" : "no")
            use-ipv4=yes
            [wide-area]
            enable-wide-area=no
            [publish]
            [rlimits]

            """)
        let daemon = try machine.start(
            ["avahi-daemon", "-f", file, "--no-drop-root", "--no-chroot", "--no-rlimits", "--debug"])
        try await daemon.errorLine { $0.contains("Server startup complete") }
        return daemon
    }

    private func kill(_ process: TermTalkProcess) async throws {
        process.signal(SIGKILL)
        _ = try await process.result()
    }

    @Test("Beside an mDNS daemon of each machine, and without it again")
    func besideADaemon() async throws {
        let pair = try await LANPair()
        let daemons = [
            try await startDaemon(pair.host, onBus: false), try await startDaemon(pair.guest, onBus: false),
        ]
        let (host, _) = try await pair.open()
        let guest = try pair.join([LANPair.room, "--accept-new-host"])
        try await guest.event("joined-room")
        for daemon in daemons { try await kill(daemon) }
        try await LANTests.talk(3, from: guest, to: host, "daemon killed")
        let other = try pair.join([LANPair.room])
        try await other.event("joined-room")
    }

    @Test(
        "Through a firewall that lets in what is said to everybody only, and one that lets in answers to oneself only",
        arguments: ["udp dport != 5353 udp sport 5353", "udp dport 5353"])
    func throughAFirewall(dropped: String) async throws {
        let pair = try await LANPair()
        try await pair.guest.run(Self.drop(dropped))
        let (host, _) = try await pair.open()
        defer { host.signal(SIGTERM) }
        let guest = try pair.join([LANPair.room, "--accept-new-host"])
        try await guest.event("joined-room")
    }

    @Test("What the daemon knows is found though no packet comes; when it is killed, and the bus, the network is asked")
    func theDaemonKnows() async throws {
        let pair = try await LANPair()
        let bus = try await startBus(pair.guest)
        let daemon = try await startDaemon(pair.guest)
        let (host, _) = try await pair.open()
        defer { host.signal(SIGTERM) }
        // The tool waits for ever where an answer is lost while it asks.
        var tries = 15
        while try await !pair.guest.run("timeout 10 avahi-browse -rpt _termtalk._tcp || true").contains(where: {
            $0.hasPrefix("=")
        }) {
            tries -= 1
            try #require(tries > 0, "the daemon has not heard of the room")
        }
        try await pair.guest.run(Self.drop("udp dport 5353", "udp sport 5353"))
        let guest = try pair.join([LANPair.room, "--accept-new-host"])
        try await guest.event("joined-room")

        try await kill(daemon)
        let none = try await pair.join([LANPair.room]).result()
        #expect(none.events("error").first?.code == "no-such-room", "the other home knows no address")
        try await pair.guest.run("nft delete table inet quiet")
        let asked = try pair.join([LANPair.room])
        try await asked.event("joined-room")

        let again = try await startDaemon(pair.guest)
        try await kill(bus)
        let last = try pair.join([LANPair.room])
        try await last.event("joined-room")
        try await kill(again)
        try await LANTests.talk(3, from: guest, to: host, "both killed")
    }
}
