package import SharedLog
import TestSupport

/// Three hosts on a made-up Redis in made-up time, with faults that begin before those of before are over, from a seed; and what must
/// never be.
package final class TimedRun {
    private typealias Told = World.Told

    private final class Member {
        var host: TimedHost?
        var room: [Told] = []
        /// What its members were told before the room was replaced.
        var roomBefore: [Told]?
        var said: [UInt64] = []
        /// Until when it can have been kept from what it has to do. It is excused until it is in step after that.
        var hinderedUntil: Duration?

        var replica: LogReplica {
            guard let host else { preconditionFailure("a member has a host") }
            return host.replica
        }
    }

    /// Shorter ones are within what others wait.
    private static let hindrance = Duration.milliseconds(300)
    /// How often hosts look at the time: four times as long as they do, which costs less.
    private static let interval = ReplicaPace.pollInterval * 4
    /// How long the run is before all is left alone, and how long it may take until all have come to rest.
    private static let length = Duration.seconds(14)
    private static let patience = Duration.seconds(120)

    private let queue = TimedQueue()
    private let store: TimedStore
    private var members: [Member] = []
    private var random: SeededRandom
    private let omission: ReplicaOmission?
    private var nextHost: UInt64 = 4
    private var nextInput: UInt64 = 1
    private var isAtRest = false
    /// Somebody that had fallen off may have gone on with a history of its own.
    private var hasStray = false
    package private(set) var violation: String?
    package private(set) var trace: [String] = []
    /// How often somebody said that the store has lost what members were told.
    package private(set) var storeLostCount = 0
    package var inputs: Int { members.first?.room.count ?? 0 }

    /// Runs to the end.
    package init(
        seed: UInt64, faults: Int = 4, omission: ReplicaOmission? = nil, of storeOmission: MadeUpRedis.Omission? = nil
    ) {
        random = SeededRandom(seed: seed)
        self.omission = omission
        store = TimedStore(schedule: queue, seed: seed &+ 1 << 32, omission: storeOmission)
        members = (1...3).map { newMember($0) }
        for number in 0..<30 {
            queue.later(.milliseconds(400 * number + random.below(400))) { [unowned self] in say() }
        }
        // Two at a time.
        for _ in 0..<faults {
            let time = Duration.milliseconds(2_000 + random.below(8_000))
            for _ in 0..<2 { queue.later(time + .milliseconds(random.below(300))) { [unowned self] in fault() } }
        }
        queue.run(until: Self.length) { [unowned self] in violation != nil }
        calmDown()
        lookForRest()
        queue.run(until: queue.time + Self.patience) { [unowned self] in violation != nil || isAtRest }
        check()
        for member in members { member.host?.kill() }
    }

    private func newMember(_ number: UInt64) -> Member {
        let member = Member()
        let host = TimedHost(number, creating: number == 1, at: store, interval: Self.interval, omission: omission) {
            [unowned self, unowned member] in heard($0, member)
        }
        member.host = host
        host.start()
        return member
    }

    // MARK: What happens

    private func say() {
        let member = members[random.below(members.count)]
        for _ in 0...random.below(3) {
            let input = nextInput
            nextInput += 1
            member.said.append(input)
            let bytes = [UInt8(truncatingIfNeeded: input >> 8), UInt8(truncatingIfNeeded: input)]
            do throws(ReplicaError) { try member.host?.append(bytes, time: 0) } catch { fail("too much waits") }
        }
        if random.below(8) == 0, member.replica.isFollowing {
            member.host?.keep(World.bytes(of: member.room), trimming: member.room.dropLast(4).last?.position)
        }
        look()
    }

    private var short: Duration { .milliseconds(20 + random.below(1_500)) }
    private var long: Duration { .milliseconds(500 + random.below(7_000)) }

    private func fault() {
        switch random.below(12) {
        case 0, 1: restart(back: random.below(min(5, store.changes + 1)))
        case 2: restart(back: nil)
        case 3:
            note("the store stands still")
            store.stop()
            queue.later(long) { [unowned self] in store.wake() }
        case 4:
            note("the store loses all")
            if random.below(2) == 0 { store.flush() } else { store.evict() }
        case 5: refuse([.changes, .appends, .everything][random.below(3)])
        case 6:
            note("the store is slow")
            store.delay = .milliseconds(1_500)
            for member in members { hinder(member, long) }
            queue.later(.seconds(2)) { [unowned self] in store.delay = .milliseconds(40) }
        case 7:
            note("connections break")
            store.cutConnections()
        case 8, 9: crash()
        case 10: sleep()
        default:
            let member = members[random.below(members.count)]
            let time = random.below(2) == 0 ? short : long
            note("\(name(member)) is cut off for \(time)")
            hinder(member, time)
            member.host?.way.cutUntil = queue.time + time
        }
    }

    private func restart(back: Int?) {
        let pause = random.below(2) == 0 ? short : long
        note("the store is started again after \(pause), \(back.map { "\($0) changes ago" } ?? "empty")")
        store.kill()
        queue.later(pause) { [unowned self] in store.start(back: back) }
    }

    private func refuse(_ refusal: TimedStore.Refusal) {
        note("the store refuses \(refusal)")
        store.refusal = refusal
        queue.later(long) { [unowned self] in store.refusal = .nothing }
    }

    private func crash() {
        let index = random.below(members.count)
        // The room is to live: somebody else has it.
        guard members.indices.contains(where: { $0 != index && isFit(members[$0]) }) else { return }
        note("\(name(members[index])) dies")
        members[index].host?.kill()
        members[index] = newMember(nextHost)
        nextHost += 1
    }

    private func sleep() {
        let member = members[random.below(members.count)]
        let time = random.below(2) == 0 ? short : long
        note("\(name(member)) sleeps for \(time)")
        hinder(member, time)
        member.host?.sleep()
        queue.later(time) { [unowned self, weak member] in
            guard let member else { return }
            note("\(name(member)) wakes")
            member.host?.wake()
        }
    }

    private func hinder(_ member: Member, _ time: Duration) {
        guard time >= Self.hindrance else { return }
        member.hinderedUntil = max(member.hinderedUntil ?? .zero, queue.time + time)
    }

    private func calmDown() {
        note("calm")
        store.wake()
        store.refusal = .nothing
        store.delay = .milliseconds(40)
    }

    // MARK: What a host says

    private func heard(_ event: TimedHost.Event, _ member: Member) {
        switch event {
        case .adopted(let room):
            if member.host?.wasConfirmed == true, member.roomBefore == nil { member.roomBefore = member.room }
            member.room = room.map(World.room(reading:)) ?? []
        case .applied(let entry, let position):
            guard case .input(_, let bytes) = entry.content else { return }
            let input = bytes.reduce(0) { $0 << 8 | UInt64($1) }
            if member.room.contains(where: { $0.input == input }) { fail("\(input) was repeated") }
            member.room.append(Told(position: position, input: input))
        case .storeLost:
            storeLostCount += 1
            note("\(name(member)) says store-lost")
            member.roomBefore = nil
            if member.hinderedUntil == nil, !hasStray { fail("\(name(member)) lost what it need not have lost") }
        case .snapshotNeeded:
            member.host?.keep(World.bytes(of: member.room), trimming: nil)
        case .tampered:
            fail("\(name(member)) distrusts an honest store")
        }
    }

    private func isInStep(_ member: Member) -> Bool {
        member.replica.isFollowing && store.redis.isBound
            && member.replica.state.lineage.epochHead == store.redis.bound?.epochHead
    }

    /// Whether what it has told its members is what the room's history will be.
    private func isFit(_ member: Member) -> Bool {
        member.hinderedUntil == nil && member.replica.isConfirmed
    }

    private func look() {
        for member in members {
            if let until = member.hinderedUntil, until < queue.time, isInStep(member) { member.hinderedUntil = nil }
            guard let before = member.roomBefore, member.replica.isSettled else { continue }
            member.roomBefore = nil
            if !member.room.starts(with: before) { fail("\(name(member)) was told another order before") }
        }
        let fit = members.filter { isFit($0) && $0.roomBefore == nil }
        for (one, other) in zip(fit, fit.dropFirst())
        where !one.room.starts(with: other.room) && !other.room.starts(with: one.room) {
            fail("\(name(one)) and \(name(other)) have two orders")
        }
        hasStray = members.contains { $0.hinderedUntil != nil && !$0.replica.isWithin(lineage) }
    }

    private var lineage: LogLineage {
        members.first { isInStep($0) }?.replica.state.lineage ?? members[0].replica.state.lineage
    }

    /// Whether all have come to rest; looked at now and then, because it costs much.
    private func lookForRest() {
        let replicas = members.map(\.replica)
        isAtRest =
            members.allSatisfy(isInStep)
            && replicas.allSatisfy {
                $0.isConfirmed && $0.hasWrittenAll && $0.state == replicas[0].state
                    && $0.state.writers.living.count == members.count
            }
        if !isAtRest { queue.later(.milliseconds(250)) { [unowned self] in lookForRest() } }
    }

    private func check() {
        guard violation == nil else { return }
        guard isAtRest else {
            let places = members.map { "\($0.replica.phaseName) \($0.replica.state.place.position.text)" }
            return fail("they do not come to rest: \(places)")
        }
        look()
        let room = members[0].room
        let inputs = Set(room.map(\.input))
        if !members.allSatisfy({ $0.room == room }) { fail("hosts end with different rooms") }
        if inputs.count != room.count { fail("an input stands twice") }
        for member in members where !inputs.isSuperset(of: member.said) {
            fail("what \(name(member)) was given was lost")
        }
    }

    private func name(_ member: Member) -> String { "host \(member.replica.writer.host)" }

    private func note(_ what: String) { trace.append("\(queue.time / .milliseconds(1)) \(what)") }

    private func fail(_ what: String) {
        guard violation == nil else { return }
        note(what)
        violation = what
    }
}
