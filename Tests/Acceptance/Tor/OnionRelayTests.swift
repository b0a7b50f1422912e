import Foundation
import PrivateTorNetwork
import TestSupport
import Testing

@testable import TermTalk

/// Relays that hold one room, each behind an onion service of torrc. docs/operations-guide.md has both recipes.
@Suite(
    .enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"),
    .enabled(if: RedisServer.program != nil, Comment(rawValue: RedisServer.reason)))
struct OnionRelayTests {
    private static let onionbalance = "/usr/sbin/onionbalance"

    /// A machine with a relay, and the tor before it.
    private struct Relay {
        let home: TestHome
        let port: UInt16
        let tor: TorProcess
        /// Of torrc's service, with its port.
        let service: String

        /// - Parameter frontend: the address that Onionbalance publishes for the service; nil for none.
        init(_ network: PrivateTorNetwork, _ home: TestHome, behind frontend: String? = nil) async throws {
            self.home = home
            port = try LoopbackAddress.unusedPort()
            let folder = "\(home.path)/service"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            var torrc = "ExtendedErrors\nHiddenServiceDir \(folder)\nHiddenServicePort 12345 127.0.0.1:\(port)"
            if let frontend {
                try Data("MasterOnionAddress \(frontend)\n".utf8).write(to: URL(filePath: "\(folder)/ob_config"))
                torrc += "\nHiddenServiceOnionbalanceInstance 1"
            }
            tor = try await network.startClient(.init(socksFlags: [torrc]))
            service = try String(contentsOfFile: "\(folder)/hostname", encoding: .utf8)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }

        func start(_ server: RedisServer, at address: String) throws -> TermTalkProcess {
            try TermTalkProcess(
                StoreTests.place + [
                    "--ttl", "none", "--behind", address, "--listen", "127.0.0.1:\(port)", "--store",
                    "unix:\(server.socketPath)",
                ], home: home)
        }
    }

    /// Joins as soon as the service can be found: that takes until tor, or Onionbalance, has published it.
    private func join(_ invite: String, _ nick: String, _ network: PrivateTorNetwork) async throws -> TermTalkProcess {
        for _ in 0..<60 {
            let joiner = try TermTalkProcess(
                ["join", invite, "--json", "--nick", nick] + network.client.socksFlags, home: TestHome())
            if (try? await joiner.event("joined-room")) != nil { return joiner }
            _ = try await joiner.result()
            try await Task.sleep(for: .seconds(2))
        }
        throw TermTalkProcess.Missing(description: "the room was never there")
    }

    /// Both say something, and have what both have said.
    private func talk(_ alice: TermTalkProcess, _ bob: TermTalkProcess, _ word: String) async throws {
        for person in [alice, bob] { try await person.knows([alice, bob]) }
        alice.send("\(word) by alice")
        bob.send("\(word) by bob")
        for person in [alice, bob] {
            for name in ["alice", "bob"] { try await person.event("message") { $0.text == "\(word) by \(name)" } }
        }
    }

    /// The order of all that each has heard of, which is one, without anything twice.
    private func quit(_ people: [TermTalkProcess]) async throws -> Set<[String]> {
        var orders: Set<[String]> = []
        for person in people {
            person.send("/quit")
            let result = try await person.result()
            #expect(result.events("joined-room").count == 1)
            orders.insert(result.events("message").compactMap(\.text))
        }
        return orders
    }

    /// Both talk, the first relay is killed with its tor, and they talk on at the second one, which is stopped when they have left.
    private func loseOne(
        of relays: [(machine: Relay, process: TermTalkProcess)], _ alice: TermTalkProcess, _ bob: TermTalkProcess
    ) async throws {
        try await talk(alice, bob, "before")

        relays[0].process.signal(SIGKILL)
        relays[0].machine.tor.kill()
        _ = try await relays[0].process.result()
        try await talk(alice, bob, "after")
        let orders = try await quit([alice, bob])
        #expect(orders.count == 1 && orders.first?.count == 4)
        relays[1].process.signal(SIGTERM)
        #expect(try await relays[1].process.result().status == 0)
        relays[1].machine.tor.terminate()
    }

    @Test("Members of an onion relay that is gone go on at another one, whose address they have heard of in the room")
    func severalServices() async throws {
        let network = try await PrivateTorNetwork.shared()
        let server = try RedisServer()
        try server.ask("PING")
        let one = try await Relay(network, TestHome())
        let first = try one.start(server, at: one.service)
        let ready = try await first.event("ready")
        let alice = try await join(try #require(ready.invite), "alice", network)
        let other = try await Relay(network, StoreTests.copy(of: one.home))
        let second = try other.start(server, at: other.service)
        try await second.event("ready")
        let places = ["\(one.service):12345", "\(other.service):12345"]
        try await alice.event("room-hosts") { $0.addresses == places }
        alice.send("/invite")
        let invite = try await alice.event("invite") { ($0.invite ?? "").contains(other.service) }.invite ?? ""
        let shown = try Invite(parsing: invite)
        #expect([shown.address.text] + shown.alternatives.map(\.text) == places)
        let bob = try await join(invite, "bob", network)
        try await bob.event("room-hosts") { $0.addresses == places }
        try await loseOne(of: [(one, first), (other, second)], alice, bob)
    }

    @Test(
        "With Onionbalance several relays are at one onion address, and members of one that is gone come back at another",
        .enabled(if: FileManager.default.isExecutableFile(atPath: onionbalance), "needs onionbalance"))
    func oneAddress() async throws {
        let network = try await PrivateTorNetwork.shared()
        let server = try RedisServer()
        try server.ask("PING")
        let folder = try TestHome()
        let made = try ChildProcess(
            [
                "/usr/bin/env", "onionbalance-config", "--hs-version", "v3", "-n", "2", "--no-interactive", "--output",
                "\(folder.path)/frontend",
            ], output: "\(folder.path)/made.log")
        #expect(made.wait(seconds: 60) == 0)
        let key = try #require(
            FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/frontend").first { $0.hasSuffix(".key") })
        let frontend = key.dropLast(4) + ".onion"
        let one = try await Relay(network, TestHome(), behind: String(frontend))
        let first = try one.start(server, at: String(frontend))
        let ready = try await first.event("ready")
        let other = try await Relay(network, StoreTests.copy(of: one.home), behind: String(frontend))
        let second = try other.start(server, at: String(frontend))
        try await second.event("ready")
        let instances = [one, other].map { "  - address: \($0.service)\n" }.joined()
        let settings = "services:\n- instances:\n\(instances)  key: \(key)\n"
        try Data(settings.utf8).write(to: URL(filePath: "\(folder.path)/frontend/config.yaml"))
        let control = try #require(network.client.controlPort)
        let balance = try ChildProcess(
            [
                Self.onionbalance, "--is-testnet", "-c", "\(folder.path)/frontend/config.yaml", "-i", "127.0.0.1",
                "-p", "\(control)",
            ], output: "\(folder.path)/balance.log")
        defer { balance.send(SIGKILL) }
        let alice = try await join(try #require(ready.invite), "alice", network)
        let invite = try #require(try await alice.event("invite").invite)
        let bob = try await join(invite, "bob", network)
        #expect(try Invite(parsing: invite).alternatives.isEmpty)
        try await loseOne(of: [(one, first), (other, second)], alice, bob)
    }
}
