import Chat
import EventLoop
import Logging
import Room
import SecureGroup
import SecureSession
import SharedLog
import SharedLogModel
import Sodium
import TestSupport
import Testing
import Transport

@testable import TermTalk

/// Hosts that hold one room, and members, on one loop. The log is made up: what a host writes reaches all, each after a while of its
/// own, in one order; or it is the real one, on a made-up Redis.
final class SharedWorld {
    final class Person: WorldPerson {
        /// The host that it dials, or where it is.
        var place: Int
        /// The addresses that it knows, where it dials them in turn.
        fileprivate(set) var ways: RoomWays<RoomAddress>?

        init(at place: Int) { self.place = place }
    }

    final class Host {
        let number: UInt64
        let identity: RoomIdentity
        let node: HostNode
        fileprivate(set) var isAlive = true
        /// How many entries it has read.
        fileprivate var position = 0
        /// It is not ready before it has read so many again.
        fileprivate var readsAgain = 0
        fileprivate var lastInput: UInt64 = 0
        fileprivate var snapshots: [[UInt8]] = []

        fileprivate init(number: UInt64, identity: RoomIdentity, node: HostNode) {
            self.number = number
            self.identity = identity
            self.node = node
        }

        /// Where the log is in a store.
        fileprivate(set) var replica: TimedHost?
        fileprivate(set) var storeLostCount = 0

        /// The room's order, once the host shares it.
        fileprivate(set) var authority: SharedAuthority?

        var isOpen: Bool { isAlive && authority?.isOpen == true }

        fileprivate func heard(_ event: TimedHost.Event) {
            switch event {
            case .adopted(let room):
                do { try authority?.adopt(room) } catch { Issue.record("\(error)") }
            case .applied(let entry, let position): authority?.logApplied(entry, at: position)
            case .storeLost:
                storeLostCount += 1
                authority?.storeWasLost()
            case .snapshotNeeded:
                if let snapshot = authority?.snapshot { replica?.keep(snapshot, trimming: nil) }
            case .tampered: Issue.record("an honest store is distrusted")
            }
        }
    }

    let loop: EventLoop
    private let room = RoomName.random()
    private let key = X25519.PrivateKey().exported()
    private let invite = InviteSecret()
    private let limits: RoomLimits
    private(set) var hosts: [Host] = []
    private(set) var people: [Person] = []
    private var log: [(entry: WrittenEntry, position: LogPosition)] = []
    private var random: UInt64
    let store: TimedStore?
    var onAnything: (() -> Void)?

    init(loop: EventLoop, seed: UInt64, withStore: Bool = false) {
        SodiumLibrary.initialize()
        self.loop = loop
        random = seed
        store = withStore ? TimedStore(schedule: loop, seed: seed) : nil
        var limits = RoomLimits()
        limits.isRelay = true
        self.limits = limits
    }

    private func next(_ limit: UInt64) -> UInt64 {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (random >> 33) % limit
    }

    // MARK: Hosts

    func address(of host: Int) -> RoomAddress {
        .direct(HostPort(host: "192.0.2.\(host + 1)", port: 12_345))
    }

    @discardableResult
    func addHost(timeToLive: Duration? = nil) throws -> Host {
        let identity = RoomIdentity(
            prologue: Prologue(room: room.description, onionKey: nil),
            staticKey: try X25519.PrivateKey(copying: key), invites: [invite], acceptsOpen: false)
        let node = HostNode(
            loop: loop, identity: identity, limits: limits, closesAt: nil,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, tell: { _ in })
        let host = Host(number: UInt64(hosts.count + 1), identity: identity, node: node)
        hosts.append(host)
        let authority = SharedAuthority(
            node, host: host.number, isNew: hosts.count == 1,
            terms: SharedTerms(limits, hasPassword: false, isInviteOnly: true, timeToLive: timeToLive),
            places: [address(of: hosts.count - 1)].compactMap(\.hostPlace),
            log: .init(
                append: { [weak self, weak host] input, time in
                    guard let self, let host, host.isAlive else { return true }
                    if let replica = host.replica {
                        do throws(ReplicaError) {
                            try replica.append(input, time: time)
                            return true
                        } catch {
                            return false
                        }
                    }
                    host.lastInput += 1
                    self.append(.input(host.lastInput, input), by: host.number, time: time)
                    return true
                },
                keep: { [weak host] in
                    guard let replica = host?.replica else { return host?.snapshots.append($0) ?? () }
                    replica.keep($0, trimming: replica.replica.state.place.position)
                },
                isReady: { [weak host] in
                    host?.replica.map { $0.replica.isFollowing && $0.replica.isConfirmed }
                        ?? host.map { $0.position >= $0.readsAgain } ?? true
                }, waitingByteCount: { 0 },
                isKeeper: { [weak host] in
                    host?.replica.map { $0.replica.state.writers.living.first == $0.replica.writer }
                        ?? (host?.number == 1)
                }))
        host.authority = authority
        node.authority = authority
        if let store {
            let replica = TimedHost(
                host.number, creating: host.number == 1, at: store,
                roomTime: { [weak host] in host?.authority?.writingTime ?? 0 },
                onEvent: { [weak self, weak host] event in
                    guard let host, host.isAlive else { return }
                    host.heard(event)
                    self?.onAnything?()
                })
            host.replica = replica
            replica.start()
            return host
        }
        append(.hello(instead: nil), by: host.number, time: 0)
        beat(host)
        return host
    }

    /// Shows that it lives, and brings time.
    private func beat(_ host: Host) {
        loop.schedule(after: .milliseconds(200)) { [weak self, weak host] in
            guard let self, let host, host.isAlive else { return }
            self.append(.beat, by: host.number, time: host.authority?.writingTime ?? 0)
            self.beat(host)
        }
    }

    private func append(_ content: LogContent, by host: UInt64, time: UInt64) {
        let last = log.last?.entry.time ?? 0
        let position = LogPosition(epoch: 1, number: UInt64(log.count + 1))
        log.append(
            (
                WrittenEntry(
                    writer: WriterID(host: host, incarnation: 0), number: position.number, epochHead: .origin,
                    seen: .origin, time: max(last, time), content: content), position
            ))
        for host in hosts where host.isAlive { readOn(host) }
    }

    /// Each host reads at its own pace, some entries at a time.
    private func readOn(_ host: Host) {
        loop.schedule(after: .milliseconds(Int64(next(30)))) { [weak self, weak host] in
            guard let self, let host, host.isAlive else { return }
            for _ in 0...self.next(6) where host.position < self.log.count {
                let (entry, position) = self.log[host.position]
                host.position += 1
                host.authority?.logApplied(entry, at: position)
            }
            if host.position < self.log.count { self.readOn(host) }
            self.onAnything?()
        }
    }

    /// The host writes that, whatever has come to it.
    func write(_ input: RoomInput, by index: Int) {
        let host = hosts[index]
        host.lastInput += 1
        append(.input(host.lastInput, input.bytes), by: host.number, time: host.authority?.writingTime ?? 0)
    }

    /// What the host knows of the links of all.
    func table(of index: Int) throws -> SharedTable {
        let bytes = try #require(hosts[index].authority?.snapshot)
        return try SharedSnapshot(bytes: bytes, limits: limits, book: PublicRoomGroup.self).table
    }

    /// The host is killed; the others find out.
    func kill(_ index: Int) {
        let host = hosts[index]
        host.isAlive = false
        host.replica?.kill()
        for person in people where person.place == index { person.breakConnection() }
        if store != nil { return }
        guard let other = hosts.first(where: \.isAlive) else { return }
        append(.gone(WriterID(host: host.number, incarnation: 0), after: 0), by: other.number, time: 0)
    }

    /// The host reads all of the log again, with nobody connected, as after junk in its store was removed.
    func reload(_ index: Int, hasLost: Bool = false) throws {
        let host = hosts[index]
        host.position = 0
        host.readsAgain = log.count
        try host.authority?.adopt(nil)
        if hasLost { host.authority?.storeWasLost() }
        readOn(host)
    }

    /// The host was slow, and another one took it for dead.
    func declareGone(_ index: Int, by other: Int) {
        append(.gone(WriterID(host: hosts[index].number, incarnation: 0), after: 0), by: hosts[other].number, time: 0)
    }

    /// The host is stopped in order; `isAlive` ends when nobody is connected any more.
    func stop(_ index: Int) {
        let host = hosts[index]
        host.node.onEvent = { [weak self, weak host] event in
            guard case .closed = event else { return }
            host?.isAlive = false
            self?.onAnything?()
        }
        host.node.ending.pause()
    }

    /// Whether all that is written was read by all.
    var isSettled: Bool {
        guard store != nil else { return hosts.allSatisfy { !$0.isAlive || $0.position == log.count } }
        let states = hosts.filter(\.isAlive).compactMap(\.replica?.replica)
        return states.allSatisfy {
            $0.isFollowing && $0.hasWrittenAll && $0.state == states[0].state
                && $0.state.writers.living.count == states.count
        }
    }

    /// A host that begins with what another one has.
    func addLateHost() throws -> Host {
        guard let first = hosts.first(where: \.isAlive) else { preconditionFailure("a host is left") }
        let (snapshot, position) = (first.authority?.snapshot, first.position)
        let host = try addHost()
        host.position = position
        try host.authority?.adopt(snapshot)
        readOn(host)
        return host
    }

    // MARK: Members

    @discardableResult
    func add(
        _ nick: String, at place: Int, inviteOfGroup: Invite? = nil, isFollowing: Bool = false
    ) throws -> Person {
        let person = Person(at: place)
        people.append(person)
        if isFollowing {
            person.ways = RoomWays([address(of: place)]) { [weak self] ways in
                RoomWays.mixed(ways) { self?.next(.max >> 33) ?? 0 }
            }
        }
        let secret = inviteOfGroup?.secret ?? invite
        let trust: GroupTrust =
            if let bytes = inviteOfGroup?.secret.secretBytes {
                .secret(GroupSecret(SecretBytes(copying: bytes.span)))
            } else {
                .first
            }
        let node = MemberNode(
            loop: loop,
            target: .init(
                room: room, address: address(of: place), policy: .pinned(.invite),
                isInviteOfGroup: inviteOfGroup != nil),
            credentials: JoinCredentials(
                prologue: Prologue(room: room.description, onionKey: nil), staticKey: X25519.PrivateKey(),
                hostKey: hosts[0].identity.publicKey, invite: secret),
            client: MemberClient(
                nick: nick, engine: RoomGroup(trust: trust, time: 1_000_000_000), foundsGroup: true),
            password: nil,
            dial: { [weak self, weak person] completion in Dial(self, person, completion) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, wallClock: { 0 },
            tell: { [weak self, weak person] event in
                person?.events.append(event)
                self?.onAnything?()
            })
        node.onEvent = { [weak self, weak person] event in
            switch event {
            case .ended(let reason, let notice): person?.ending = (reason, notice)
            case .hosts(let places):
                let addresses = places.compactMap { RoomAddress($0) }
                person?.ways?.told(addresses)
                person?.events.append(.room(.hosts(addresses: addresses.map(\.text))))
            default: return
            }
            self?.onAnything?()
        }
        node.tryAnotherWay = { [weak person] _ in person?.ways?.failed() ?? false }
        node.otherAddresses = { [weak person] address in person?.ways?.others(than: address) ?? [] }
        person.node = node
        node.start()
        return person
    }

    private final class Dial: Cancellable {
        private var completion: ((Result<any ByteStream, ChatEvent.Notice>) -> Void)?

        init(
            _ world: SharedWorld?, _ person: Person?,
            _ completion: @escaping (Result<any ByteStream, ChatEvent.Notice>) -> Void
        ) {
            self.completion = completion
            world?.loop.atEndOfTurn { [weak world, weak person] in
                guard let world, let person, let completion = self.completion else { return }
                let ways = person.ways?.next() ?? [world.address(of: person.place)]
                let places = ways.compactMap { way in world.hosts.indices.first { world.address(of: $0) == way } }
                // Those that are dead refuse at once.
                person.place = places.first { world.hosts[$0].isAlive } ?? person.place
                let host = world.hosts[person.place]
                guard host.isAlive else { return completion(.failure(.init(.connectionRefused, "it is dead"))) }
                let (left, right) = MemoryStream.makePair(loop: world.loop)
                person.streams = [left, right]
                person.ways?.reached(world.address(of: person.place))
                person.node?.come(to: world.address(of: person.place))
                host.node.accept(right)
                completion(.success(left))
            }
        }

        func cancel() { completion = nil }
    }

    /// Calls `body` once, when `condition` has become true.
    func when(_ condition: @escaping () -> Bool, _ body: @escaping () throws -> Void) {
        onAnything = { [weak self] in
            guard let self, condition() else { return }
            self.onAnything = nil
            self.loop.atEndOfTurn {
                do { try body() } catch {
                    Issue.record(error)
                    self.loop.stop()
                }
            }
        }
        onAnything?()
    }

    func end() {
        onAnything = nil
        for person in people { person.breakConnection() }
    }
}

extension EventLoop: TimedSchedule {
    package func later(_ delay: Duration, _ body: @escaping () -> Void) { schedule(after: delay, body) }
}
