import EventLoop
import Foundation
import PrivateTorNetwork
import Testing
import TorController
import Transport

@Suite(.serialized, .enabled(if: PrivateTorNetwork.isAvailable, "tor or tor-gencert is not installed"))
struct OnionTransportTests {
    @Test func publishesDialsAndEchoes() async throws {
        let network = try await PrivateTorNetwork.shared()
        try publishDialAndEcho(network)
    }

    private func publishDialAndEcho(_ network: PrivateTorNetwork) throws {
        let key = OnionKey()
        let address = key.address
        var results: [String] = []
        var events: [OnionEvent] = []
        try Scenario.run(
            host: options(network.host, purpose: .publish), client: options(network.client, purpose: .dial)
        ) { scenario in
            func dialAll() {
                scenario.echo(address) { result in
                    results.append(result)
                    scenario.echo(address, port: 1) { result in
                        results.append(result)
                        scenario.echo(OnionKey().address) { result in
                            results.append(result)
                            events = scenario.events
                            scenario.listener?.close()
                            // tor goes on trying the introduction points of the descriptor it has, for two minutes.
                            scenario.echo(address, timeout: .seconds(10)) { result in
                                results.append(result)
                                scenario.stop()
                            }
                        }
                    }
                }
            }
            let copy = key.clone()
            scenario.start {
                scenario.listen(copy) { if case .published = $0 { dialAll() } }
            }
        }
        #expect(results.first == "hello world!")
        #expect(results.dropFirst().first == "connection-refused")
        #expect(results.dropFirst(2).first == "onion-not-found")
        #expect(["onion-not-found", "onion-unreachable", "connection-timeout"].contains(results.last))
        #expect(events.first == .adding && events.contains { if case .published(1...) = $0 { true } else { false } })
        #expect(events.contains { if case .uploading(1) = $0 { true } else { false } })
    }

    @Test func servesTheSameAddressAfterTorWasKilled() async throws {
        let network = try await PrivateTorNetwork.shared()
        // Of its own: other suites use the network's host meanwhile.
        let tor = try await network.startClient()
        try killAndRestart(tor, network)
        tor.terminate()
    }

    private func killAndRestart(_ tor: TorProcess, _ network: PrivateTorNetwork) throws {
        let key = OnionKey()
        let address = key.address
        var results: [String] = []
        var events: [OnionEvent] = []
        try Scenario.run(
            host: options(tor, purpose: .publish), client: options(network.client, purpose: .dial)
        ) { scenario in
            let copy = key.clone()
            scenario.start {
                scenario.listen(copy) { event in
                    switch event {
                    case .published: do { try tor.restart() } catch { Issue.record(error) }
                    case .republished:
                        events = scenario.events
                        scenario.echo(address) { result in
                            results.append(result)
                            scenario.stop()
                        }
                    default: break
                    }
                }
            }
        }
        #expect(results == ["hello world!"])
        #expect(events.filter { $0 == .adding || $0 == .lost } == [.adding, .lost, .adding])
    }

    @Test func tellsAMissingOnionFromOthersWithoutExtendedErrors() async throws {
        let network = try await PrivateTorNetwork.shared()
        let plain = try await network.startClient(.init(socksFlags: []))
        try dialMissing(network, plain)
        plain.kill()
    }

    private func dialMissing(_ network: PrivateTorNetwork, _ plain: TorProcess) throws {
        var results: [String] = []
        try Scenario.run(
            host: options(network.host, purpose: .publish), client: options(plain, purpose: .dial)
        ) { scenario in
            scenario.start {
                scenario.echo(OnionKey().address) { result in
                    results.append(result)
                    scenario.stop()
                }
            }
        }
        #expect(results == ["onion-not-found"])
    }

    @Test func publishesThroughAnOwnChild() async throws {
        let network = try await PrivateTorNetwork.shared()
        try publishThroughChild(network)
    }

    private func publishThroughChild(_ network: PrivateTorNetwork) throws {
        let key = OnionKey()
        let address = key.address
        var managed = TorOptions(mode: .managed)
        managed.include = network.managedInclude.path
        var results: [String] = []
        var kind = OnionListenerKind.loopback
        try Scenario.run(host: managed, client: options(network.client, purpose: .dial)) { scenario in
            let copy = key.clone()
            scenario.start {
                kind = scenario.host.listenerKind
                scenario.listen(copy) { event in
                    guard case .published = event else { return }
                    scenario.echo(address) { result in
                        results.append(result)
                        scenario.stop()
                    }
                }
            }
        }
        #expect(results == ["hello world!"])
        #expect(kind != .loopback)
    }

    /// What the state file of a tor says of its guards: those that it has used, first the one that it likes best.
    private func guards(in folder: URL) throws -> [String] {
        try String(contentsOf: folder.appending(path: "state"), encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("Guard in=default ") && $0.contains(" confirmed_idx=") }
            .compactMap { line in line.split(separator: " ").first { $0.hasPrefix("rsa_id=") }.map(String.init) }
    }

    @Test("An own tor that keeps its data has the guards of the last time, and nobody else may look")
    func keepsItsGuards() async throws {
        let network = try await PrivateTorNetwork.shared()
        let parent = URL(filePath: "/tmp/termtalk-test-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: parent) }
        let folder = parent.appending(path: "room name.tor")
        var managed = TorOptions(mode: .managed)
        managed.include = network.managedInclude.path
        managed.dataDirectory = folder.path
        var used: [[String]] = []
        for _ in 0..<2 {
            try publishOnce(managed, network)
            used.append(try guards(in: folder))
        }
        let first = try #require(used.first)
        #expect(!first.isEmpty && used.last?.starts(with: first) == true, "\(used)")
        let mode = try FileManager.default.attributesOfItem(atPath: folder.path)[.posixPermissions] as? Int
        #expect(mode == 0o700)
    }

    private func publishOnce(_ managed: TorOptions, _ network: PrivateTorNetwork) throws {
        try Scenario.run(host: managed, client: options(network.client, purpose: .dial)) { scenario in
            scenario.start {
                scenario.listen(OnionKey()) { if case .published = $0 { scenario.stop() } }
            }
        }
    }
}
