internal import MLS
internal import Room
internal import Wire

/// Who moderates a room: an extension of its group's context (docs/protocol.md, "Moderators"). So every member has the same
/// list, whoever comes in learns it from the group itself, and nobody but a moderator changes it.
///
/// Moderators are known by their signature keys; ids are too short to tell who may do what. The first is the group's creator.
struct GroupRoles: Equatable {
    static let limit = RoomLimits.moderators
    /// From the range for private use (RFC 9420 section 17.3).
    static let extensionType = ExtensionType(rawValue: 0xf772)

    let keys: [[UInt8]]

    init(creator key: [UInt8]) {
        keys = [key]
    }

    /// The content of the extension; nil for what is none.
    init?(data: [UInt8]) {
        guard let keys = GroupTerms.keys(in: data, atMost: Self.limit) else { return nil }
        self.keys = keys
    }

    private init(keys: [[UInt8]]) {
        self.keys = keys
    }

    var data: [UInt8] { keys.flatMap(\.self) }

    /// The list in which the key's owner is a moderator, or is none; nil when that changes nothing, or cannot be.
    func setting(_ key: [UInt8], isModerator: Bool) -> GroupRoles? {
        guard keys.contains(key) != isModerator, key != keys.first else { return nil }
        guard isModerator else { return GroupRoles(keys: keys.filter { $0 != key }) }
        return keys.count < Self.limit ? GroupRoles(keys: keys + [key]) : nil
    }

    /// The list when the owners of these keys have gone: they are moderators no more, but for the creator.
    func without(_ gone: Set<[UInt8]>) -> GroupRoles {
        GroupRoles(keys: keys.prefix(1) + keys.dropFirst().filter { !gone.contains($0) })
    }

    /// Whether the owner of `key` may put another list in the place of this one.
    func mayBecome(_ next: GroupRoles, by key: [UInt8]) -> Bool {
        keys.contains(key) && next.keys.first == keys.first
    }
}
