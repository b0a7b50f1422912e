package import Chat

// Who moderates, and what a moderator that is a member does.
extension MemberClient {
    /// Whether this member moderates the room, as its group has it.
    package var isModerator: Bool { phase == .joined && engine.moderators.contains(engine.id) }

    /// Whether nobody takes part at the host: the group says so, whatever the host lists.
    var isAtRelay: Bool { engine.handshakeKey != nil }

    /// How many others lose the room when this member ends it.
    package var othersToEnd: Int { isModerator && isAtRelay ? max(0, members.count - 1) : 0 }

    /// Carries out what moderators can do from where they are; whoever may do more has other ways.
    ///
    /// A moderator that the group has left behind is on its way back to its place, and asks meanwhile.
    ///
    /// - Throws: not-permitted to a member that is no moderator, or was not in the group yet; no-such-member.
    package mutating func moderate(_ command: RoomCommand, actions: inout [Action]) throws(ChatEvent.Notice) {
        guard phase == .joined || upkeep.hasModerated else { throw .notInGroupNow }
        guard isModerator || upkeep.hasModerated else { throw .moderatorsOnly }
        switch command {
        case .op(let name): try change(name, isModerator: true, actions: &actions)
        case .deop(let name): try change(name, isModerator: false, actions: &actions)
        case .kick(let name, let reason, let keepsInvites):
            expel(try other(named: name), isBanned: false, keepsInvites, reason, actions: &actions)
        case .ban(let name, let reason, let keepsInvites):
            expel(try other(named: name), isBanned: true, keepsInvites, reason, actions: &actions)
        case .lock: ask(.lock(true), actions: &actions)
        case .unlock: ask(.lock(false), actions: &actions)
        case .topic(let text): ask(.topic(text), actions: &actions)
        case .slow(let seconds): ask(.slow(seconds: UInt32(clamping: seconds)), actions: &actions)
        case .extend(let seconds): ask(.extend(seconds: UInt32(clamping: seconds)), actions: &actions)
        case .end where isAtRelay: ask(.end, actions: &actions)
        case .makeInvite, .listInvites, .revokeInvite, .approve, .deny, .move, .end:
            throw isAtRelay ? .notAtRelay : .hostOnly
        }
    }

    private func other(named name: String) throws(ChatEvent.Notice) -> MemberID {
        let id = try member(named: name)
        guard id != engine.id else { throw .notYourself }
        guard members[id]?.isHost != true else { throw .theHostStays }
        return id
    }

    private mutating func expel(
        _ id: MemberID, isBanned: Bool, _ keepsInvites: Bool, _ reason: String, actions: inout [Action]
    ) {
        ask(.expel(id, isBanned: isBanned, keepsInvites: keepsInvites, reason: reason), actions: &actions)
        guard isAtRelay, !keepsInvites, let nick = members[id]?.nick else { return }
        upkeep.expelled.add(id, nick: nick, since: now)
    }

    private mutating func ask(_ moderation: Moderation, actions: inout [Action]) {
        let id = newMessageID()
        outbox.append(id, moderation)
        guard !isAway, phase == .joined || outbox.requests.count <= RoomLimits.requestsBeforeJoining else { return }
        actions.append(.send(MemberRequest.moderate(id, moderation).encoded))
    }

    /// What has no answer by now never reached the room, or was answered while this member had no place. Nothing is carried out twice.
    func askAgain(atMost count: Int = .max, actions: inout [Action]) {
        for request in outbox.requests.prefix(count) {
            actions.append(.send(MemberRequest.moderate(request.id, request.moderation).encoded))
        }
    }

    private mutating func change(
        _ name: String, isModerator: Bool, actions: inout [Action]
    ) throws(ChatEvent.Notice) {
        let member = try member(named: name)
        let asked = upkeep.roleChanges.last { $0.member == member }?.isModerator
        guard asked ?? engine.moderators.contains(member) != isModerator else {
            throw .roleUnchanged(isModerator: isModerator)
        }
        upkeep.roleChanges.append(.init(member: member, isModerator: isModerator))
        upkeep.updateDue = now
        timePassed(actions: &actions)
    }

    /// New keys for this member, and with them what it wants to change of who moderates.
    func updatingCommit() -> GroupCommit? {
        guard let change = upkeep.roleChanges.first else { return try? engine.commit(adding: [], removing: []) }
        return try? engine.commit(moderator: change.member, isModerator: change.isModerator)
    }

    /// A Commit was followed, before which these were moderators.
    mutating func compareModerators(_ before: Set<MemberID>, actions: inout [Action]) {
        let after = engine.moderators
        for id in after.symmetricDifference(before) {
            guard let nick = members[id]?.nick else { continue }
            actions.append(.tell(.room(.moderator(id: id, nick: nick, isModerator: after.contains(id)))))
        }
        if !after.contains(engine.id) { upkeep.roleChanges = [] }
        while let change = upkeep.roleChanges.first,
            after.contains(change.member) == change.isModerator || members[change.member] == nil
        {
            upkeep.roleChanges.removeFirst()
        }
    }

    /// The first of the changes that are wanted cannot be; the next ones may.
    mutating func giveUpRoleChange(actions: inout [Action]) {
        guard let change = upkeep.roleChanges.first else { return }
        upkeep.roleChanges.removeFirst()
        if let nick = members[change.member]?.nick {
            actions.append(.tell(.error(change.isModerator ? .moderatorsFull(without: nick) : .moderatesAlways(nick))))
        }
        if !upkeep.roleChanges.isEmpty { wantUpdate(after: .zero) }
    }
}
