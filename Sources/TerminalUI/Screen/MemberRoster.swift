internal import Room

/// Who is in the room, as far as the screen was told.
struct MemberRoster: Sendable {
    private(set) var members: [ChatEvent.MemberInfo] = []
    /// The own id, once it is known.
    var own: MemberID?

    mutating func replace(with members: [ChatEvent.MemberInfo]) {
        self.members = members
        sort()
    }

    mutating func joined(_ id: MemberID, nick: String) {
        members.removeAll { $0.id == id }
        members.append(.init(id: id, nick: nick, isHost: false, isVerified: false))
        sort()
    }

    mutating func left(_ id: MemberID) {
        members.removeAll { $0.id == id }
    }

    mutating func renamed(_ id: MemberID, to nick: String) {
        guard let index = members.firstIndex(where: { $0.id == id }) else { return }
        members[index].nick = nick
        sort()
    }

    mutating func mark(_ id: MemberID, isVerified: Bool) {
        guard let index = members.firstIndex(where: { $0.id == id }) else { return }
        members[index].isVerified = isVerified
    }

    /// The nick of a member as it may be shown: its id when a host sent something that is no nick.
    func name(of id: MemberID) -> String {
        guard let nick = members.first(where: { $0.id == id })?.nick else { return id.description }
        return Nick.isWellFormed(nick) ? nick : id.description
    }

    var ownNick: String? { own.map { name(of: $0) } }

    /// The names of the others, for completion.
    var otherNicks: [String] {
        members.filter { $0.id != own }.map { name(of: $0.id) }
    }

    /// The host first, then by nick.
    private mutating func sort() {
        members.sort { ($0.isHost ? 0 : 1, $0.nick, $0.id.packed) < ($1.isHost ? 0 : 1, $1.nick, $1.id.packed) }
    }
}
