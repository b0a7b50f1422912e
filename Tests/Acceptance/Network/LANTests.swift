import Foundation
import Testing

/// Rooms on a local network: two machines and a switch, in namespaces of their own.
@Suite(.enabled(if: NetworkLab.isAvailable, NetworkLab.reason))
struct LANTests {
    private static let room = LANPair.room

    /// Sends lines one after the other, and waits until the other has them in order.
    static func talk(
        _ count: Int, from sender: TermTalkProcess, to receiver: TermTalkProcess, _ prefix: String
    ) async throws {
        for number in 0..<count { sender.send("\(prefix) \(number)") }
        let heard = try await receiver.events("message", count: count) { $0.text?.hasPrefix(prefix) == true }
        #expect(heard.map(\.text) == (0..<count).map { "\(prefix) \($0)" })
    }

    @Test("Found by its id, a thousand messages; the packets name nobody, and nothing listens anywhere else")
    func findAndTalk() async throws {
        let pair = try await LANPair(host: ["192.168.7.1/24", "11.0.0.1/8", "2001:db8::1/64"])
        let capture = try await pair.guest.capture()
        let (host, ready) = try await pair.open(["--nick", "hostess"])
        #expect(ready.transport == "lan" && ready.address == "192.168.7.1:12345")
        let guest = try pair.join([Self.room, "--accept-new-host", "--nick", "visitor"])
        let joined = try await guest.event("joined-room")
        #expect(joined.transport == "lan" && joined.trust == "new")
        try await Self.talk(500, from: host, to: guest, "down")
        try await Self.talk(500, from: guest, to: host, "up")

        // The columns are: protocol, state, two queues, own address, peer's.
        let sockets = try await pair.host.run("ss -Hltun").map { $0.split(separator: " ").map(String.init) }
        let listening = sockets.filter { $0[0] == "tcp" }.map { $0[4] }
        #expect(listening.contains("192.168.7.1:12345"))
        #expect(listening.allSatisfy { $0.hasPrefix("192.168.7.1:") || $0.hasPrefix("[fe80:") }, "\(listening)")
        #expect(sockets.filter { $0[0] == "udp" }.allSatisfy { $0[4].hasSuffix(":5353") }, "\(sockets)")

        guest.closeInput()
        _ = try await guest.result()
        host.signal(SIGTERM)
        _ = try await host.result()
        let packets = try await capture.finish()
        // What the test looks for is in clear, if anywhere.
        #expect(packets.contains("_termtalk") && packets.contains("v=1"))
        for secret in [Self.room, LabMachine.hostName, "name-of-this-user", "hostess", "visitor", "linux", "x86_64"] {
            #expect(!packets.contains(secret), "\(secret)")
        }
        #expect(packets.tells([192, 168, 7, 1]) && !packets.tells([11, 0, 0, 1]))
        #expect(!packets.tells([0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]))
        let known = try pair.join([Self.room])
        #expect(try await known.result().events("error").first?.code == "no-such-room", "the room has gone")
    }

    /// Where a profile refuses the socket by which Avahi follows addresses, Avahi would end the process.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"), "needs python3"))
    func addressesMayNotBeFollowed() async throws {
        let refusing = """
            import ctypes, os, platform, struct, sys
            libc = ctypes.CDLL(None, use_errno=True)
            number = 41 if platform.machine() == "x86_64" else 198
            def step(code, yes, no, value): return struct.pack("HBBI", code, yes, no, value)
            # EACCES for a netlink socket of datagrams; everything else as it was.
            steps = [step(0x20, 0, 0, 0), step(0x15, 0, 6, number), step(0x20, 0, 0, 16), step(0x15, 0, 4, 16),
                     step(0x20, 0, 0, 24), step(0x54, 0, 0, 15), step(0x15, 0, 1, 2),
                     step(0x06, 0, 0, 0x50000 | 13), step(0x06, 0, 0, 0x7FFF0000)]
            code = ctypes.create_string_buffer(b"".join(steps))
            program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
            assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.c_char_p(program)) == 0
            os.execv(sys.argv[1], sys.argv[1:])
            """
        let pair = try await LANPair()
        let filtered = ["python3", "-c", refusing, try TermTalkProcess.binary()]
        // The room is open all the same, and its person knows that it is not told of.
        let host = try pair.host.start(filtered + ["host", "--lan", "--json", "--room", Self.room])
        #expect(try await host.event("warning").message?.contains("a netlink socket") == true)
        try await host.event("ready")
        host.signal(SIGTERM)
        let ended = try await host.result()
        #expect(ended.status == 0, "\(ended)")
        let guest = try pair.guest.start(filtered + ["join", Self.room, "--lan", "--json"])
        let result = try await guest.result()
        #expect(result.status == 69)
        #expect(result.events("error").first?.message?.contains("a netlink socket") == true)
    }

    @Test func byInvite() async throws {
        let pair = try await LANPair()
        let (host, ready) = try await pair.open()
        defer { host.signal(SIGTERM) }
        let invite = try #require(ready.invite)
        let guest = try pair.join([invite])
        #expect(try await guest.event("joined-room").trust == "invite")
        // Without --lan the invite names the address.
        let other = try pair.guest.termtalk(["join", invite, "--direct", "192.168.7.1:12345", "--json"])
        #expect(try await other.event("joined-room").transport == "direct")
    }

    @Test func nobodyIsThereOrNotKnown() async throws {
        let pair = try await LANPair()
        let (host, _) = try await pair.open()
        defer { host.signal(SIGTERM) }
        let wrong = try await pair.join(["a3f5d7b9e2c4f6a9"]).result()
        #expect(wrong.status == 69 && wrong.events("error").first?.code == "no-such-room")
        let unknown = try await pair.join([Self.room]).result()
        #expect(unknown.status == 76 && unknown.events("error").first?.code == "host-key-unknown")
        let first = try pair.join([Self.room, "--accept-new-host"])
        try await first.event("joined-room")
        let again = try pair.join([Self.room])
        #expect(try await again.event("joined-room").trust == "known", "the key is the room's, whatever its address")
    }

    @Test func lists() async throws {
        let pair = try await LANPair()
        let (host, _) = try await pair.open()
        defer { host.signal(SIGTERM) }
        let second = try TestHome()
        let shown = try pair.host.termtalk(["host", "--lan", "Küche 1", "--json", "--room", "kitchen"], home: second)
        defer { shown.signal(SIGTERM) }
        let ready = try await shown.event("ready")
        #expect(ready.address?.hasPrefix("192.168.7.1:") == true && ready.address != "192.168.7.1:12345")
        // A room is told of a second after it is ready (RFC 6762, 8.1).
        var lines: [String] = []
        while lines.isEmpty { lines = try await pair.guest.termtalk(["rooms", "--lan", "--json"]).result().output }
        #expect(lines.count == 1)
        for part in [#""room":"kitchen""#, #""name":"Küche 1""#, #""transport":"lan""#] {
            #expect(lines.first?.contains(part) == true, "\(lines)")
        }
        let plain = try await pair.guest.termtalk(["rooms", "--lan"]).result()
        #expect(
            plain.output.first?.hasPrefix("kitchen  lan  ") == true && plain.output.first?.hasSuffix("Küche 1") == true)
        #expect(plain.errors.first?.hasPrefix("1 more") == true)
        let guest = try pair.join(["kitchen", "--accept-new-host"])
        try await guest.event("joined-room")
    }

    @Test("By the menu: a room is opened, and another one joined", .enabled(if: Terminal.tmux != nil, "needs tmux"))
    func menu() async throws {
        let pair = try await LANPair()
        let opening = try await pair.host.terminal()
        for (question, answer) in [("q  quit", "1"), ("or lan", "lan"), ("How long", "15m"), ("nick", "hostess")] {
            try await opening.shows(question)
            try await opening.type(answer)
        }
        try await opening.shows("it closes in 15 minutes")
        var told: [String] = []
        while !told.contains(where: { $0.hasPrefix("1 more") }) {
            told = try await pair.guest.termtalk(["rooms", "--lan"]).result().errors
        }

        let (host, _) = try await pair.open()
        defer { host.signal(SIGTERM) }
        let joining = try await pair.guest.terminal()
        for (question, answer) in [
            ("q  quit", "2"), ("Invite, or the room's id", Self.room), ("nick", "visitor"), ("or lan", "lan"),
            ("yes", "yes"),
        ] {
            try await joining.shows(question)
            try await joining.type(answer)
        }
        try await host.event("member-joined") { $0.nick == "visitor" }
    }

    @Test("Network down and up, another address, another port of the switch: members come back by themselves")
    func networkComesAndGoes() async throws {
        let pair = try await LANPair()
        let (host, _) = try await pair.open()
        let guest = try pair.join([Self.room, "--accept-new-host"])
        try await guest.event("joined-room")
        try await Self.talk(1, from: guest, to: host, "before")

        try await pair.guest.run(
            """
            sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
            ip link set eth0 down; ip link set eth0 up; ip addr replace 192.168.7.2/24 dev eth0
            """)
        try await Self.talk(3, from: host, to: guest, "down and up")

        var start = guest.eventCount
        try await pair.guest.run("ip addr del 192.168.7.2/24 dev eth0; ip addr add 192.168.7.77/24 dev eth0")
        try await guest.event("connection", from: start) { $0.state == "connected" }
        try await Self.talk(3, from: host, to: guest, "guest moved")

        start = guest.eventCount
        try await pair.host.run(
            "sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1; ip addr add 10.9.0.1/24 dev eth0; ip addr del 192.168.7.1/24 dev eth0"
        )
        try await pair.guest.run("ip addr add 10.9.0.2/24 dev eth0")
        let moved = ContinuousClock.now
        guest.send("host moved 0")
        try await guest.event("connection", from: start) { $0.state == "connected" }
        // The session itself would notice after 45 s.
        #expect(ContinuousClock.now - moved < .seconds(25))
        try await host.event("message") { $0.text == "host moved 0" }
        host.send("/invite")
        try await host.event("invite") { $0.invite?.contains("@10.9.0.1:12345/") == true }
    }

    @Test("Several networks: each hears of its own address only")
    func severalNetworks() async throws {
        let lab = try await NetworkLab()
        try await lab.addNetwork("left")
        try await lab.addNetwork("right")
        let host = try await lab.addMachine("host", [("left", ["10.1.0.1/24"]), ("right", ["10.2.0.1/24"])])
        let left = try await lab.addMachine("l", [("left", ["10.1.0.2/24"])])
        let right = try await lab.addMachine("r", [("right", ["10.2.0.2/24"])])
        for machine in [host, left, right] {
            try await machine.run("for f in /proc/sys/net/ipv6/conf/eth*/disable_ipv6; do echo 1 >$f; done")
        }
        let capture = try await right.capture()
        let room = try host.termtalk(["host", "--lan", "--json", "--room", Self.room])
        defer { room.signal(SIGTERM) }
        try await room.event("ready")
        for (machine, address) in [(left, "10.1.0.1:12345"), (right, "10.2.0.1:12345")] {
            let guest = try machine.termtalk(["join", Self.room, "--lan", "--accept-new-host", "--json"])
            #expect(try await guest.event("joined-room").address == address)
        }
        let packets = try await capture.finish()
        #expect(packets.tells([10, 2, 0, 1]) && !packets.tells([10, 1, 0, 1]))
    }

    @Test("Who comes from a public address is turned away, though a router lets it through")
    func neverAnswersPublicAddresses() async throws {
        let pair = try await LANPair(guest: ["11.0.0.9/8"])
        try await pair.host.run("ip route add 11.0.0.0/8 dev eth0")
        try await pair.guest.run("ip route add 192.168.7.0/24 dev eth0")
        let (host, ready) = try await pair.open()
        defer { host.signal(SIGTERM) }
        let address = try #require(ready.address)
        let arguments = ["join", Self.room, "--direct", address, "--host-key", try #require(ready.hostKey), "--json"]
        let refused = try await pair.guest.termtalk(arguments).result()
        #expect(refused.events("error").count == 1 && refused.events("joined-room").isEmpty, "\(refused.output)")
        try await pair.guest.run(
            "ip addr add 192.168.7.2/24 dev eth0 && ip route replace 192.168.7.0/24 dev eth0 src 192.168.7.2")
        try await pair.guest.termtalk(arguments).event("joined-room")
    }

    @Test(arguments: [["host", "--lan"], ["join", "room", "--lan"], ["rooms", "--lan"]])
    func aMachineInNoLocalNetwork(_ arguments: [String]) async throws {
        let lab = try await NetworkLab()
        try await lab.addNetwork("lan")
        let machine = try await lab.addMachine("alone", [("lan", ["11.0.0.1/8"])])
        try await machine.run("sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1")
        let capture = try await machine.capture()
        let result = try await machine.termtalk(arguments).result()
        #expect(
            result.status == 69 && result.errors.contains { $0.contains("this machine is in none") }, "\(result.errors)"
        )
        #expect(try await !capture.finish().contains("_termtalk"))
    }

    @Test(
        "With tor, or where the flag is not, none of it runs",
        arguments: [
            ["host", "--lan", "--tor", "system"], ["host", "--lan", "--onion"],
            ["host", "--lan", "--direct", "127.0.0.1:0"], ["host", "--lan", "--port", "80"],
            ["join", "room", "--lan", "--tor", "system"], ["join", "room", "--lan", "--direct", "127.0.0.1:1"],
            ["join", "room", "--lan", "--onion", "x.onion"],
        ])
    func exclusions(_ arguments: [String]) async throws {
        let result = try await TermTalkProcess.run(arguments + ["--json"], home: TestHome())
        #expect(result.status == 64 && result.events("error").first?.code == "usage", "\(result.output)")
    }
}
