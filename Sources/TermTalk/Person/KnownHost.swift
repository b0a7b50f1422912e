internal import Chat
internal import EventLoop
internal import Sodium

/// What this user knows of one room's host: its keys at the room's addresses, on the disk.
final class KnownHost {
    private let room: RoomName
    private let loop: EventLoop
    private let store: TrustStore
    private let record: DiskRecord
    private var rememberedAt: Set<RoomAddress> = []

    init(room: RoomName, loop: EventLoop, directories: UserDirectories, tell: @escaping (ChatEvent) -> Void) {
        self.room = room
        self.loop = loop
        store = TrustStore(directories: directories)
        record = DiskRecord(loop: loop, tell: tell)
    }

    /// The key at `address`, nil for none, and what is in the way of knowing.
    func key(at address: RoomAddress, then: @escaping (X25519.PublicKey?, ChatEvent.Notice?) -> Void) {
        loop.offload(within: UserDirectories.diskPatience) { [store, room] in
            store.hostKey(room: room, address: address)
        } then: { found in
            let (key, warning) = found ?? (nil, .diskHangs)
            then(key, warning)
        }
    }

    func remember(_ key: X25519.PublicKey, at address: RoomAddress) {
        rememberedAt.insert(address)
        record.write { [store, room] in store.remember(key, room: room, address: address) }
    }

    /// Waits for what is being written. Nothing is left of the room where it is forgotten: at that address, and where it was
    /// remembered.
    func finish(forgetting address: RoomAddress?, then done: @escaping () -> Void) {
        record.afterwards { [loop, store, room, rememberedAt] in
            guard let address else { return loop.atEndOfTurn(done) }
            loop.offload(within: UserDirectories.diskPatience) {
                rememberedAt.union([address]).compactMap { store.forget(room: room, address: $0) }.first
            } then: { _ in
                done()
            }
        }
    }
}
