package import Chat
internal import EventLoop
internal import Logging
package import Room
internal import SecureSession

// What the person at the host does with invites, members and the room.

extension HostNode {
    /// A joiner that waits for the host may do so for so long: the person may be away for a moment.
    static let approvalPatience = Duration.seconds(300)

    // MARK: Invites

    /// The room's own invite, and the others in force.
    package var inviteEntries: [InviteTable.Entry] { door.invites.entries }

    /// - Throws: not-permitted when there are too many.
    package func makeInvite(uses: Int?, lifetime: Duration?) throws(ChatEvent.Notice) -> InviteTable.Entry {
        guard let entry = door.makeInvite(uses: uses, lifetime: lifetime, now: loop.time) else {
            throw ChatEvent.Notice(
                .notPermitted, "no further invite was made: there are \(InviteTable.maximum) already",
                hint: "see /invite --list, and /invite --revoke N")
        }
        invitesChanged()
        return entry
    }

    /// - Throws: input-invalid when there is no such invite.
    package func revokeInvite(number: Int) throws(ChatEvent.Notice) {
        guard let holders = door.revokeInvite(number: number) else {
            throw ChatEvent.Notice(
                .inputInvalid, "nothing was revoked: there is no invite \(number)", hint: "see /invite --list")
        }
        var actions: [RoomAction] = []
        room.inviteWasRevoked(for: holders, actions: &actions)
        refuseNewcomers(actions: &actions)
        perform(actions)
        invitesChanged()
    }

    /// Seconds until `time`, rounded up.
    package func secondsLeft(until time: Duration) -> Int64 {
        max(0, (time - loop.time + .milliseconds(999)).components.seconds)
    }

    func invitesChanged() {
        door.tidyInvites(room: room, now: loop.time)
        identity.invites = door.secrets
        stateChanged()
        onEvent?(.invitesChanged(door.secretsInUse))
        if let expiry = door.invites.nextExpiry {
            sweeper.schedule(at: expiry)
        }
    }

    /// Those on their way in whose invite is no longer in force.
    private func refuseNewcomers(actions: inout [RoomAction]) {
        if sharing != nil {
            guard room.isInviteSpoilt(now: roomTime) else { return }
            return room.refuseNewcomers(.groupInviteNeeded, actions: &actions)
        }
        let refused = door.visitors.map(\.link).filter {
            door.refusal(ofInviteOf: $0, room: room, now: loop.time) != nil
        }
        let code = room.limits.isRelay ? RoomCode.groupInviteNeeded : .inviteUsed
        room.refuseNewcomers(code, actions: &actions) { refused.contains($0) }
    }

    // MARK: Members

    /// Removes a member, and makes the invites that it knows worthless.
    ///
    /// - Throws: no-such-member.
    package func expel(
        _ name: String, banned: Bool, keepsInvites: Bool = false, reason: String
    ) throws(ChatEvent.Notice) {
        let id = try room.member(named: name)
        let key = room.credentials(of: id)?.key
        // At a relay the invite is the group's, and the relay cannot make another.
        let isKept = keepsInvites || room.limits.isRelay
        let holders = isKept ? [] : key.map { door.revokeInvites(knownTo: $0) } ?? []
        var actions: [RoomAction] = []
        refuseNewcomers(actions: &actions)
        room.expel(id, banned: banned, reason: reason, now: roomTime, actions: &actions)
        room.inviteWasRevoked(for: holders, actions: &actions)
        perform(actions)
        invitesChanged()
    }

    /// What a moderator that is a member wants. What cannot be is as if it had not been asked for.
    func moderate(_ moderation: Moderation) {
        switch moderation {
        case .expel(let id, let isBanned, let keepsInvites, let reason):
            if room.limits.isRelay, !keepsInvites, room.credentials(of: id) != nil {
                room.spoilInvite(by: id, now: roomTime)
            }
            let isDone =
                (try? expel(id.description, banned: isBanned, keepsInvites: keepsInvites, reason: reason)) != nil
            if isDone, !keepsInvites { onEvent?(.inviteReplaced) }
        case .lock(let isLocked): setLocked(isLocked)
        case .topic(let text): setTopic(text)
        case .slow(let seconds): setSlowMode(seconds: Int64(seconds))
        case .extend(let seconds): _ = try? extend(by: .seconds(Int64(seconds)))
        // A host's room is its person's.
        case .end: if room.limits.isRelay { onEvent?(.endWanted) }
        }
    }

    /// - Throws: no-such-member.
    package func decide(on name: String, isApproved: Bool) throws(ChatEvent.Notice) {
        let (id, link) = try room.waiting(named: name)
        let refusal = isApproved ? door.refusal(ofInviteOf: link, room: room, now: loop.time) : .denied
        var actions: [RoomAction] = []
        room.decide(on: id, refusal: refusal, now: loop.time, actions: &actions)
        tell(.room(.joinRequestOver(id: id)))
        perform(actions)
    }

    func askHost(_ link: LinkID, _ id: MemberID, nick: String) {
        guard let connection = connections[link] else { return }
        connection.mayStay(until: loop.time + Self.approvalPatience)
        tell(.room(.joinRequest(id: id, nick: nick)))
    }

    // MARK: The room

    /// Whether somebody who knows the room's name and address can come in without being asked for anything.
    package var isOpenToAnybody: Bool {
        identity.acceptsOpen && door.password == nil && !room.isLocked && !room.limits.asksHost
    }

    package func setLocked(_ isLocked: Bool) {
        var actions: [RoomAction] = []
        room.setLocked(isLocked, actions: &actions)
        perform(actions)
    }

    /// Tells everybody that the room is there from now on.
    package func move(to place: OnionPlace) {
        var actions: [RoomAction] = []
        room.move(to: place, actions: &actions)
        perform(actions)
    }

    /// Whether a member that is here came by another onion service than this.
    package func hasMembers(elsewhereThan place: OnionPlace) -> Bool {
        connections.members.contains { $0.stream != nil && $0.service != place }
    }

    package func setTopic(_ text: String) {
        var actions: [RoomAction] = []
        room.setTopic(text, actions: &actions)
        perform(actions)
    }

    package func setSlowMode(seconds: Int64) {
        var actions: [RoomAction] = []
        room.setSlowMode(seconds: seconds, actions: &actions)
        perform(actions)
    }

    /// Returns how many seconds the room has now.
    ///
    /// - Throws: input-invalid for a room without end.
    package func extend(by time: Duration) throws(ChatEvent.Notice) -> Int64 {
        var actions: [RoomAction] = []
        try room.extend(by: time, now: roomTime, actions: &actions)
        perform(actions)
        endingNotes.roomEnds(at: room.closesAt.map { sharing?.clock.local($0) ?? $0 })
        return Int64(room.secondsLeft(now: roomTime) ?? 0)
    }
}
