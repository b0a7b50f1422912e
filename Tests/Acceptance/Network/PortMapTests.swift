import Foundation
import Testing

/// A port of the router: a host behind a router with NAT, and a guest on the other side, in namespaces of their own.
@Suite(.enabled(if: NetworkLab.isAvailable && NetworkLab.hasRouter, "needs namespaces, nft(8) and miniupnpd(8)"))
struct PortMapTests {
    @Test("From outside to a host behind a router, and nothing stays of it", arguments: [true, false])
    func comesInFromOutside(natPMP: Bool) async throws {
        let home = try await HomeNetwork()
        let daemon = try await home.startDaemon(natPMP: natPMP)
        defer { daemon.signal(SIGTERM) }
        let (host, ready) = try await home.open()
        #expect(ready.address == "11.0.0.1:12345")
        #expect(ready.invite?.contains("@11.0.0.1:12345,192.168.77.2:12345/") == true)
        #expect(try await home.mappings().count == 1)
        let guest = try home.guest.termtalk([
            "join", try #require(ready.invite), "--direct", "11.0.0.1:12345", "--json",
        ])
        #expect(try await guest.event("joined-room").address == "11.0.0.1:12345")
        guest.send("from outside")
        try await host.event("message") { $0.text == "from outside" }
        host.signal(SIGTERM)
        _ = try await host.result()
        #expect(try await home.mappings() == [])
    }

    @Test("Nobody asks the router unasked", arguments: [["--direct", "0.0.0.0"], ["--lan"]])
    func neverUnasked(_ place: [String]) async throws {
        let home = try await HomeNetwork()
        let daemon = try await home.startDaemon()
        defer { daemon.signal(SIGTERM) }
        let capture = try await home.host.capture()
        let (host, _) = try await home.open(place)
        host.signal(SIGTERM)
        _ = try await host.result()
        let packets = try await capture.finish()
        // Ports 5351 and 1900 as destinations of UDP: after a source port, before length and checksum.
        #expect(!packets.contains("M-SEARCH"))
        #expect(packets.range(of: Data([0x14, 0xE7, 0x00, 0x0A])) == nil, "a question of NAT-PMP has 2 bytes")
    }

    @Test func lanAndOutside() async throws {
        let home = try await HomeNetwork()
        let daemon = try await home.startDaemon()
        defer { daemon.signal(SIGTERM) }
        let (host, ready) = try await home.open(["--lan", "--map-port"])
        defer { host.signal(SIGTERM) }
        let guest = try home.guest.termtalk([
            "join", try #require(ready.invite), "--direct", "11.0.0.1:12345", "--json",
        ])
        try await guest.event("joined-room")
    }

    @Test("Carrier-grade NAT and a second router are told as such", arguments: ["100.64.0.5/10", "10.0.0.5/8"])
    func notPublic(outside: String) async throws {
        let home = try await HomeNetwork(outside: outside)
        let daemon = try await home.startDaemon()
        defer { daemon.signal(SIGTERM) }
        let (host, ready) = try await home.open()
        defer { host.signal(SIGTERM) }
        #expect(ready.address == "192.168.77.2:12345")
        let warning = try await host.event("warning")
        #expect(warning.code == "carrier-nat" && warning.hint?.contains("onion") == true)
        #expect(try await home.mappings() == [])
    }

    @Test func noRouterAnswers() async throws {
        let home = try await HomeNetwork()
        let (host, ready) = try await home.open()
        defer { host.signal(SIGTERM) }
        #expect(ready.address == "192.168.77.2:12345")
        #expect(try await host.event("warning").code == "port-not-mapped")
    }

    @Test("A router that was started again, or has lost the port, is asked again", arguments: [true, false])
    func routerForgets(isStartedAgain: Bool) async throws {
        let home = try await HomeNetwork()
        var daemon = try await home.startDaemon()
        let (host, ready) = try await home.open()
        defer { host.signal(SIGTERM) }
        if isStartedAgain {
            daemon.signal(SIGTERM)
            _ = try await daemon.result()
        }
        try await home.router.run(
            "nft flush chain inet filter prerouting_miniupnpd && nft flush chain inet filter miniupnpd")
        if isStartedAgain { daemon = try await home.startDaemon() }
        defer { daemon.signal(SIGTERM) }
        let deadline = ContinuousClock.now + .seconds(150)
        while try await home.mappings().isEmpty, ContinuousClock.now < deadline {}
        #expect(try await home.mappings().count == 1)
        let guest = try home.guest.termtalk([
            "join", try #require(ready.invite), "--direct", "11.0.0.1:12345", "--json",
        ])
        try await guest.event("joined-room")
    }

    @Test func doctor() async throws {
        let home = try await HomeNetwork()
        let daemon = try await home.startDaemon()
        defer { daemon.signal(SIGTERM) }
        let result = try await home.host.termtalk(["doctor", "--direct", "--tor", "system"]).result()
        for line in ["192.168.77.1 answers to NAT-PMP", "its public address is 11.0.0.1", "port 12345 could be had"] {
            #expect(result.output.contains { $0.contains(line) }, "\(result.output)")
        }
        #expect(try await home.mappings() == [])
    }

    @Test(arguments: [["host", "--map-port"], ["host", "--direct", "127.0.0.1:0", "--map-port", "--tor", "system"]])
    func notWithTor(_ arguments: [String]) async throws {
        let result = try await TermTalkProcess.run(arguments + ["--json"], home: TestHome())
        #expect(result.status == 64 && result.events("error").first?.code == "usage", "\(result.output)")
    }
}
