package import Room
package import Sodium
package import TorController

/// What a room keeps from one run of its host to the next: its id, and the keys of its address and of its host. Not its
/// invites, and nothing that was said.
package final class KeptRoom: Sendable {
    package let room: RoomName
    let onionSeed: SecretBytes
    let hostKey: SecretBytes
    private let place: Place?

    /// Where the room is kept, and the lock that keeps other processes from using it meanwhile.
    struct Place: Sendable {
        let file: PrivateFile
        let lock: FileLock
        /// Of the room's own tor: its guards, and what it knows of the network.
        let torFolder: String
    }

    /// A room with new keys.
    convenience init(new room: RoomName, at place: Place? = nil) {
        self.init(
            room: room, onionSeed: OnionKey().exportedSeed(), hostKey: X25519.PrivateKey().exported(), at: place)
    }

    /// - Precondition: both keys have 32 bytes.
    init(room: RoomName, onionSeed: consuming SecretBytes, hostKey: consuming SecretBytes, at place: Place? = nil) {
        precondition(onionSeed.count == OnionKey.seedByteCount && hostKey.count == X25519.byteCount)
        self.room = room
        self.onionSeed = onionSeed
        self.hostKey = hostKey
        self.place = place
    }

    /// Removes what is kept, for good: the file with the keys, which are overwritten first, and the lock's. Blocks.
    ///
    /// - Returns: persist-unwritable when the file could not be removed.
    package func remove() -> ChatEvent.Notice? {
        guard let place else { return nil }
        defer { place.lock.removeFile() }
        PrivateDirectory.removeAll(place.torFolder)
        do throws(PrivateFile.Failure) {
            try place.file.shred()
            return nil
        } catch {
            return error.keptRoomNotice
        }
    }

    /// Where the room's own tor keeps its guards. Who is to be found at one address for long wants the same few guards for
    /// long: with new ones at each start one of them is a bad one sooner or later.
    var torFolder: String? { place?.torFolder }

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
