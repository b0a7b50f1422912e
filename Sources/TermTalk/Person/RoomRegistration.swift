internal import Chat
internal import EventLoop

/// A hosted room's entry in the list of rooms on this machine.
final class RoomRegistration {
    private let registry: RoomRegistry
    private let record: DiskRecord

    /// - Parameter tell: hears what goes wrong.
    init(_ directories: UserDirectories, loop: EventLoop, tell: @escaping (ChatEvent) -> Void) {
        registry = RoomRegistry(directories: directories)
        record = DiskRecord(loop: loop, tell: tell)
    }

    /// - Parameter now: seconds since 1970.
    func write(_ entry: RoomRegistry.Entry, now: Int64) {
        record.write { [registry] in registry.add(entry, now: now) }
    }

    /// Behind what is being written.
    func remove(_ entry: RoomRegistry.Entry, then done: @escaping () -> Void) {
        record.afterwards { [record, registry] in
            record.write { registry.remove(entry) }
            record.afterwards(done)
        }
    }
}
