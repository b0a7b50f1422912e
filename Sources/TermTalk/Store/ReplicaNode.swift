internal import EventLoop
internal import SharedLog

/// A host's replica of a shared log, with its time and its connection to Redis, which is made again whenever it breaks.
final class ReplicaNode {
    enum Event {
        /// All the room knows is to be replaced: by its snapshot, or by what a room begins with.
        case adopted(room: [UInt8]?)
        /// The next of the log's order.
        case applied(WrittenEntry, at: LogPosition)
        /// Some of what was applied is not part of the log any more.
        case storeLost
        /// The room's snapshot as of now is needed: ``ReplicaNode/keep(_:trimming:)``.
        case snapshotNeeded
        /// The store lies, or was given entries by somebody who is no host of the room. Nothing follows.
        case tampered
        /// The store cannot be used now; told once, until ``available``.
        case unavailable(Outage)
        case available
    }

    /// Why the store cannot be used.
    enum Outage: Equatable {
        case redis(RedisFailure)
        /// What it holds does not follow what the hosts have written there.
        case unreadable
    }

    /// How often time is looked at: as often as others are asked for what they have written.
    static let interval = ReplicaPace.pollInterval

    private enum Link {
        case none
        case waiting(TimerHandle)
        case open(RedisConnection, RedisSession?)
    }

    private let loop: EventLoop
    private let location: RedisLocation
    private let password: RedisPassword?
    private let name: String
    private let seal: LogSeal
    private let time: () -> UInt64
    private let onEvent: (Event) -> Void
    private(set) var replica: LogReplica
    private var pace: ReplicaPace
    private var retry = StoreRetry()
    private var link = Link.none
    private var isAvailable = true
    /// When it had last read all that the store holds.
    private var inStepAt: Duration
    private var entries: UInt64 = 0
    private var timer: TimerHandle?
    /// Runs while Redis has taken the connection and not the password and the scripts yet.
    private var greeting: TimerHandle?

    /// - Parameters:
    ///   - name: of the room's keys in Redis; it should tell nothing of the room.
    ///   - host: a number at random.
    ///   - creating: whether the room begins with this host.
    ///   - time: the room's, in milliseconds.
    init(
        loop: EventLoop, location: RedisLocation, password: RedisPassword?, name: String, seal: consuming LogSeal,
        host: UInt64, creating: Bool, time: @escaping () -> UInt64, onEvent: @escaping (Event) -> Void
    ) {
        self.loop = loop
        self.location = location
        self.password = password
        self.name = name
        self.seal = seal
        self.time = time
        self.onEvent = onEvent
        replica = LogReplica(host: host, creating: creating)
        pace = ReplicaPace(now: loop.time)
        inStepAt = loop.time
    }

    deinit {
        stop()
    }

    func start() {
        guard timer == nil else { return }
        connect()
        pass()
    }

    /// Closes the connection. Nothing is told any more.
    func stop() {
        timer?.cancel()
        timer = nil
        disconnect()
    }

    // MARK: What the host has to say

    /// Writes an input as soon as that is possible; ``Event/applied(_:at:)`` follows once it counts.
    ///
    /// - Parameter time: the room's, in milliseconds.
    /// - Throws: ``ReplicaError``; nothing is taken then.
    func append(_ input: [UInt8], time: UInt64) throws(ReplicaError) {
        carryOut(try replica.append(input, time: time, coding: seal))
    }

    /// Whether members may be told what is applied, and what they say is on its way at once.
    var isReady: Bool { replica.isFollowing && replica.isConfirmed }

    var metrics: RoomMetrics.SharedLog {
        .init(
            isReady: isReady, hosts: replica.state.writers.living.count, lag: loop.time - inStepAt, entries: entries)
    }

    /// Whether no other host that lives comes before this one: it does what one of them has to do.
    var isFirst: Bool { replica.state.writers.living.first == replica.writer }

    /// Puts the room as it is into the store, in the place of all that was written.
    func keepTrimming(_ room: [UInt8]) { keep(room, trimming: replica.state.place.position) }

    /// Puts the room as it is into the store. Entries up to `trimming` are not needed any more.
    func keep(_ room: [UInt8], trimming: LogPosition?) {
        carryOut(replica.snapshotTaken(room, trimming: trimming, coding: seal))
    }

    // MARK: Connection

    private func connect() {
        let connection = RedisConnection(to: location, loop: loop) { [weak self] in
            self?.opened()
        } onReceived: { [weak self] bytes in
            self?.received(bytes)
        } onClosed: { [weak self] failure in
            self?.lost(.redis(failure))
        }
        link = .open(connection, nil)
    }

    private func opened() {
        guard case .open(let connection, _) = link else { return }
        let (session, bytes) = RedisSession.begin(room: name, user: location.user, password: password?.word)
        link = .open(connection, session)
        greeting = loop.schedule(after: ReplicaPace.answerTimeout) { [weak self] in self?.lost(.redis(.timedOut)) }
        connection.write(bytes)
    }

    private func received(_ bytes: [UInt8]) {
        guard case .open(let connection, var session?) = link else { return }
        // One owner, so that its buffer is not copied.
        link = .open(connection, nil)
        let events: [RedisSession.Event]
        do throws(RedisError) {
            events = try session.received(bytes)
        } catch {
            return lost(.redis(RedisFailure(error)))
        }
        link = .open(connection, session)
        for event in events {
            guard case .open(let current, _) = link, current === connection else { return }
            switch event {
            case .ready:
                greeting?.cancel()
                carryOut(replica.connected())
            case .reply(let reply):
                pace.answered(now: loop.time)
                let outputs = replica.received(reply, coding: seal)
                if case .entries(_, let last) = reply, replica.state.place.position == last {
                    retry.readAll()
                    if replica.isFollowing { inStepAt = loop.time }
                }
                if reply != .failed { retry.answered() }
                carryOut(outputs, saying: reply == .failed ? .unable : .lost)
            }
        }
        tellIfAvailable()
    }

    /// The connection is of no use: another one is made in a while.
    private func lost(_ outage: Outage) {
        disconnect()
        guard timer != nil else { return }
        link = .waiting(loop.schedule(after: retry.next()) { [weak self] in self?.connect() })
        guard isAvailable else { return }
        isAvailable = false
        onEvent(.unavailable(outage))
    }

    private func tellIfAvailable() {
        guard !isAvailable, replica.isFollowing, retry.hasReadAll else { return }
        isAvailable = true
        onEvent(.available)
    }

    private func disconnect() {
        switch link {
        case .none: break
        case .waiting(let timer): timer.cancel()
        case .open(let connection, _): connection.close()
        }
        link = .none
        greeting?.cancel()
        replica.disconnected()
    }

    // MARK: Time

    private func pass() {
        timer = loop.schedule(after: Self.interval) { [weak self] in self?.pass() }
        for event in pace.passed(to: loop.time, replica: replica) {
            switch event {
            case .polled: carryOut(replica.polled(coding: seal))
            case .beatDue: carryOut(replica.beatDue(time: time(), coding: seal))
            case .slept: replica.slept()
            case .leasePassed: carryOut(replica.leasePassed(coding: seal))
            case .leasePassedOf(let writer):
                carryOut(replica.leasePassed(of: writer, time: time(), coding: seal))
            case .timedOut: lost(.redis(.timedOut))
            }
        }
    }

    /// - Parameter failure: why the connection is of no use, where it is not.
    private func carryOut(_ outputs: [ReplicaOutput], saying failure: RedisFailure = .lost) {
        for output in outputs {
            switch output {
            case .send(let command):
                if command == .load, !retry.mayLoad() { return lost(.unreadable) }
                guard case .open(let connection, var session?) = link else { return }
                link = .open(connection, nil)
                let bytes = session.send(command)
                link = .open(connection, session)
                connection.write(bytes)
            case .reconnect:
                lost(.redis(failure))
            case .adopted(let room):
                onEvent(.adopted(room: room))
            case .applied(let entry, let position):
                entries &+= 1
                pace.applied(entry, of: replica)
                onEvent(.applied(entry, at: position))
            case .storeLost:
                onEvent(.storeLost)
            case .snapshotNeeded:
                onEvent(.snapshotNeeded)
            case .tampered:
                stop()
                onEvent(.tampered)
            }
        }
    }
}
