import Foundation
import PrivateTorNetwork
import Testing

/// What people are told about a tor that cannot be used.
struct TorErrorTests {
    @Test func noTorProgram() async throws {
        try await expectFailure(
            ["host", "--onion", "--tor", "managed"], code: "tor-unreachable", status: 69,
            environment: ["TERMTALK_TOR": "/nonexistent/tor"])
    }

    @Test func programThatIsNoTor() async throws {
        try await expectFailure(
            ["host", "--onion", "--tor", "managed"], code: "tor-unreachable", status: 69,
            environment: ["TERMTALK_TOR": "/bin/false"])
    }

    @Test func nothingListensForAController() async throws {
        let port = try LoopbackAddress.unusedPort()
        try await expectFailure(
            ["host", "--tor", "system", "--tor-control", "127.0.0.1:\(port)"], code: "tor-unreachable", status: 69)
        try await expectFailure(
            ["host", "--tor", "system", "--tor-control", "/nonexistent/control"], code: "tor-unreachable", status: 69)
    }

    @Test func nothingListensForADialer() async throws {
        let port = try LoopbackAddress.unusedPort()
        try await expectFailure(
            ["join", "room", "--onion", validOnion, "--tor-port", "\(port)"], code: "tor-unreachable", status: 69)
    }

    @Test(arguments: ["SSH-2.0-OpenSSH_9.2p1\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n"])
    func whatListensIsNoTor(_ banner: String) async throws {
        let peer = try FakePeer(.says(Array(banner.utf8)))
        try await expectFailure(
            ["host", "--tor", "system", "--tor-control", peer.address], code: "tor-unreachable", status: 69)
        try await expectFailure(
            ["join", "room", "--onion", validOnion, "--tor-socks", peer.address], code: "tor-unreachable", status: 69)
    }

    /// It may be a tor that is stopped, or on a busy machine.
    @Test func whatListensSaysNothing() async throws {
        let peer = try FakePeer(.says([]))
        let host = try await TermTalkProcess.run(
            ["host", "--tor", "system", "--tor-control", peer.address, "--json"], home: TestHome())
        #expect(host.events("error").map(\.code) == ["tor-unreachable"])
        #expect(host.events("error").first?.message?.contains("does not answer") == true, "\(host.output)")
        #expect(host.status == 69)
    }

    @Test(arguments: ["nonsense", "127.0.0.1", "127.0.0.1:70000"]) func endpointThatIsNone(_ text: String) async throws
    {
        try await expectFailure(["host", "--tor-control", text], code: "address-invalid", status: 65)
        try await expectFailure(
            ["join", "room", "--onion", validOnion, "--tor-socks", text], code: "address-invalid", status: 65)
    }

    /// Never around tor: the flags say that a direct room is to be reached through it.
    @Test func directRoomIsNotReachedAroundTor() async throws {
        let hosted = try await HostedRoom.direct()
        let port = try LoopbackAddress.unusedPort()
        for more in [["--tor", "system"], []] {
            try await expectFailure(
                ["join", hosted.invite, "--tor-port", "\(port)"] + more, code: "tor-unreachable", status: 69)
        }
        #expect(hosted.host.eventsSoFar.allSatisfy { $0.event != "member-joined" })
    }

    /// Of the Tor Project's site: nothing dials it here.
    private let validOnion = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"

    @Test(arguments: [
        // A changed character, a missing one, version 2, another alphabet, no onion at all, a port that is none.
        "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wie.onion", "abcdefghijklmnop.onion",
        "3gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion", "example.com",
        "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wi.onion",
        "1gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion",
        "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion:70000",
    ])
    func invalidOnionAddress(_ address: String) async throws {
        try await expectFailure(
            ["join", "room", "--onion", address], code: "onion-invalid-address", status: 65)
    }
}

extension TorErrorTests {
    /// No such name is looked up, wherever it comes from.
    @Test(arguments: ["x.onion:1", "www.x.ONION.:1", "onion:1"]) func onionIsNotDialedDirectly(_ address: String)
        async throws
    {
        for arguments in [["join", "room", "--accept-new-host"], ["join", "room", "--tor", "system"], ["host"]] {
            try await expectFailure(arguments + ["--direct", address], code: "address-invalid", status: 65)
        }
    }
}

/// The same, with a tor of the private network.
@Suite(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
struct TorAccessTests {
    private static let nobody: uid_t = 65_534

    @Test func wrongCookie() async throws {
        let network = try await PrivateTorNetwork.shared()
        let tor = try await network.startClient(.init(stalls: true))
        let cookie = try #require(tor.cookiePath)
        try Data((0..<32).map { _ in UInt8.random(in: 0...255) }).write(to: URL(filePath: cookie))
        try await expectFailure(
            ["host", "--onion", "--tor", "system"] + tor.controlFlags, code: "tor-auth-failed", status: 77)
        try Data([1, 2, 3]).write(to: URL(filePath: cookie))
        try await expectFailure(
            ["host", "--onion", "--tor", "system"] + tor.controlFlags, code: "tor-auth-failed", status: 77)
        tor.kill()
    }

    @Test func password() async throws {
        let network = try await PrivateTorNetwork.shared()
        let tor = try await network.startClient(.init(controlPassword: "correcthorse"))
        try await expectFailure(
            ["host", "--onion", "--tor", "system"] + tor.controlFlags, code: "tor-auth-failed", status: 77)
        try await expectFailure(
            ["host", "--onion", "--tor", "system"] + tor.controlFlags, code: "tor-auth-failed", status: 77,
            environment: ["TERMTALK_TOR_PASSWORD": "wronghorse"])
        let host = try TermTalkProcess(
            ["host", "--onion", "--json"] + tor.controlFlags, home: TestHome(),
            environment: ["TERMTALK_TOR_PASSWORD": "correcthorse"])
        try await host.event("ready")
        host.send("/quit")
        #expect(try await host.result().status == 0)
        tor.terminate()
    }

    @Test(.enabled(if: getuid() == 0, "needs root, to run the program as another user"))
    func controlSocketThatMayNotBeOpened() async throws {
        let network = try await PrivateTorNetwork.shared()
        try await expectFailure(
            ["host", "--onion", "--tor", "system"] + network.host.controlFlags, code: "tor-permission", status: 77,
            user: Self.nobody)
    }

    @Test(.enabled(if: getuid() == 0, "needs root, to run the program as another user"))
    func cookieThatMayNotBeRead() async throws {
        let network = try await PrivateTorNetwork.shared()
        try await expectFailure(
            ["host", "--onion", "--tor", "system"] + network.client.controlFlags, code: "tor-permission", status: 77,
            user: Self.nobody)
    }

    @Test func bootstrapThatStalls() async throws {
        let network = try await PrivateTorNetwork.shared()
        let tor = try await network.startClient(.init(stalls: true))
        let stall = ["TERMTALK_TOR_STALL_SECONDS": "3"]
        try await expectFailure(
            ["host", "--onion"] + tor.controlFlags, code: "tor-bootstrap-stalled", status: 69, environment: stall)
        tor.kill()
    }

    /// The own child of the program stalls, too, when its authorities are unreachable.
    @Test func bootstrapOfTheManagedChildThatStalls() async throws {
        let home = try TestHome()
        let identity = String(repeating: "A", count: 40)
        let include = try home.write(
            "nowhere.torrc",
            """
            TestingTorNetwork 1
            DirAuthority nowhere orport=9 no-v2 v3ident=\(identity) 127.0.0.1:9 \(identity)

            """)
        try await expectFailure(
            ["host", "--onion", "--tor", "managed"], code: "tor-bootstrap-stalled", status: 69,
            environment: ["TERMTALK_TOR_STALL_SECONDS": "3", "TERMTALK_TOR_INCLUDE": include])
    }
}

/// What a joiner is told about onion services that cannot be reached.
@Suite(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
struct OnionErrorTests {
    @Test func unknownOnion() async throws {
        let network = try await PrivateTorNetwork.shared()
        let onion = try unpublishedOnion(network)
        // With ExtendedErrors the dialer learns it from SOCKS, with a control connection from events, too.
        for flags in [network.client.socksFlags, network.client.controlFlags] {
            try await expectFailure(
                ["join", "room", "--onion", onion] + flags, code: "onion-not-found", status: 69)
        }
    }

    @Test func unknownOnionWithoutExtendedErrors() async throws {
        let network = try await PrivateTorNetwork.shared()
        let tor = try await network.startClient(.init(socksFlags: []))
        let onion = try unpublishedOnion(network)
        try await expectFailure(
            ["join", "room", "--onion", onion] + tor.controlFlags, code: "onion-not-found", status: 69)
        // SOCKS alone says no more than "failed".
        try await expectFailure(
            ["join", "room", "--onion", onion] + tor.socksFlags, code: "onion-not-found", status: 69)
        tor.terminate()
    }

    /// A port that takes no streams to onions, or none at all, is not the only one of its tor.
    @Test(arguments: [false, true]) func portThatRefuses(isPolicy: Bool) async throws {
        let network = try await PrivateTorNetwork.shared()
        let home = try TestHome()
        let port = try LoopbackAddress.unusedPort()
        let flags =
            isPolicy
            ? ["\nSocksPolicy reject 127.0.0.0/8\nSocksPort unix:\(home.path)/socks ExtendedErrors"]
            : ["NoOnionTraffic\nSocksPort 127.0.0.1:\(port) ExtendedErrors"]
        let tor = try await network.startClient(.init(socksFlags: flags))
        try await expectFailure(
            ["join", "room", "--onion", try unpublishedOnion(network)] + tor.controlFlags, code: "onion-not-found",
            status: 69)
        tor.terminate()
    }

    /// Another tor's port is not used in place of one that is missing.
    @Test func torWithoutASocksPort() async throws {
        let network = try await PrivateTorNetwork.shared()
        let tor = try await network.startClient()
        try tor.control().command("SETCONF SocksPort=0")
        let arguments = ["join", "room", "--onion", try unpublishedOnion(network), "--tor", "system"]
        let result = try await TermTalkProcess.run(arguments + tor.controlFlags + ["--json"], home: TestHome())
        #expect(result.events("error").map(\.code) == ["tor-unreachable"])
        #expect(result.events("error").first?.message?.contains("no SOCKS port") == true)
        let found = try await DoctorTests.examine(tor.controlFlags)
        #expect(found.status == 0)
        #expect(found.lines["onion"]?.status == "warn")
        tor.terminate()
    }

    @Test func serviceThatIsGone() async throws {
        let network = try await PrivateTorNetwork.shared()
        let hosted = try await HostedRoom.onion(network.host.controlFlags)
        // The client's tor knows the descriptor from now on.
        let member = try await hosted.join(network.client.socksFlags)
        hosted.host.send("/quit")
        #expect(try await hosted.host.result().status == 0)
        #expect(try await member.result().events("closed").map(\.reason) == ["host-quit"])
        try await expectFailure(
            ["join", hosted.invite] + network.client.socksFlags, code: "onion-unreachable", status: 69)
        let guest = try await Terminal(["join", hosted.invite] + network.client.socksFlags, home: TestHome())
        try await guest.shows("the room may have ended (rooms live 5 minutes if nothing else was asked for)")
        try await guest.shows("status 69.")
    }

    @Test func hostWithoutThatRoom() async throws {
        let network = try await PrivateTorNetwork.shared()
        let hosted = try await HostedRoom.onion(network.host.controlFlags)
        try await expectFailure(
            ["join", "another", "--onion", hosted.address] + network.client.socksFlags, code: "no-such-room",
            status: 69)
    }

    @Test func portThatTheServiceDoesNotHave() async throws {
        let network = try await PrivateTorNetwork.shared()
        let hosted = try await HostedRoom.onion(network.host.controlFlags)
        let onion = hosted.address.replacing(":12345", with: ":4")
        let result = try await TermTalkProcess.run(
            ["join", hosted.room, "--onion", onion, "--json"] + network.client.socksFlags, home: TestHome())
        #expect(result.status == 69)
        #expect(["connection-refused", "onion-unreachable"].contains(result.events("error").first?.code))
    }

    /// A service that is not termtalk.
    @Test func onionOfSomethingElse() async throws {
        let network = try await PrivateTorNetwork.shared()
        let peer = try FakePeer(.says(Array("SSH-2.0-OpenSSH_9.2p1\r\n".utf8)))
        let control = try network.host.control()
        try control.command("SETEVENTS HS_DESC")
        let reply = try control.command("ADD_ONION NEW:ED25519-V3 Flags=DiscardPK Port=12345,127.0.0.1:\(peer.port)")
        let service = try #require(reply.first { $0.hasPrefix("ServiceID=") }).dropFirst(10)
        _ = try control.event("HS_DESC UPLOADED \(service)")
        try await expectFailure(
            ["join", "room", "--onion", "\(service).onion"] + network.client.socksFlags, code: "not-termtalk",
            status: 76)
        try control.command("DEL_ONION \(service)")
    }

    /// A valid address that no directory has heard of.
    private func unpublishedOnion(_ network: PrivateTorNetwork) throws -> String {
        let control = try network.relays[0].control()
        let reply = try control.command("ADD_ONION NEW:ED25519-V3 Flags=DiscardPK Port=1")
        let service = try #require(reply.first { $0.hasPrefix("ServiceID=") }).dropFirst(10)
        // Long before its first upload.
        try control.command("DEL_ONION \(service)")
        return "\(service).onion"
    }
}
