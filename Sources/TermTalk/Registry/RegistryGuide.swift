internal import Chat
internal import EventLoop
internal import Sodium
internal import TorController

/// Asks a registry where a room is: before the way there, and again whenever it is not found where it was.
final class RegistryGuide {
    /// A host that begins elsewhere writes its record at once.
    private static let interval = Duration.seconds(10)

    let search: RegistrySearch
    /// The host's key as the registry said it: nobody vouches for it, but no other is the room's.
    var hostKey: X25519.PublicKey?
    private let room: RoomName
    private let loop: EventLoop
    private let wallClock: () -> Int64
    private var lookup: RoomLookup?
    private var askedAt = Duration.zero

    init(_ search: RegistrySearch, room: RoomName, loop: EventLoop, wallClock: @escaping () -> Int64) {
        self.search = search
        self.room = room
        self.loop = loop
        self.wallClock = wallClock
    }

    /// - Parameter tor: nil to ask directly.
    func ask(through tor: TorController?, then: @escaping (Result<RegistryRecord, ChatEvent.Notice>) -> Void) {
        askedAt = loop.time
        lookup = RoomLookup(
            room, access: search.access, loop: loop, dial: tor?.registryDial, now: wallClock(), completion: then)
    }

    /// Asks again, not too often, and never around the tor by which it was asked at first. `found` gets the addresses of the
    /// same kind, where the host has the same key.
    func askAgain(
        through tor: TorController?, hostKey: X25519.PublicKey, isOnion: Bool,
        found: @escaping ([RoomAddress]) -> Void
    ) {
        guard loop.time - askedAt >= Self.interval, tor != nil || !search.isThroughTor else { return }
        ask(through: search.isThroughTor ? tor : nil) { [search] result in
            guard case .success(let record) = result, record.hostKey == hostKey else { return }
            found(record.addresses(from: search.access).filter { ($0.onionKey != nil) == isOnion })
        }
    }
}
