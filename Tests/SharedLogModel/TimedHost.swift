package import SharedLog

/// A host's replica with its time, at a made-up store: what `ReplicaNode` is over a socket.
package final class TimedHost {
    package enum Event {
        case adopted([UInt8]?)
        case applied(WrittenEntry, at: LogPosition)
        case storeLost
        case snapshotNeeded
        case tampered
    }

    private let store: TimedStore
    private let interval: Duration
    /// The room's, in milliseconds.
    private let roomTime: () -> UInt64
    private let onEvent: (Event) -> Void
    package let way = TimedStore.Way()
    package private(set) var replica: LogReplica
    private var pace: ReplicaPace
    private var retry = StoreRetry()
    private var connection: TimedStore.Connection?
    /// Whether members were told what is applied, before what happens now.
    package private(set) var wasConfirmed = false
    package private(set) var isAsleep = false
    private(set) var isOver = false
    private var whenAwake: [() -> Void] = []

    /// - Parameter interval: how often it looks at the time; what brings something it does at once.
    package init(
        _ host: UInt64, creating: Bool, at store: TimedStore, interval: Duration = ReplicaPace.pollInterval,
        omission: ReplicaOmission? = nil, roomTime: @escaping () -> UInt64 = { 0 }, onEvent: @escaping (Event) -> Void
    ) {
        self.store = store
        self.interval = interval
        self.roomTime = roomTime
        self.onEvent = onEvent
        replica = LogReplica(host: host, creating: creating, omission: omission)
        pace = ReplicaPace(now: store.schedule.time)
    }

    package func start() {
        connect()
        pass()
    }

    /// It is killed.
    package func kill() {
        isOver = true
        connection?.close()
    }

    package func sleep() { isAsleep = true }

    package func wake() {
        isAsleep = false
        let waiting = whenAwake
        whenAwake = []
        for body in waiting { perform(body) }
    }

    package func append(_ input: [UInt8], time: UInt64) throws(ReplicaError) {
        wasConfirmed = replica.isConfirmed
        carryOut(try replica.append(input, time: time, coding: TableCoding()))
    }

    package func keep(_ room: [UInt8], trimming: LogPosition?) {
        carryOut(replica.snapshotTaken(room, trimming: trimming, coding: TableCoding()))
    }

    /// Its connection breaks.
    package func drop() {
        guard connection != nil else { return }
        lost()
    }

    private func perform(_ body: @escaping () -> Void) {
        if isOver { return }
        if isAsleep { whenAwake.append(body) } else { body() }
    }

    private func connect() {
        guard !isOver else { return }
        var opened: TimedStore.Connection?
        opened = store.connect(
            by: way,
            onReady: { [weak self] in
                self?.perform { [weak self] in
                    guard let self, opened === connection else { return }
                    carryOut(replica.connected())
                }
            },
            onReply: { [weak self] reply in
                self?.perform { [weak self] in
                    guard let self, opened === connection else { return }
                    pace.answered(now: store.schedule.time)
                    if reply != .failed { retry.answered() }
                    wasConfirmed = replica.isConfirmed
                    carryOut(replica.received(reply, coding: TableCoding()))
                }
            },
            onClosed: { [weak self] in
                self?.perform { [weak self] in
                    guard let self, opened === connection else { return }
                    lost()
                }
            })
        connection = opened
    }

    private func lost() {
        connection?.close()
        connection = nil
        replica.disconnected()
        store.schedule.later(retry.next()) { [weak self] in
            self?.perform { [weak self] in self?.connect() }
        }
    }

    private func pass() {
        store.schedule.later(interval) { [weak self] in self?.perform { [weak self] in self?.pass() } }
        for event in pace.passed(to: store.schedule.time, replica: replica) {
            switch event {
            case .polled: carryOut(replica.polled(coding: TableCoding()))
            case .beatDue: carryOut(replica.beatDue(time: roomTime(), coding: TableCoding()))
            case .slept: replica.slept()
            case .leasePassed: carryOut(replica.leasePassed(coding: TableCoding()))
            case .leasePassedOf(let writer):
                carryOut(replica.leasePassed(of: writer, time: roomTime(), coding: TableCoding()))
            case .timedOut: lost()
            }
        }
    }

    private func carryOut(_ outputs: [ReplicaOutput]) {
        for output in outputs {
            switch output {
            case .send(let command): connection?.send(command)
            case .reconnect: lost()
            case .adopted(let room): onEvent(.adopted(room))
            case .applied(let entry, let position):
                pace.applied(entry, of: replica)
                onEvent(.applied(entry, at: position))
            case .storeLost: onEvent(.storeLost)
            case .snapshotNeeded: onEvent(.snapshotNeeded)
            case .tampered: onEvent(.tampered)
            }
        }
    }
}
