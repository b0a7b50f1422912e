internal import Chat
internal import Room
internal import RoomStore
internal import Sodium
internal import TorController

/// What a room keeps from one run of its host to the next: its id, the keys of its address and of its host, and in a store
/// beside them the room itself.
package final class KeptRoom: Sendable {
    package let room: RoomName
    let onionSeed: SecretBytes
    let hostKey: SecretBytes
    let place: Place?
    /// Whether it was made just now.
    let isNew: Bool

    /// Where the room is kept, and the lock that keeps other processes from using it meanwhile.
    struct Place: Sendable {
        let file: PrivateFile
        let lock: FileLock
        /// Of the room's own tor: its guards, and what it knows of the network.
        let torFolder: String
        /// Where the room's store is, and its name there.
        let folder: String
        let name: String

        /// Removes all but the lock. When that is interrupted, a store that was ended stays, if there was one: the next start goes
        /// on with it (``KeptRoomSlot``).
        func removeAll(_ deleteStore: () -> Void = {}) -> ChatEvent.Notice? {
            PrivateDirectory.removeAll(torFolder)
            var notice: ChatEvent.Notice?
            do throws(PrivateFile.Failure) {
                try file.shred()
            } catch {
                notice = error.keptRoomNotice
            }
            deleteStore()
            // What cannot be deleted while it is open is deleted by now.
            try? RoomStore.delete(in: folder, name: name)
            return notice
        }
    }

    /// A room with new keys.
    convenience init(new room: RoomName, at place: Place? = nil) {
        self.init(
            room: room, onionSeed: OnionKey().exportedSeed(), hostKey: X25519.PrivateKey().exported(), at: place,
            isNew: true)
    }

    /// - Precondition: both keys have 32 bytes.
    init(
        room: RoomName, onionSeed: consuming SecretBytes, hostKey: consuming SecretBytes, at place: Place? = nil,
        isNew: Bool = false
    ) {
        self.isNew = isNew
        precondition(onionSeed.count == OnionKey.seedByteCount && hostKey.count == X25519.byteCount)
        self.room = room
        self.onionSeed = onionSeed
        self.hostKey = hostKey
        self.place = place
    }

    /// Removes what is kept, for good: the store, which is open or not, the file with the keys, which are overwritten first, and the
    /// lock's. Blocks for `patience` at most beside the file's time.
    ///
    /// - Returns: persist-unwritable when the file could not be removed.
    func remove(_ store: RoomStore?, within patience: Duration) -> ChatEvent.Notice? {
        guard let place else { return nil }
        try? store?.end()
        defer { place.lock.removeFile() }
        return place.removeAll { try? store?.delete(within: patience) }
    }

    /// Where the room's own tor keeps its guards. Whoever is to be found at one address for long wants the same few guards for
    /// long: with new ones at each start one of them is a bad one sooner or later.
    var torFolder: String? { place?.torFolder }

    /// What the room's store is sealed with.
    var storeKey: SecretBytes { derived("TermTalk kept room: store") }
    /// What the invites in it are sealed with besides, so that they are never in memory that is not locked.
    var inviteKey: SecretBytes { derived("TermTalk kept room: invites") }

    /// What the log of the room is sealed with, where several hosts hold it.
    var logKey: SecretBytes { derived("TermTalk shared room: log") }
    /// What that log is called in the store: it tells nothing of the room.
    var logName: String {
        derived("TermTalk shared room: name").withBytes { bytes in
            Base16.encode(bytes.indices.prefix(16).map { bytes[$0] })
        }
    }
    /// The secret of the relay's own invite, the same at all hosts.
    var sharedInvite: SecretBytes {
        derived("TermTalk shared room: invite").withBytes { bytes in
            SecretBytes(copying: bytes.extracting(0..<16))
        }
    }

    /// What the host's own participant signs with: the same each time, so that it has the same id.
    func signingKey() -> Ed25519.KeyPair {
        do {
            return try Ed25519.KeyPair(seed: derived("TermTalk kept room: member"))
        } catch {
            preconditionFailure("a seed has 32 bytes")
        }
    }

    /// 32 bytes that follow from the host's key, which is as secret, and tell nothing of it.
    private func derived(_ purpose: String) -> SecretBytes {
        do {
            return try HKDFSHA256.expand(hostKey, info: Array(purpose.utf8).span, count: 32)
        } catch {
            preconditionFailure("32 bytes are less than the most")
        }
    }

    /// How often a room can be moved: how many keys are tried for the one where it is.
    static let moveLimit = 1_000

    /// The key of the onion service, after the room has moved so often. Those after a move follow from the host's key: what is
    /// secret is in the file, which is written once, and where the room is stands in its store.
    func onionKey(moves: Int = 0) -> OnionKey {
        do {
            if moves > 0 { return try OnionKey(seed: derived("TermTalk kept room: onion \(moves)")) }
            return try OnionKey(seed: onionSeed)
        } catch {
            preconditionFailure("a seed has 32 bytes")
        }
    }

    /// How often a room that is there now has moved; nil when that is no place of this room's.
    func moves(to place: OnionPlace?) -> Int? {
        guard let place else { return 0 }
        return (1...Self.moveLimit).first { onionKey(moves: $0).address.publicKey == place.key }
    }

    /// The static key that the host shows in handshakes.
    func staticKey() -> X25519.PrivateKey {
        do {
            return try X25519.PrivateKey(copying: hostKey)
        } catch {
            preconditionFailure("a key has 32 bytes")
        }
    }
}
