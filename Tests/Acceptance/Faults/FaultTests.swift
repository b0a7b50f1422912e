import Foundation
import PrivateTorNetwork
import TestSupport
import Testing

/// Real processes, real faults. The short runs are part of the suite; `make faults` runs one of any length:
/// TERMTALK_FAULTS=100 TERMTALK_MESSAGES=10000 TERMTALK_SEED=1 TERMTALK_FAULT_SECONDS=3600 TERMTALK_FAULT_OVER=direct|tor.
@Suite(.serialized) struct FaultTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let isLong = environment["TERMTALK_FAULTS"] != nil
    private static let people = ["anna", "ben", "cleo", "dan"]

    private static func options(faults: Int, messages: Int, seconds: Double) -> FaultRun.Options {
        var options = FaultRun.Options(messages: messages, faults: faults, seconds: seconds)
        options.seed = environment["TERMTALK_SEED"].flatMap { UInt64($0) } ?? 1
        guard isLong else { return options }
        options.faults = environment["TERMTALK_FAULTS"].flatMap { Int($0) } ?? faults
        options.messages = environment["TERMTALK_MESSAGES"].flatMap { Int($0) } ?? messages
        options.seconds = environment["TERMTALK_FAULT_SECONDS"].flatMap { Double($0) } ?? 3_600
        return options
    }

    private func judge(_ run: FaultRun, _ title: String) async throws {
        let begin = ContinuousClock.now
        let (verdict, times) = try await run.run()
        let seconds = Int((ContinuousClock.now - begin) / .seconds(1))
        print("\(title): \(times.count) faults in \(seconds) s, \(verdict)\n\(times)")
        #expect(verdict.isClean, "\(verdict)")
        #expect(verdict.toldMissed == 0)
    }

    @Test(.enabled(if: !isLong || environment["TERMTALK_FAULT_OVER"] != "tor"))
    func direct() async throws {
        let options = Self.options(faults: 13, messages: 600, seconds: 60)
        let hosted = try await HostedRoom.direct(["--nick", "host", "--ttl", "none"])
        let port = try #require(hosted.address.split(separator: ":").last.flatMap { UInt16($0) })
        let proxies = try Dictionary(uniqueKeysWithValues: Self.people.map { ($0, try FaultProxy(to: port)) })
        let run = try await FaultRun(
            options, host: hosted.host, people: Self.people,
            faults: DirectFaults(people: Self.people, proxies: proxies, withLongOnes: Self.isLong).all
        ) { person in
            let address = proxies[person]?.address ?? hosted.address
            let process = try TermTalkProcess(
                ["join", hosted.room, "--direct", address, "--host-key", hosted.hostKey, "--json"], home: TestHome())
            try await process.event("joined-room")
            return process
        }
        try await judge(run, "faults, direct, seed \(options.seed)")
    }

    @Test(
        .enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"),
        .enabled(if: !isLong || environment["TERMTALK_FAULT_OVER"] == "tor"))
    func throughTor() async throws {
        let options = Self.options(faults: 4, messages: 200, seconds: 45)
        let network = try await PrivateTorNetwork.shared()
        let hosting = try await network.startClient()
        let dialing = [try await network.startClient(), try await network.startClient()]
        let control = try FakePeer(.forwards(to: try #require(hosting.controlPort)))
        let hosted = try await HostedRoom.onion(
            ["--tor-control", control.address], ["--nick", "host", "--ttl", "none"])
        let faults = TorFaults(
            people: Self.people, network: network, hosting: hosting, dialing: dialing, control: control,
            withLongOnes: Self.isLong)
        let run = try await FaultRun(options, host: hosted.host, people: Self.people, faults: faults.all) { person in
            try await hosted.join(faults.tor(of: person).controlFlags)
        }
        try await judge(run, "faults, tor, seed \(options.seed)")
        for tor in [hosting] + dialing { tor.terminate() }
    }
}
