internal import Chat
internal import EventLoop
internal import Room
internal import SecureSession

/// What the person at the host, or who moderates, does with members and the room.
struct HostCommands {
    /// A joiner that waits for the host may do so for so long: the person may be away for a moment.
    private static let approvalPatience = Duration.seconds(300)

    unowned let node: HostNode

    // MARK: Members

    /// Removes a member, and makes the invites that it knows worthless.
    ///
    /// - Throws: no-such-member.
    func expel(_ name: String, banned: Bool, keepsInvites: Bool = false, reason: String) throws(ChatEvent.Notice) {
        let id = try node.room.member(named: name)
        let key = node.room.credentials(of: id)?.key
        // At a relay the invite is the group's, and the relay cannot make another.
        let isKept = keepsInvites || node.room.limits.isRelay
        let holders = isKept ? [] : key.map { node.door.revokeInvites(knownTo: $0) } ?? []
        var actions: [RoomAction] = []
        node.authority.refuseNewcomers(actions: &actions)
        node.room.expel(id, banned: banned, reason: reason, now: node.authority.time, actions: &actions)
        node.room.inviteWasRevoked(for: holders, actions: &actions)
        node.perform(actions)
        node.doorkeeper.invitesChanged()
    }

    /// What a moderator that is a member wants. What cannot be is as if it had not been asked for.
    func moderate(_ moderation: Moderation, by moderator: MemberID) {
        switch moderation {
        case .expel(let id, _, _, _) where node.room.isHost(id):
            // Its program has told the moderator so, unless it is another one's.
            break
        case .expel(let id, let isBanned, let keepsInvites, let reason):
            if node.room.limits.isRelay, !keepsInvites, node.room.credentials(of: id) != nil {
                node.room.spoilInvite(by: id, sentOutBy: moderator, now: node.authority.time)
            }
            let isDone =
                (try? expel(id.description, banned: isBanned, keepsInvites: keepsInvites, reason: reason)) != nil
            if isDone, !keepsInvites { node.onEvent?(.inviteReplaced) }
        case .lock(let isLocked): setLocked(isLocked)
        case .topic(let text): setTopic(text)
        case .slow(let seconds): setSlowMode(seconds: Int64(seconds))
        case .extend(let seconds): _ = try? extend(by: .seconds(Int64(seconds)))
        // A host's room is its person's.
        case .end: if node.room.limits.isRelay { node.onEvent?(.endWanted) }
        }
    }

    /// - Throws: no-such-member.
    func decide(on name: String, isApproved: Bool) throws(ChatEvent.Notice) {
        let (id, link) = try node.room.waiting(named: name)
        let now = node.loop.time
        let refusal = isApproved ? node.door.refusal(ofInviteOf: link, room: node.room, now: now) : .denied
        var actions: [RoomAction] = []
        node.room.decide(on: id, refusal: refusal, now: now, actions: &actions)
        node.tell(.room(.joinRequestOver(id: id)))
        node.perform(actions)
    }

    /// A joiner waits to be let in.
    func ask(_ link: LinkID, _ id: MemberID, nick: String) {
        guard let connection = node.connections[link] else { return }
        connection.mayStay(until: node.loop.time + Self.approvalPatience)
        node.tell(.room(.joinRequest(id: id, nick: nick)))
    }

    // MARK: The room

    /// Whether somebody who knows the room's name and address can come in without being asked for anything.
    var isOpenToAnybody: Bool {
        node.identity.acceptsOpen && node.door.password == nil && !node.room.settings.isLocked
            && !node.room.limits.asksHost
    }

    func setLocked(_ isLocked: Bool) { node.change { $0.setLocked(isLocked, actions: &$1) } }

    func setTopic(_ text: String) { node.change { $0.setTopic(text, actions: &$1) } }

    func setSlowMode(seconds: Int64) { node.change { $0.setSlowMode(seconds: seconds, actions: &$1) } }

    /// Tells everybody that the room is there from now on.
    func move(to place: OnionPlace) { node.change { $0.move(to: place, actions: &$1) } }

    /// Whether a member that is here came by another onion service than this.
    func hasMembers(elsewhereThan place: OnionPlace) -> Bool {
        node.connections.members.contains { $0.stream != nil && $0.service != place }
    }

    /// Returns how many seconds the room has now.
    ///
    /// - Throws: input-invalid for a room without end.
    func extend(by time: Duration) throws(ChatEvent.Notice) -> Int64 {
        let now = node.authority.time
        var actions: [RoomAction] = []
        try node.room.extend(by: time, now: now, actions: &actions)
        node.perform(actions)
        node.ending.noteTime()
        return node.secondsLeft ?? 0
    }
}
