import Foundation
import PrivateTorNetwork
import TermTalk
import TestSupport
import Testing
import Transport

/// Real processes, real faults. The short runs are part of the suite; `make faults` runs one of any length:
/// TERMTALK_FAULTS=100 TERMTALK_MESSAGES=10000 TERMTALK_SEED=1 TERMTALK_FAULT_SECONDS=3600 TERMTALK_FAULT_OVER=direct|relay|shared|tor.
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

    private static func runs(over name: String) -> Bool {
        !isLong || (environment["TERMTALK_FAULT_OVER"] ?? "direct") == name
    }

    /// A room over TCP whose members each come through a proxy of their own.
    private func overTCP(_ title: String, _ options: FaultRun.Options, _ flags: [String], people: [String]) async throws
    {
        let isKept = flags.contains("--persist")
        let home = try TestHome()
        let flags = flags + ["--ttl", "none"]
        let hosted = try await HostedRoom.direct(flags, home: home)
        let port = try #require(hosted.address.split(separator: ":").last.flatMap { UInt16($0) })
        let proxies = try Dictionary(uniqueKeysWithValues: people.map { ($0, try FaultProxy(to: port)) })
        let invite = GroupInvite()
        let run = try await FaultRun(
            options, server: hosted.host, isRelay: flags.contains("--headless"), people: people,
            faults: DirectFaults(people: people, proxies: proxies, withLongOnes: Self.isLong, isKept: isKept).all
                .filter { Self.isLong || !isKept || !$0.kind.contains("3 s") },
            restartServer: {
                try await HostedRoom.direct(flags, at: [hosted.address], home: home).host
            },
            restart: { person in
                let address = proxies[person]?.address ?? hosted.address
                return try await invite.join(hosted, at: address, isRelay: flags.contains("--headless"))
            })
        try await judge(run, "faults, \(title), seed \(options.seed)")
    }

    @Test(.enabled(if: !isLong)) func direct() async throws {
        try await overTCP(
            "direct", Self.options(faults: 13, messages: 600, seconds: 60), ["--nick", "host"], people: Self.people)
    }

    /// The host is killed, too, and goes on from what it kept.
    @Test(.enabled(if: runs(over: "direct"))) func kept() async throws {
        try await overTCP(
            "kept", Self.options(faults: 6, messages: 400, seconds: 60),
            ["--nick", "host", "--persist", "club", "--no-passphrase"], people: Self.people)
    }

    @Test(.enabled(if: runs(over: "relay"))) func relay() async throws {
        try await overTCP(
            "relay", Self.options(faults: 6, messages: 400, seconds: 60),
            ["--headless", "--persist", "club", "--no-passphrase"], people: Self.people + ["eve"])
    }

    /// Three hosts, a redis-server, and two faults at a time. TERMTALK_FAULT_PEOPLE=60 for more people.
    @Test(
        .enabled(if: RedisServer.program != nil, "needs redis-server(1), 7.0 or later"),
        .enabled(if: runs(over: "shared")))
    func shared() async throws {
        let options = Self.options(faults: 5, messages: 400, seconds: 60)
        let count = Self.environment["TERMTALK_FAULT_PEOPLE"].flatMap { Int($0) } ?? 6
        let faults = try await SharedFaults(people: (1...count).map { "p\($0)x" })
        let run = try await FaultRun(
            options, server: faults.server, isRelay: true, people: faults.people,
            faults: faults.all(withLongOnes: Self.isLong),
            restart: { person in try await faults.join(person) })
        try await judge(run, "faults, shared, seed \(options.seed)")
        let (compared, differences) = faults.compareStates()
        print("states of hosts compared: \(compared), store-lost \(faults.storeLostCount)")
        #expect(compared > 0 && differences.isEmpty, "\(differences)")
    }

    @Test(
        .enabled(if: PrivateTorNetwork.isAvailable, "needs tor, tor-gencert and setpriv"),
        .enabled(if: runs(over: "tor")))
    func throughTor() async throws {
        let options = Self.options(faults: 4, messages: 200, seconds: 45)
        let network = try await PrivateTorNetwork.shared()
        let hosting = try await network.startClient()
        let dialing = [try await network.startClient(), try await network.startClient()]
        let control = try FakePeer(.forwards(to: try #require(hosting.controlPort)))
        let flags = ["--nick", "host", "--ttl", "none", "--persist", "club", "--no-passphrase"]
        let home = try TestHome()
        let hosted = try await HostedRoom.onion(["--tor-control", control.address], flags, home: home)
        let faults = TorFaults(
            people: Self.people, network: network, hosting: hosting, dialing: dialing, control: control,
            withLongOnes: Self.isLong)
        let run = try await FaultRun(
            options, server: hosted.host, people: Self.people, faults: faults.all,
            restartServer: {
                try await HostedRoom.onion(["--tor-control", control.address], flags, home: home).host
            },
            restart: { person in try await hosted.join(faults.tor(of: person).controlFlags) })
        try await judge(run, "faults, tor, seed \(options.seed)")
        for tor in [hosting] + dialing { tor.terminate() }
    }
}

/// How people come into a room at different addresses: by the host's key, or by the invite that a relay's first member has shown.
private actor GroupInvite {
    private var invite: String?

    func join(_ hosted: HostedRoom, at address: String, isRelay: Bool) async throws -> TermTalkProcess {
        guard isRelay else {
            let process = try TermTalkProcess(
                ["join", hosted.room, "--direct", address, "--host-key", hosted.hostKey, "--json"], home: TestHome())
            try await process.event("joined-room")
            return process
        }
        let known = try Invite(parsing: invite ?? hosted.invite)
        let elsewhere = Invite(
            room: known.room, address: .direct(try HostPort(parsing: address)), hostKey: known.hostKey,
            creatorKey: known.creatorKey, secret: known.secret, isOfGroup: known.isOfGroup)
        let process = try TermTalkProcess(["join", elsewhere.text, "--json"], home: TestHome())
        try await process.event("joined-room")
        if invite == nil { invite = try await process.event("invite").invite }
        return process
    }
}
