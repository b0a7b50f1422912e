package import SharedLog
import TestSupport

/// A made-up Redis in made-up time, and the ways to it, which delay, break, and repeat.
package final class TimedStore {
    /// What it does not do now.
    package enum Refusal: Sendable {
        case nothing
        /// Full: what changes something fails.
        case changes
        /// It is not permitted to append.
        case appends
        /// It loads, or is only a replica.
        case everything
    }

    private enum Condition {
        case up
        case down
        case stopped
    }

    /// How many of its last changes it can lose.
    private static let depth = 12
    /// How long the kernel waits for who does not answer.
    private static let synPauses: [Duration] = [.seconds(1), .seconds(2), .seconds(2)]

    package let schedule: any TimedSchedule
    package private(set) var redis: MadeUpRedis
    private var random: SeededRandom
    private var versions: [MadeUpRedis] = []
    private var condition = Condition.up
    private var nextToken = 2
    package var refusal = Refusal.nothing
    /// How long it takes in one direction, at most; mostly a tenth.
    package var delay = Duration.milliseconds(40)
    /// Of a hundred commands so many are carried out twice.
    package var repeated = 5
    private var whenAwake: [() -> Void] = []
    private var connections: [Connection] = []

    package init(schedule: any TimedSchedule, seed: UInt64, omission: MadeUpRedis.Omission? = nil) {
        self.schedule = schedule
        redis = MadeUpRedis(token: 1, omission: omission)
        random = SeededRandom(seed: seed)
    }

    // MARK: What happens to it

    /// Its process ends. What is under way to it is lost.
    package func kill() {
        condition = .down
        whenAwake = []
        let broken = connections
        connections = []
        for connection in broken { connection.end() }
    }

    /// Another life begins, with what it had `back` changes ago; nil for with nothing.
    package func start(back: Int?) {
        guard case .down = condition else { return }
        let token = StoreToken("\(nextToken)")
        nextToken += 1
        if let back, back <= versions.count {
            if back > 0 {
                redis = versions[versions.count - back]
                versions.removeLast(back)
            }
        } else {
            redis.flush()
            versions = []
        }
        redis = redis.inLife(token)
        condition = .up
    }

    package func stop() {
        if case .up = condition { condition = .stopped }
    }

    package func wake() {
        guard case .stopped = condition else { return }
        condition = .up
        let waiting = whenAwake
        whenAwake = []
        for body in waiting { body() }
    }

    package func flush() {
        redis.flush()
        versions = []
    }

    package func evict() {
        redis.evict()
        versions = []
    }

    /// All connections break. What is under way may still be carried out.
    package func cutConnections() {
        let broken = connections
        connections = []
        for connection in broken { connection.end() }
    }

    package var isUp: Bool {
        if case .up = condition { true } else { false }
    }

    /// How many changes it can lose.
    package var changes: Int { versions.count }

    // MARK: Ways

    package final class Connection {
        fileprivate weak var store: TimedStore?
        fileprivate let way: Way
        fileprivate(set) var isOpen = true
        fileprivate private(set) var onReady: () -> Void
        fileprivate private(set) var onReply: (StoreReply) -> Void
        fileprivate private(set) var onClosed: () -> Void

        fileprivate init(
            _ store: TimedStore, _ way: Way, onReady: @escaping () -> Void, onReply: @escaping (StoreReply) -> Void,
            onClosed: @escaping () -> Void
        ) {
            self.store = store
            self.way = way
            self.onReady = onReady
            self.onReply = onReply
            self.onClosed = onClosed
        }

        package func send(_ command: StoreCommand) { store?.take(command, from: self) }

        package func close() {
            isOpen = false
            store?.connections.removeAll { $0 === self }
            onReady = {}
            onReply = { _ in }
            onClosed = {}
        }

        fileprivate func end() {
            guard isOpen else { return }
            isOpen = false
            store?.reach(way) { [self] in onClosed() }
        }
    }

    /// The network between one host and the store.
    package final class Way {
        /// Nothing comes through before that.
        package var cutUntil = Duration.zero

        package init() {}
    }

    /// Dials. Nothing is called before this returns, nor after ``Connection/close()``.
    package func connect(
        by way: Way, onReady: @escaping () -> Void, onReply: @escaping (StoreReply) -> Void,
        onClosed: @escaping () -> Void
    ) -> Connection {
        let connection = Connection(self, way, onReady: onReady, onReply: onReply, onClosed: onClosed)
        knock(connection, Self.synPauses[...])
        return connection
    }

    private func knock(_ connection: Connection, _ pauses: ArraySlice<Duration>) {
        guard connection.isOpen else { return }
        if schedule.time < connection.way.cutUntil {
            guard let pause = pauses.first else { return refuse(connection) }
            schedule.later(pause) { [self] in knock(connection, pauses.dropFirst()) }
            return
        }
        schedule.later(tripTime * 2) { [self] in
            guard connection.isOpen else { return }
            if case .down = condition { return refuse(connection) }
            connections.append(connection)
            // It loads its scripts.
            awake { [self] in
                reach(connection.way) { [self] in
                    guard connection.isOpen else { return }
                    if refusal == .everything { return refuse(connection) }
                    connection.onReady()
                }
            }
        }
    }

    private func refuse(_ connection: Connection) {
        guard connection.isOpen else { return }
        let closed = connection.onClosed
        connection.close()
        closed()
    }

    private func take(_ command: StoreCommand, from connection: Connection) {
        guard connection.isOpen else { return }
        let life = redis.token
        reach(connection.way) { [self] in
            // It comes to another process, which knows nothing of its connection.
            guard redis.token == life, connections.contains(where: { $0 === connection }) || isLate else { return }
            awake { [self] in
                guard redis.token == life else { return }
                let reply = execute(command)
                if random.below(100) < repeated { _ = execute(command) }
                reach(connection.way) { if connection.isOpen { connection.onReply(reply) } }
            }
        }
    }

    /// Whether what was under way when its connection broke is carried out all the same.
    private var isLate: Bool { random.below(2) == 0 }

    private func execute(_ command: StoreCommand) -> StoreReply {
        switch (refusal, command) {
        case (.everything, _), (.changes, .append), (.changes, .report), (.changes, .open), (.changes, .keep),
            (.appends, .append), (.appends, .open):
            // To read nothing is to append nothing.
            if case (.appends, .append(_, _, let entries, _, _)) = (refusal, command), entries.isEmpty { break }
            if case (.changes, .append(_, _, let entries, _, _)) = (refusal, command), entries.isEmpty { break }
            return .failed
        default: break
        }
        let before = redis
        let reply = redis.execute(command)
        if redis.last != before.last || redis.snapshot?.position != before.snapshot?.position
            || redis.bound != before.bound
        {
            versions.append(before)
            if versions.count > Self.depth { versions.removeFirst() }
        }
        return reply
    }

    private func awake(_ body: @escaping () -> Void) {
        if case .stopped = condition { whenAwake.append(body) } else { body() }
    }

    /// After the way's time; behind a cut, when what was lost is sent again.
    private func reach(_ way: Way, _ body: @escaping () -> Void) {
        let left = way.cutUntil - schedule.time
        schedule.later(left > .zero ? left + .milliseconds(random.below(400)) + tripTime : tripTime, body)
    }

    private var tripTime: Duration {
        let limit = random.below(10) == 0 ? delay : delay / 10
        return limit * Double(random.below(1_000)) / 1_000
    }
}
