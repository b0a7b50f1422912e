package import Chat
package import EventLoop
internal import Room
internal import SharedLog
package import Sodium

/// Holds a room together with other hosts: between a ``HostNode`` and the log of its room in a store.
package final class RoomShare {
    /// Members that are connected here go to another host when the store cannot be used for so long: perhaps others can use it.
    static let patience = Duration.seconds(10)
    /// When the person is told that the room is still waited for.
    static let firstPatience = Duration.seconds(5)
    /// How long an ended room's log is kept, for hosts that sleep: what is there is sealed, and they are to read that it ended.
    static let expiry = 3_600

    private let loop: EventLoop
    private let options: StoreOptions
    private let name: String
    private let tell: (ChatEvent.Notice) -> Void
    private weak var authority: SharedAuthority?
    private var replica: ReplicaNode?
    private var client: RedisClient?
    private var isReady = false
    private var deadline: TimerHandle?

    /// Called once, when members can come in.
    package var onReady: (() -> Void)?
    /// Called when this host cannot be one of the room's.
    var onFailed: ((ChatEvent.Notice) -> Void)?

    package init(_ options: StoreOptions, name: String, loop: EventLoop, tell: @escaping (ChatEvent.Notice) -> Void) {
        self.loop = loop
        self.options = options
        self.name = name
        self.tell = tell
    }

    /// Begins with `node`, which nobody has come to yet, without end and at no place that members are told of.
    package func start(_ node: HostNode, isNew: Bool, key: borrowing SecretBytes) {
        start(
            node, isNew: isNew,
            terms: SharedTerms(node.room.limits, hasPassword: false, isInviteOnly: false, timeToLive: nil), places: [],
            key: key)
    }

    /// Begins with `node`, which nobody has come to yet.
    ///
    /// - Parameters:
    ///   - isNew: whether the room begins with this host.
    ///   - places: where this host is reached.
    ///   - key: what the log is sealed with.
    func start(
        _ node: HostNode, isNew: Bool, terms: SharedTerms, places: [HostPlace], key: borrowing SecretBytes
    ) {
        let host = Random.uint64()
        let replica = ReplicaNode(
            loop: loop, location: options.location, password: options.password, name: name,
            seal: LogSeal(key: key), host: host, creating: isNew,
            time: { [weak self] in self?.authority?.writingTime ?? 0 },
            onEvent: { [weak self] in self?.heard($0) })
        self.replica = replica
        let authority = SharedAuthority(
            node, host: host, isNew: isNew, terms: terms, places: places,
            log: .init(
                append: { [weak replica] input, time in
                    do throws(ReplicaError) {
                        try replica?.append(input, time: time)
                        return true
                    } catch {
                        return false
                    }
                },
                keep: { [weak replica] in replica?.keepTrimming($0) },
                isReady: { [weak replica] in replica?.isReady ?? false },
                waitingByteCount: { [weak replica] in replica?.replica.waitingByteCount ?? 0 },
                isKeeper: { [weak replica] in replica?.isFirst ?? false },
                metrics: { [weak replica] in replica?.metrics ?? .init() },
                termsDiffer: { [weak self] in self?.fail(.storeTermsDiffer) }))
        self.authority = authority
        node.authority = authority
        wait(Self.firstPatience) { [weak self] in self?.tell(.storeHasNoRoom) }
        replica.start()
    }

    /// Nothing is written any more. Of a room that is over nothing stays in the store for long.
    func stop(isOver: Bool, then done: @escaping () -> Void) {
        deadline?.cancel()
        replica?.stop()
        replica = nil
        guard isOver else { return done() }
        let client = RedisClient(
            loop: loop, location: options.location, password: options.password, answerTimeout: .seconds(2))
        self.client = client
        var owed = RedisSession.keys(ofRoom: name).count
        for key in RedisSession.keys(ofRoom: name) {
            client.ask([Array("EXPIRE".utf8), key, Array("\(Self.expiry)".utf8)]) { [weak self] _ in
                owed -= 1
                guard owed == 0 else { return }
                self?.client?.close()
                self?.client = nil
                done()
            }
        }
    }

    private func heard(_ event: ReplicaNode.Event) {
        guard let authority else { return }
        switch event {
        case .adopted(let room):
            do throws(SnapshotError) {
                try authority.adopt(room)
            } catch {
                fail(.storeOfOtherVersion)
            }
        case .applied(let entry, let position):
            authority.logApplied(entry, at: position)
            becomeReady()
        case .snapshotNeeded:
            replica?.keep(authority.snapshot, trimming: nil)
        case .storeLost:
            authority.storeWasLost()
            tell(.storeLost)
        case .tampered:
            fail(.storeTampered)
        case .unavailable(let outage):
            tell(.storeUnavailable(outage, at: options.location))
            wait(Self.patience) { [weak self] in self?.authority?.dropAll() }
        case .available:
            deadline?.cancel()
            tell(.storeAvailable)
        }
    }

    private func becomeReady() {
        guard !isReady, authority?.isOpen == true else { return }
        isReady = true
        deadline?.cancel()
        let ready = onReady
        onReady = nil
        ready?()
    }

    private func wait(_ time: Duration, _ body: @escaping () -> Void) {
        deadline?.cancel()
        deadline = loop.schedule(after: time, body)
    }

    private func fail(_ notice: ChatEvent.Notice) {
        replica?.stop()
        let failed = onFailed
        onFailed = nil
        failed?(notice)
    }
}
