package import Chat

/// The rooms that this user hosts on this machine: `~/.termtalk_rooms.json`.
package struct RoomRegistry: Sendable {
    package struct Entry: Codable, Sendable, Equatable {
        package var room: String
        package var transport: String
        package var address: String
        /// The room's static key, as text: it is public.
        package var hostKey: String
        /// Seconds since 1970; nil for a room without end.
        package var expires: Int64?
        /// The host's process, as ``ProcessMark`` writes it; nil where nothing is known of it.
        var process: String?

        enum CodingKeys: String, CodingKey {
            case room, transport, address, expires, process
            case hostKey = "host_key"
        }

        init(room: String, transport: String, address: String, hostKey: String, expires: Int64?) {
            self.room = room
            self.transport = transport
            self.address = address
            self.hostKey = hostKey
            self.expires = expires
            process = ProcessMark.own?.text
        }
    }

    private let store: JSONStore<Entry>

    package init(directories: UserDirectories) {
        store = JSONStore(
            file: PrivateFile(path: "\(directories.home)/.termtalk_rooms.json"), unreadable: .registryUnreadable,
            unwritable: .registryUnwritable)
    }

    /// The rooms that have not expired at `now` (seconds since 1970) and whose hosts are not known to be gone. Blocks.
    package func rooms(now: Int64) -> ([Entry], ChatEvent.Notice?) {
        let loaded = store.load()
        return (loaded.entries.filter { $0.isAlive(now: now) }, loaded.warning)
    }

    /// Adds a room, in place of one of the same name; those that are over are dropped. Blocks.
    func add(_ entry: Entry, now: Int64) -> ChatEvent.Notice? {
        store.update { entries in
            entries.removeAll { $0.room == entry.room || !$0.isAlive(now: now) }
            entries.append(entry)
        }
    }

    /// Removes a room that has ended; another one of the same name at another address stays. Blocks.
    func remove(_ entry: Entry) -> ChatEvent.Notice? {
        store.update { entries in
            entries.removeAll { $0.room == entry.room && $0.address == entry.address }
        }
    }
}

extension RoomRegistry.Entry {
    fileprivate func isAlive(now: Int64) -> Bool {
        (expires.map { $0 > now } ?? true) && process.flatMap { ProcessMark($0) }?.isGone != true
    }
}
