internal import Chat
internal import FoundationEssentials

/// A list of entries in a JSON file of this user: locked, replaced atomically, and set aside when it is damaged.
struct JSONStore<Entry: Codable & Sendable>: Sendable {
    private struct Content: Codable {
        var version: Int
        var entries: [Entry]
    }

    /// What reading brought, and what the person should be told about it.
    struct Loaded: Sendable {
        var entries: [Entry]
        var warning: ChatEvent.Notice?
    }

    private static var version: Int { 1 }

    let file: PrivateFile
    let unreadable: NoticeCode
    let unwritable: NoticeCode

    /// The entries; none when there is no file.
    func load() -> Loaded {
        do throws(PrivateFile.Failure) {
            return try decode(try file.read())
        } catch {
            return Loaded(entries: [], warning: notice(for: error))
        }
    }

    /// Changes the entries under the lock. Returns what the person should be told: nil when all went well.
    func update(_ change: @Sendable (inout [Entry]) -> Void) -> ChatEvent.Notice? {
        do throws(PrivateFile.Failure) {
            return try file.withLock { () throws(PrivateFile.Failure) in
                var loaded = try decode(try file.read())
                if loaded.warning != nil {
                    try file.setAside()
                }
                change(&loaded.entries)
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
                guard let data = try? encoder.encode(Content(version: Self.version, entries: loaded.entries)) else {
                    throw .unwritable(errno: 0)
                }
                try file.write(Array(data) + [UInt8(ascii: "\n")])
                return loaded.warning
            }
        } catch {
            return notice(for: error)
        }
    }

    private func decode(_ bytes: [UInt8]?) throws(PrivateFile.Failure) -> Loaded {
        guard let bytes else { return Loaded(entries: []) }
        if let content = try? JSONDecoder().decode(Content.self, from: Data(bytes)), content.version == Self.version {
            return Loaded(entries: content.entries)
        }
        return Loaded(
            entries: [],
            warning: .damagedFile(name, unreadable))
    }

    private var name: String {
        file.path.split(separator: "/").last.map(String.init) ?? ""
    }

    private func notice(for failure: PrivateFile.Failure) -> ChatEvent.Notice {
        failure.notice(of: name, unreadable: unreadable, unwritable: unwritable)
    }
}
