internal import Chat
internal import EventLoop
internal import Sodium

/// Looks for one room in a registry, once.
final class RoomLookup {
    private let client: RegistryClient
    private var isOver = false

    /// Calls `completion` once, unless it is dropped before.
    init(
        _ room: RoomName, access: RegistryAccess, loop: EventLoop, dial: RedisConnection.Dial?, now: Int64,
        completion: @escaping (Result<RegistryRecord, ChatEvent.Notice>) -> Void
    ) {
        client = RegistryClient(loop: loop, access: access, dial: dial)
        loop.offload {
            RegistryKeys(room: room)
        } then: { [weak self] keys in
            guard let self else { return }
            guard let keys else { return completion(.failure(.registryNeedsMemory)) }
            self.client.find(keys.name) { [weak self] result in
                guard let self, !self.isOver else { return }
                self.isOver = true
                self.client.close()
                completion(Self.record(in: result, keys, now: now))
            }
        }
    }

    private static func record(
        in result: Result<[UInt8]?, RedisFailure>, _ keys: RegistryKeys, now: Int64
    ) -> Result<RegistryRecord, ChatEvent.Notice> {
        switch result {
        case .failure(let failure): return .failure(.registryUnreachable(failure))
        case .success(nil): return .failure(.roomNotInRegistry)
        case .success(let bytes?):
            guard let record = keys.open(bytes) else {
                return .failure(.registryForged("nobody has written it who knows the room's id"))
            }
            guard record.isCurrent(now: now) else {
                return .failure(.registryForged("it is old, or a clock is wrong"))
            }
            return .success(record)
        }
    }
}
