import Foundation
import SharedLog
import Sodium
import TestSupport
import Testing

/// Three hosts at a real redis-server, to which and to whom two things happen at a time. TERMTALK_FAULTS and TERMTALK_SEED for more.
@Suite(.enabled(if: RedisServer.program != nil, "needs redis-server(1), 7.0 or later"), .serialized)
struct RedisFaultTests {
    @Test(
        "Faults of two at a time",
        arguments: Self.seeds)
    func doubleFaults(seed: UInt64) throws {
        let faults = ProcessInfo.processInfo.environment["TERMTALK_FAULTS"].flatMap { Int($0) } ?? 12
        let run = try RedisFaultRun(seed: seed)
        try run.run(faults: faults)
        #expect(run.problem == nil, "seed \(seed): \(run.trace)")
        if ProcessInfo.processInfo.environment["TERMTALK_FAULTS"] != nil { print(run.figures) }
    }

    /// What the replica lacks was told to members; the hosts have it.
    @Test("A replica that is behind takes the place of its master, and a host dies at the same time")
    func promotion() throws {
        let run = try RedisFaultRun(seed: 7)
        try run.promoteLateReplica()
        #expect(run.problem == nil, "\(run.trace)")
        #expect(run.epoch > 1)
    }

    /// docs/shared-log.md: min-replicas-to-write.
    @Test("A replica takes the place of a master that goes on for one of the hosts", arguments: [true, false])
    func split(needsReplica: Bool) throws {
        let run = try RedisFaultRun(seed: 8)
        let lost = try run.split(needsReplica: needsReplica)
        #expect(run.problem == nil, "\(run.trace)")
        #expect(run.epoch > 1)
        // What was written to the one that nobody follows is told to be lost; where that takes no writes, nothing is.
        #expect(needsReplica ? lost == 0 : lost > 0)
    }

    private static var seeds: [UInt64] {
        ProcessInfo.processInfo.environment["TERMTALK_SEED"].flatMap { UInt64($0) }.map { [$0] } ?? [1, 3]
    }
}

/// One run of faults.
private final class RedisFaultRun {
    private enum StoreFault: CaseIterable {
        case none, kill, killAndCut, killAndForget, stop, flush, dropConnections, fill, forbid
    }

    private enum HostFault: CaseIterable {
        case none, crash, sleep, drop
    }

    /// How long something may take on a machine that is busy.
    private static let patience = Duration.seconds(180)

    private let server: RedisServer
    private var hosts: [RedisHost] = []
    private var random: SeededRandom
    private let clock = HurriedClock()
    /// Redis does not run, or is not to answer.
    private var isStopped = false
    private var nextInput: UInt64 = 1
    private var nextHost: UInt64 = 4
    private let key: [UInt8]
    private(set) var trace: [String] = []
    private(set) var problem: String?
    private var slowest = Duration.zero
    private var crashed = 0

    init(seed: UInt64) throws {
        server = try RedisServer(onPort: true)
        random = SeededRandom(seed: seed)
        key = random.bytes(LogSeal.keyByteCount)
        hosts = (1...3).map { newHost($0) }
    }

    private func newHost(_ number: UInt64) -> RedisHost {
        let key = key
        return RedisHost(
            number: number, creating: number == 1, seal: LogSeal(key: SecretBytes(copying: key.span)),
            path: server.socketPath, clock: clock)
    }

    var figures: String {
        "\(trace.count) faults, \(hosts[0].room.count) inputs, \(crashed) crashes, slowest \(slowest), epoch"
            + " \(hosts[0].replica.state.place.position.epoch), store-lost \(hosts.map(\.storeLostCount)), in \(clock.now), stood still for \(clock.waited)"
    }

    func run(faults: Int) throws {
        try server.ask("PING")
        settle("at the start")
        for _ in 0..<faults where problem == nil {
            try fault()
            // Mostly the next one comes before all have settled.
            if random.below(3) == 0 {
                settle("after \(trace.last ?? "")")
            } else {
                turn(milliseconds: random.below(2_400))
            }
        }
        settle("at the end")
        check()
    }

    var epoch: UInt64 { hosts[0].replica.state.place.position.epoch }

    private func replica() throws -> RedisServer {
        let port = try #require(server.port)
        settle("at the start")
        let replica = try RedisServer(["--replicaof", "127.0.0.1", "\(port)"])
        try waitUntil(replica, has: "master_link_status:up")
        return replica
    }

    /// Two masters for a while: the first host stays at that of before. Returns how often it said that its store has lost something.
    func split(needsReplica: Bool) throws -> Int {
        let replica = try replica()
        if needsReplica { try server.ask("CONFIG SET min-replicas-to-write 1") }
        turn(milliseconds: 1_600)
        try replica.ask("REPLICAOF NO ONE")
        for host in hosts.dropFirst() { host.move(to: replica.socketPath) }
        hosts[0].isAtLostStore = true
        turn(milliseconds: 7_200)
        hosts[0].move(to: replica.socketPath)
        settle("after the split")
        check()
        return hosts[0].storeLostCount
    }

    func promoteLateReplica() throws {
        let replica = try replica()
        turn(milliseconds: 1_600)
        replica.stop()
        turn(milliseconds: 2_400)
        let told = hosts[0].room.count
        server.kill()
        hosts[2] = newHost(nextHost)
        replica.wake()
        try replica.ask("REPLICAOF NO ONE")
        for host in hosts { host.move(to: replica.socketPath) }
        turn(milliseconds: 800)
        settle("after the promotion")
        check()
        if hosts[0].room.count < told { problem = "what members were told was lost" }
        if hosts.contains(where: { $0.storeLostCount > 0 }) { problem = "a host lost what it need not have lost" }
    }

    private func waitUntil(_ server: RedisServer, has word: String) throws {
        for _ in 0..<6_000 {
            if case .bytes(let text?)? = try? server.ask("INFO replication"),
                String(decoding: text, as: UTF8.self).contains(word)
            {
                return
            }
            turn(milliseconds: 10)
        }
        throw CocoaError(.fileReadUnknown)
    }

    private func fault() throws {
        let store = StoreFault.allCases[random.below(StoreFault.allCases.count)]
        let host = HostFault.allCases[random.below(HostFault.allCases.count)]
        var victim = random.below(hosts.count)
        // The room is to live: somebody else has it.
        let others = hosts.indices.filter { $0 != victim && !hosts[$0].hasSlept && hosts[$0].replica.isConfirmed }
        if others.isEmpty, host == .crash || host == .sleep { victim = -1 }
        trace.append("\(store) and \(victim < 0 ? .none : host) of \(victim + 1)")
        switch store {
        case .none: break
        case .kill, .killAndCut, .killAndForget: server.kill()
        case .stop:
            server.stop()
            isStopped = true
        case .flush: try server.ask("FLUSHALL")
        case .fill: try server.ask("CONFIG SET maxmemory 1")
        case .forbid: try server.ask("ACL SETUSER default -xadd")
        case .dropConnections: try server.ask("CLIENT KILL TYPE normal")
        }
        var asleep: Int?
        if victim >= 0 {
            switch host {
            case .none: break
            case .crash:
                hosts[victim] = newHost(nextHost)
                nextHost += 1
                crashed += 1
            case .sleep:
                asleep = victim
                hosts[victim].hasSlept = true
            case .drop: hosts[victim].drop()
            }
        }
        turn(milliseconds: 160 + random.below(1_200), except: asleep)
        isStopped = false
        switch store {
        case .kill: try server.start()
        case .killAndCut:
            try server.cutLog(by: random.below(20_000))
            try server.start()
        case .killAndForget:
            try server.removeData()
            try server.start()
        case .stop: server.wake()
        case .fill: try server.ask("CONFIG SET maxmemory 0")
        case .forbid: try server.ask("ACL SETUSER default +@all")
        case .none, .flush, .dropConnections: break
        }
        if asleep != nil { turn(milliseconds: 7_200, except: asleep) }
    }

    /// Lets time pass, of the hosts' own.
    private func turn(milliseconds: Int, except asleep: Int? = nil) {
        let end = clock.now + .milliseconds(milliseconds)
        let deadline = ContinuousClock.now + Self.patience
        repeat {
            for index in hosts.indices where index != asleep {
                if random.below(4) == 0, hosts[index].replica.waitingByteCount < 4_000 {
                    hosts[index].say(nextInput)
                    nextInput += 1
                }
                if random.below(200) == 0 { hosts[index].keepSnapshot() }
                hosts[index].turn()
            }
            pass(except: asleep)
        } while clock.now < end && ContinuousClock.now < deadline
    }

    private func pass(except asleep: Int? = nil) {
        usleep(500)
        clock.tick(waits: !isStopped && hosts.indices.contains { $0 != asleep && hosts[$0].isOwedAnswer })
    }

    /// Goes on until all have the same.
    private func settle(_ when: String) {
        let began = ContinuousClock.now
        while problem == nil {
            for host in hosts {
                host.turn()
                if let found = host.problem { problem = "\(found) \(when)" }
            }
            if hosts.allSatisfy(\.isInStep), hosts.allSatisfy({ $0.replica.state == hosts[0].replica.state }),
                hosts[0].replica.state.writers.living.count == hosts.count
            {
                break
            }
            if ContinuousClock.now - began > Self.patience {
                problem =
                    "they do not settle \(when): \(hosts.map { "\($0.replica.phaseName) \($0.replica.state.place.position.text)" })"
            }
            pass()
        }
        slowest = max(slowest, ContinuousClock.now - began)
        for host in hosts { host.hasSlept = false }
    }

    private func check() {
        guard problem == nil else { return }
        let room = hosts[0].room
        let inputs = Set(room.map(\.input))
        if !hosts.allSatisfy({ $0.room == room }) { problem = "hosts end with different rooms" }
        if inputs.count != room.count { problem = "an input stands twice" }
        for host in hosts where !inputs.isSuperset(of: host.said) {
            problem = "what host \(host.replica.writer.host) was given was lost"
        }
        if room.count < 10 { problem = "nothing was said" }
    }
}
