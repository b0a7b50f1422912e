internal import Room
package import Sodium
package import TorController

/// What a room keeps from one run of its host to the next: its id, and the keys of its address and of its host. Not its
/// invites, and nothing that was said.
package final class KeptRoom: Sendable {
    package let room: RoomName
    let onionSeed: SecretBytes
    let hostKey: SecretBytes
    /// Keeps other processes from using the room meanwhile.
    private let lock: FileLock?

    /// A room with new keys.
    convenience init(new room: RoomName, lock: FileLock? = nil) {
        self.init(
            room: room, onionSeed: OnionKey().exportedSeed(), hostKey: X25519.PrivateKey().exported(), lock: lock)
    }

    /// - Precondition: both keys have 32 bytes.
    init(room: RoomName, onionSeed: consuming SecretBytes, hostKey: consuming SecretBytes, lock: FileLock? = nil) {
        precondition(onionSeed.count == OnionKey.seedByteCount && hostKey.count == X25519.byteCount)
        self.room = room
        self.onionSeed = onionSeed
        self.hostKey = hostKey
        self.lock = lock
    }

    /// The key of the onion service.
    package func onionKey() -> OnionKey {
        do {
            return try OnionKey(seed: onionSeed)
        } catch {
            preconditionFailure("a seed has 32 bytes")
        }
    }

    /// The static key that the host shows in handshakes.
    package func staticKey() -> X25519.PrivateKey {
        do {
            return try X25519.PrivateKey(copying: hostKey)
        } catch {
            preconditionFailure("a key has 32 bytes")
        }
    }
}
