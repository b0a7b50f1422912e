import Foundation
import Synchronization
import TermTalk
import TestSupport
import Testing
import Transport

/// A room that three hosts hold through a redis-server, and what goes wrong with it: two things at a time, one that hits Redis or the way to
/// it, and one that hits a host.
final class SharedFaults: Sendable {
    static let hostCount = 3

    private enum StoreFault: String, CaseIterable {
        case none = "nothing"
        case killed = "Redis killed"
        case emptied = "Redis killed and emptied"
        case stopped = "Redis stopped, 2 s"
        case cut = "connections to Redis cut"
        case full = "Redis full, 2 s"
    }

    private enum HostFault: String, CaseIterable {
        case none = "nothing"
        case killed = "host killed"
        case stopped = "host stopped, 6 s"
        case stoppedForLong = "host stopped, 60 s"
        case ended = "host ended in order"
        case reset = "a host's members cut off"
        case refused = "a host's members refused, 3 s"
    }

    let people: [String]
    private let store: Mutex<RedisServer>
    private let homes: [TestHome]
    private let proxies: [FaultProxy]
    /// Where each host listens; the same after it was started again.
    private let addresses: [String]
    private struct State {
        var hosts: [TermTalkProcess]
        /// Those that are gone, too.
        var all: [TermTalkProcess]
        var invite: Invite
        var isOfGroup = false
    }
    private let state: Mutex<State>

    init(people: [String]) async throws {
        self.people = people
        let server = try RedisServer(onPort: true)
        try server.ask("PING")
        let home = try TestHome()
        var homes = [home]
        var hosts = [try StoreTests.host(home, server, more: Self.flags)]
        let ready = try await hosts[0].event("ready")
        var addresses = [try #require(ready.address)]
        for _ in 1..<Self.hostCount {
            let other = try StoreTests.copy(of: home)
            let host = try StoreTests.host(other, server, more: Self.flags)
            addresses.append(try #require(try await host.event("ready").address))
            homes.append(other)
            hosts.append(host)
        }
        self.homes = homes
        self.addresses = addresses
        proxies = try addresses.map { address in
            try FaultProxy(to: try #require(address.split(separator: ":").last.flatMap { UInt16($0) }))
        }
        store = Mutex(server)
        state = Mutex(State(hosts: hosts, all: hosts, invite: try Invite(parsing: try #require(ready.invite))))
    }

    /// Their states are compared; and nobody is refused for lack of a place.
    private static let flags = ["--log-level", "debug", "--max-members", "200"]

    var server: TermTalkProcess { state.withLock { $0.hosts[0] } }

    // MARK: People

    private func place(of person: String) -> Int { (people.firstIndex(of: person) ?? 0) % Self.hostCount }

    /// A process for the person, by the proxy of a host; in the room when this returns.
    func join(_ person: String) async throws -> TermTalkProcess {
        let (known, isOfGroup) = state.withLock { ($0.invite, $0.isOfGroup) }
        let invite = Invite(
            room: known.room, address: .direct(try HostPort(parsing: proxies[place(of: person)].address)),
            hostKey: known.hostKey, creatorKey: known.creatorKey, secret: known.secret, isOfGroup: known.isOfGroup)
        let process = try await comeIn(invite.text)
        if !isOfGroup {
            let text = try #require(try await process.event("invite").invite)
            let invite = try Invite(parsing: text)
            state.withLock {
                $0.invite = invite
                $0.isOfGroup = true
            }
        }
        return process
    }

    /// A host learns the invite of the group from the log, a moment after the one that made it: until then it closes.
    private func comeIn(_ invite: String) async throws -> TermTalkProcess {
        let deadline = ContinuousClock.now + .seconds(TermTalkProcess.patience)
        while true {
            let process = try TermTalkProcess(["join", invite, "--json"], home: TestHome())
            do {
                try await process.event("joined-room")
                return process
            } catch {
                guard process.eventsSoFar.contains(where: { $0.code == "connection-lost" }),
                    ContinuousClock.now < deadline
                else { throw error }
            }
        }
    }

    // MARK: Faults

    func all(withLongOnes: Bool) -> [FaultRun.Fault] {
        StoreFault.allCases.flatMap { store in
            HostFault.allCases.compactMap { host in
                // What a host alone had heard of, and nobody else gives back while it sleeps, may be lost.
                if store == .none && host == .none { return nil }
                if store == .emptied && (host == .stopped || host == .stoppedForLong) { return nil }
                if host == .stoppedForLong && (store != .none || !withLongOnes) { return nil }
                return fault(store, host)
            }
        }
    }

    private func fault(_ storeFault: StoreFault, _ hostFault: HostFault) -> FaultRun.Fault {
        FaultRun.Fault(kind: "\(storeFault.rawValue); \(hostFault.rawValue)") { [people] _ in
            Array(people.prefix(Self.hostCount))
        } inject: { [self] run, random in
            let victim = random.below(Self.hostCount)
            async let first: Void = hit(storeFault)
            async let second: Void = hit(hostFault, victim)
            _ = try await (first, second)
        }
    }

    private func hit(_ fault: StoreFault) async throws {
        switch fault {
        case .none: break
        case .killed, .emptied:
            store.withLock { $0.kill() }
            try await Task.sleep(for: .milliseconds(500))
            try store.withLock {
                if fault == .emptied { try $0.removeData() }
                try $0.start()
            }
        case .stopped:
            store.withLock { $0.stop() }
            try await Task.sleep(for: .seconds(2))
            store.withLock { $0.wake() }
        case .cut:
            _ = try store.withLock { try $0.ask("CLIENT KILL TYPE normal") }
        case .full:
            _ = try store.withLock { try $0.ask("CONFIG SET maxmemory 1") }
            try await Task.sleep(for: .seconds(2))
            _ = try store.withLock { try $0.ask("CONFIG SET maxmemory 0") }
        }
    }

    private func hit(_ fault: HostFault, _ victim: Int) async throws {
        switch fault {
        case .none: break
        case .killed, .ended:
            let host = state.withLock { $0.hosts[victim] }
            host.signal(fault == .killed ? SIGKILL : SIGTERM)
            _ = try await host.result()
            try await Task.sleep(for: .milliseconds(500))
            let next = try store.withLock {
                try StoreTests.host(homes[victim], $0, at: addresses[victim], more: Self.flags)
            }
            state.withLock {
                $0.hosts[victim] = next
                $0.all.append(next)
            }
            try await next.event("ready")
        case .stopped, .stoppedForLong:
            let host = state.withLock { $0.hosts[victim] }
            host.signal(SIGSTOP)
            try await Task.sleep(for: .seconds(fault == .stopped ? 6 : 60))
            host.signal(SIGCONT)
        case .reset: proxies[victim].reset()
        case .refused: proxies[victim].refuse(seconds: 3)
        }
    }

    // MARK: What came of it

    /// How many of the room's states two hosts or more have logged, and where they differ.
    func compareStates() -> (compared: Int, differences: [String]) {
        var found: [String: Set<String>] = [:]
        var counts: [String: Int] = [:]
        for host in state.withLock({ $0.all }) {
            for line in host.errorsSoFar {
                guard let position = Self.field("position", of: line), let room = Self.field("room", of: line) else {
                    continue
                }
                found[position, default: []].insert(room)
                counts[position, default: 0] += 1
            }
        }
        return (counts.values.count { $0 > 1 }, found.filter { $0.value.count > 1 }.map(\.key).sorted())
    }

    /// How often a host said that its store has lost what members were told.
    var storeLostCount: Int {
        state.withLock { $0.all }.reduce(0) { $0 + $1.eventsSoFar.count { $0.code == "store-lost" } }
    }

    private static func field(_ name: String, of line: String) -> String? {
        guard line.contains("termtalk: state ") else { return nil }
        return line.split(separator: " ").first { $0.hasPrefix(name + "=") }.map {
            String($0.dropFirst(name.count + 1))
        }
    }
}
