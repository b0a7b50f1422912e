internal import Chat
internal import EventLoop
internal import Sodium

/// Keeps the record of a room that is open in a registry, as long as it is.
///
/// Another host's record is left alone: two rooms of one id are told apart by who was first. What does not open is nobody's.
final class RegistryAnnouncer {
    /// How long a record stays when its host dies: members of a room that goes on elsewhere wait as long.
    static let lifetime = Duration.seconds(60)
    /// Twice an answer may be lost.
    static let interval = Duration.seconds(20)
    /// How long the end of a room may wait for its record to go.
    static let withdrawalPatience = Duration.seconds(3)

    /// What is said of the room.
    struct Announcement: Equatable {
        var addresses: [RoomAddress]
        var hostKey: X25519.PublicKey
        var endsAt: Int64?
    }

    private enum Trouble: Equatable {
        case none, unreachable, taken
    }

    private let loop: EventLoop
    private let client: RegistryClient
    private let room: RoomName
    /// Under which the registry shows the room to everybody; nil for not at all.
    private let name: String?
    private let wallClock: () -> Int64
    private let tell: (ChatEvent.Notice) -> Void
    private var keys: RegistryKeys?
    private var announcement: Announcement
    private var timer: TimerHandle?
    private var isWithdrawn = false
    private var trouble = Trouble.none

    /// - Parameter tell: called with what goes wrong, once until it goes well again.
    init(
        loop: EventLoop, client: RegistryClient, room: RoomName, name: String?, announcement: Announcement,
        wallClock: @escaping () -> Int64, tell: @escaping (ChatEvent.Notice) -> Void
    ) {
        self.loop = loop
        self.client = client
        self.room = room
        self.name = name
        self.announcement = announcement
        self.wallClock = wallClock
        self.tell = tell
        loop.offload {
            RegistryKeys(room: room)
        } then: { [weak self] keys in
            guard let self, !self.isWithdrawn else { return }
            guard let keys else { return tell(.registryNeedsMemory) }
            self.keys = keys
            self.write()
        }
    }

    /// The room is elsewhere, or ends at another time.
    func change(to announcement: Announcement) {
        guard announcement != self.announcement else { return }
        self.announcement = announcement
        if keys != nil { write() }
    }

    /// Removes the record. `done` is called within `patience`; nothing is told any more.
    func withdraw(within patience: Duration = withdrawalPatience, then done: @escaping () -> Void) {
        isWithdrawn = true
        timer?.cancel()
        guard let keys else { return done() }
        var isDone = false
        let finish = { [client] in
            guard !isDone else { return }
            isDone = true
            client.close()
            done()
        }
        let limit = loop.schedule(after: patience, finish)
        let key = announcement.hostKey
        client.remove(keys.name, ifOwn: { keys.open($0)?.hostKey == key }) { [client, room, name] in
            let last = {
                limit.cancel()
                finish()
            }
            guard name != nil else { return last() }
            client.remove(
                RegistryListing.key(of: room), ifOwn: { RegistryListing($0)?.record.hostKey == key }, then: last)
        }
    }

    private func write() {
        guard let keys else { return }
        timer?.cancel()
        timer = loop.schedule(after: Self.interval) { [weak self] in self?.write() }
        let record = RegistryRecord(
            addresses: announcement.addresses, hostKey: announcement.hostKey, writtenAt: wallClock(),
            endsAt: announcement.endsAt)
        let isWanted = { [weak self] in self?.isWithdrawn == false }
        client.write(
            keys.seal(record), to: keys.name, for: Self.lifetime,
            isOthers: { keys.open($0).map { $0.hostKey != record.hostKey } ?? false }, isWanted: isWanted
        ) { [weak self, client, room, name] result in
            guard case .success(.done) = result, let name else { self?.wrote(result); return }
            client.write(
                RegistryListing(name: name, room: room, record: record).encoded, to: RegistryListing.key(of: room),
                for: Self.lifetime,
                isOthers: { RegistryListing($0).map { $0.record.hostKey != record.hostKey } ?? false },
                isWanted: isWanted
            ) { self?.wrote($0) }
        }
    }

    private func wrote(_ result: Result<RegistryClient.Written, RedisFailure>) {
        guard !isWithdrawn else { return }
        let before = trouble
        switch result {
        case .success(.done): trouble = .none
        case .success(.taken):
            trouble = .taken
            if before != trouble { tell(.registryTaken) }
        case .failure(let failure):
            trouble = .unreachable
            if before != trouble { tell(.registryUnreachable(failure)) }
        }
    }
}
