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
    package var inviteEntries: [InviteTable.Entry] { invites.entries }

    /// - Throws: not-permitted when there are too many.
    package func makeInvite(uses: Int?, lifetime: Duration?) throws(ChatEvent.Notice) -> InviteTable.Entry {
        guard let entry = invites.make(uses: uses, lifetime: lifetime, now: loop.time) else {
            throw ChatEvent.Notice(
                .notPermitted, "no further invite was made: there are \(InviteTable.maximum) already",
                hint: "see /invite --list, and /invite --revoke N")
        }
        invitesChanged()
        return entry
    }

    /// - Throws: input-invalid when there is no such invite.
    package func revokeInvite(number: Int) throws(ChatEvent.Notice) {
        guard let holders = invites.revoke(number: number) else {
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
        for secret in invites.tidy(now: loop.time, isPresent: { room.holds(key: $0) }) {
            guesses.forget(secret)
        }
        let ofGroup = inviteOfGroup.map { [$0] } ?? []
        identity.invites = invites.secrets + ofGroup
        onInvitesChanged?(invites.secretsInUse + ofGroup)
        if let expiry = invites.nextExpiry {
            scheduleSweep(at: expiry)
        }
    }

    /// Why the connection's invite, or that it has none, does not let somebody in who is not in the room yet; nil when it does.
    func refusal(at connection: HostConnection, now: Duration) -> RoomCode? {
        let secret = connection.session.invite
        guard let key = connection.peerKey, !room.holds(key: key) else { return nil }
        if room.limits.isRelay {
            // The first one creates the group; after that its members let in who has the group's invite.
            let isRight = room.isRegistered ? secret === inviteOfGroup : room.memberCount == 0
            return isRight || mayBeginAnew(with: secret) ? nil : .groupInviteNeeded
        }
        guard let secret else { return nil }
        let others = connections.pending.count {
            $0.session.invite === secret && $0.peerKey != connection.peerKey && room.isComingIn(at: $0.link)
        }
        return invites.mayJoin(with: secret, others: others, now: now) ? nil : .inviteUsed
    }

    /// Whether the group has been left by all: then the relay's own invite is for the first one again.
    private func mayBeginAnew(with secret: InviteSecret?) -> Bool {
        secret != nil && secret === invites.room?.secret && room.mayBeginAnew
    }

    /// Who comes in now is the first one, if it came with the invite for that.
    func beginAnewIfLeft(by connection: HostConnection, now: Duration) {
        guard room.limits.isRelay, room.isRegistered || room.memberCount > 0, let key = connection.peerKey,
            !room.holds(key: key), mayBeginAnew(with: connection.session.invite)
        else { return }
        logger.info("the room's group begins anew")
        var actions: [RoomAction] = []
        room.beginAnew(now: now, actions: &actions)
        inviteOfGroup = nil
        perform(actions)
        invitesChanged()
    }

    func countJoin(of connection: HostConnection) {
        guard let secret = connection.session.invite, let key = connection.peerKey else { return }
        invites.joined(with: secret, key: key)
        invitesChanged()
    }

    /// Those on their way in whose invite is no longer in force.
    private func refuseNewcomers(actions: inout [RoomAction]) {
        let refused = connections.pending.filter { refusal(at: $0, now: loop.time) != nil }.map(\.link)
        room.refuseNewcomers(.inviteUsed, actions: &actions) { refused.contains($0) }
    }

    // MARK: Members

    /// Removes a member, and makes the invites that it knows worthless.
    ///
    /// - Throws: no-such-member.
    package func expel(_ name: String, banned: Bool, reason: String) throws(ChatEvent.Notice) {
        let id = try room.member(named: name)
        let key = room.credentials(of: id)?.key
        let holders = key.map { invites.revoke(whatIsKnownTo: $0) } ?? []
        var actions: [RoomAction] = []
        refuseNewcomers(actions: &actions)
        room.expel(id, banned: banned, reason: reason, now: loop.time, actions: &actions)
        room.inviteWasRevoked(for: holders, actions: &actions)
        perform(actions)
        invitesChanged()
    }

    /// - Throws: no-such-member.
    package func decide(on name: String, isApproved: Bool) throws(ChatEvent.Notice) {
        let (id, link) = try room.waiting(named: name)
        var refusal: RoomCode? = isApproved ? nil : .denied
        if isApproved, let connection = connections[link] {
            refusal = self.refusal(at: connection, now: loop.time)
        }
        var actions: [RoomAction] = []
        room.decide(on: id, refusal: refusal, now: loop.time, actions: &actions)
        tell(.room(.joinRequestOver(id: id)))
        perform(actions)
    }

    func askHost(_ link: LinkID, _ id: MemberID, nick: String) {
        guard let connection = connections[link] else { return }
        connection.admissionDeadline = max(connection.admissionDeadline, loop.time + Self.approvalPatience)
        tell(.room(.joinRequest(id: id, nick: nick)))
    }

    // MARK: The room

    /// Whether somebody who knows the room's name and address can come in without being asked for anything.
    package var isOpenToAnybody: Bool {
        identity.acceptsOpen && password == nil && !room.isLocked && !room.limits.asksHost
    }

    package func setLocked(_ isLocked: Bool) {
        var actions: [RoomAction] = []
        room.setLocked(isLocked, actions: &actions)
        perform(actions)
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
        try room.extend(by: time, now: loop.time, actions: &actions)
        perform(actions)
        endingNotes.roomEnds(at: room.closesAt)
        return Int64(room.secondsLeft(now: loop.time) ?? 0)
    }
}
