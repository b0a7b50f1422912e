internal import Chat

/// Who is in the room, and who waits to come in, as far as the screen was told.
struct MemberRoster: Sendable {
    /// As many as a room lets wait; past it the first is forgotten.
    static let maximumWaitingCount = ChatLimits.waiting

    struct Joiner: Sendable, Equatable {
        var id: MemberID
        var nick: String
    }

    /// Those who wait for `/approve` or `/deny`, in the order in which they came.
    private(set) var waiting: [Joiner] = []
    private(set) var members: [ChatEvent.MemberInfo] = []
    /// The own id, once it is known.
    var own: MemberID?

    mutating func replace(with members: [ChatEvent.MemberInfo]) {
        self.members = members
        sort()
    }

    mutating func waits(_ id: MemberID, nick: String) {
        waitsNoLonger(id)
        waiting.append(Joiner(id: id, nick: Nick.isWellFormed(nick) ? nick : id.description))
        if waiting.count > Self.maximumWaitingCount { waiting.removeFirst() }
    }

    mutating func waitsNoLonger(_ id: MemberID) {
        waiting.removeAll { $0.id == id }
    }

    mutating func joined(_ id: MemberID, nick: String) {
        waitsNoLonger(id)
        members.removeAll { $0.id == id }
        members.append(.init(id: id, nick: nick, isHost: false, isVerified: false))
        sort()
    }

    mutating func left(_ id: MemberID) {
        members.removeAll { $0.id == id }
    }

    mutating func mark(_ id: MemberID, awaySince: Int64?) {
        guard let index = members.firstIndex(where: { $0.id == id }) else { return }
        members[index].awaySince = awaySince
    }

    var awayCount: Int { members.count { $0.awaySince != nil } }

    mutating func renamed(_ id: MemberID, to nick: String) {
        guard let index = members.firstIndex(where: { $0.id == id }) else { return }
        members[index].nick = nick
        sort()
    }

    mutating func mark(_ id: MemberID, isVerified: Bool) {
        guard let index = members.firstIndex(where: { $0.id == id }) else { return }
        members[index].isVerified = isVerified
    }

    mutating func mark(_ id: MemberID, isModerator: Bool) {
        guard let index = members.firstIndex(where: { $0.id == id }) else { return }
        members[index].isModerator = isModerator
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

    /// The names of those who wait, for completion: ids where two have the same nick.
    var waitingNames: [String] {
        waiting.map { joiner in
            let isOnly = waiting.count { $0.nick.lowercased() == joiner.nick.lowercased() } == 1
            return isOnly ? joiner.nick : joiner.id.description
        }
    }

    /// The host first, then by nick.
    private mutating func sort() {
        members.sort { ($0.isHost ? 0 : 1, $0.nick, $0.id.packed) < ($1.isHost ? 0 : 1, $1.nick, $1.id.packed) }
    }
}
