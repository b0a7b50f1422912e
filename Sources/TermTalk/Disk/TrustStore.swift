internal import Chat
internal import Sodium

/// The static keys of hosts that this user has accepted, or come to without an invite by their onion address:
/// `known_hosts.json` in the state directory.
struct TrustStore: Sendable {
    private struct Entry: Codable, Sendable {
        var room: String
        var address: String
        var hostKey: String

        enum CodingKeys: String, CodingKey {
            case room, address
            case hostKey = "host_key"
        }
    }

    /// Entries kept, some 250 bytes each; the oldest give way. Onion rooms come and go.
    static let maximumCount = 1_000

    private let directories: UserDirectories
    private let store: JSONStore<Entry>

    init(directories: UserDirectories) {
        self.directories = directories
        store = JSONStore(
            file: PrivateFile(path: "\(directories.state)/known_hosts.json"), unreadable: .trustStoreUnreadable,
            unwritable: .registryUnwritable)
    }

    /// The key accepted for this room at this address. Blocks.
    func hostKey(room: RoomName, address: RoomAddress) -> (X25519.PublicKey?, ChatEvent.Notice?) {
        let loaded = store.load()
        let entry = loaded.entries.first { $0.room == room.description && $0.address == address.text }
        return (entry.flatMap { X25519.PublicKey(text: $0.hostKey) }, loaded.warning)
    }

    /// Forgets that there was such a room. Blocks.
    func forget(room: RoomName, address: RoomAddress) -> ChatEvent.Notice? {
        store.update { entries in
            entries.removeAll { $0.room == room.description && $0.address == address.text }
        }
    }

    /// Remembers a key that was accepted. Blocks.
    func remember(_ key: X25519.PublicKey, room: RoomName, address: RoomAddress) -> ChatEvent.Notice? {
        directories.makeState()
        return store.update { entries in
            entries.removeAll { $0.room == room.description && $0.address == address.text }
            entries.append(Entry(room: room.description, address: address.text, hostKey: key.text))
            entries.removeFirst(max(0, entries.count - Self.maximumCount))
        }
    }
}
