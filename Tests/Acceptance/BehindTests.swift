import Foundation
import PrivateTorNetwork
import Testing

/// A room behind an onion service that torrc defines.
@Suite(.enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"))
struct BehindTests {
    @Test(arguments: [false, true]) func onionServiceOfTorrc(isUnix: Bool) async throws {
        let network = try await PrivateTorNetwork.shared()
        let home = try TestHome()
        let port = try LoopbackAddress.unusedPort()
        let place = isUnix ? "unix:\(home.path)/room" : "127.0.0.1:\(port)"
        let folder = "\(home.path)/service"
        let tor = try await network.startClient(
            .init(socksFlags: ["ExtendedErrors\nHiddenServiceDir \(folder)\nHiddenServicePort 4242 \(place)"]))
        let onion = try String(contentsOfFile: "\(folder)/hostname", encoding: .utf8).prefix { !$0.isWhitespace }
        // A control port would be there, and is not looked for.
        let host = try TermTalkProcess(
            ["host", "--behind", "\(onion):4242", "--listen", place, "--json"], home: TestHome(),
            environment: ["TERMTALK_TOR_CONTROL": "/nonexistent", "TERMTALK_TOR_MODE": "system"])
        let ready = try await host.event("ready")
        #expect(ready.transport == "onion")
        #expect(ready.address == "\(onion):4242")
        #expect(!host.eventsSoFar.contains { $0.event == "starting" })
        // tor publishes it some seconds after its start.
        var member: TermTalkProcess?
        for _ in 0..<20 where member == nil {
            let joiner = try TermTalkProcess(
                ["join", try #require(ready.invite), "--json"] + network.client.socksFlags, home: TestHome())
            if (try? await joiner.event("joined-room", seconds: 45)) != nil { member = joiner }
        }
        let joined = try #require(member)
        joined.send("hello")
        try await host.event("message") { $0.text == "hello" }
        host.send("/move")
        #expect(try await host.event("error").message?.contains("torrc") == true)
        host.send("/quit")
        let ended = try await host.result()
        #expect(ended.status == 0 && ended.events("warning").isEmpty)
        #expect(try await joined.result().events("closed").map(\.reason) == ["host-quit"])
        tor.terminate()
    }

    @Test("A service whose streams go elsewhere, as a dial by the system's SOCKS port finds out")
    func leadsElsewhere() async throws {
        let network = try await PrivateTorNetwork.shared()
        let home = try TestHome()
        let folder = "\(home.path)/service"
        let (elsewhere, port) = (try LoopbackAddress.unusedPort(), try LoopbackAddress.unusedPort())
        let tor = try await network.startClient(
            .init(socksFlags: [
                "ExtendedErrors\nHiddenServiceDir \(folder)\nHiddenServicePort 12345 127.0.0.1:\(elsewhere)"
            ]))
        defer { tor.terminate() }
        let onion = try String(contentsOfFile: "\(folder)/hostname", encoding: .utf8).prefix { !$0.isWhitespace }
        // tor publishes it some seconds after its start.
        var warning: ProgramEvent?
        while warning?.message?.contains("onion-unreachable") != true {
            let host = try TermTalkProcess(
                ["host", "--behind", String(onion), "--listen", "127.0.0.1:\(port)", "--json"]
                    + network.client.socksFlags,
                home: TestHome())
            warning = try await host.event("warning") { $0.code == "onion-not-reachable" }
            host.send("/quit")
            #expect(try await host.result().status == 0)
        }
    }

    @Test func whatCannotBe() async throws {
        let onion = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
        for arguments in [
            ["--behind", onion], ["--listen", "127.0.0.1:1"],
            ["--behind", onion, "--listen", "127.0.0.1:1", "--direct", "127.0.0.1:0"],
            ["--behind", onion, "--listen", "127.0.0.1:1", "--client-auth"],
        ] {
            let result = try await TermTalkProcess.run(["host", "--json"] + arguments, home: TestHome())
            #expect(result.status == 64)
        }
        try await expectFailure(
            ["host", "--behind", "x.onion", "--listen", "127.0.0.1:1"], code: "onion-invalid-address", status: 65)
        try await expectFailure(
            ["host", "--behind", onion, "--listen", "nowhere"], code: "address-invalid", status: 65)
        let hosted = try await HostedRoom.direct()
        try await expectFailure(
            ["host", "--behind", onion, "--listen", hosted.address], code: "address-in-use", status: 69)
    }
}
