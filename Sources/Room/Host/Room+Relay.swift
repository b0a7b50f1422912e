package import Chat
package import Sodium

// A room whose host is a relay: it has no participant, and the members let each other in, by a secret that the relay does not
// know. It knows only what it needs to keep strangers away: a key for handshakes that is made from the secret.
extension Room {
    /// A member says which key is used for handshakes by those who have the group's invite. The group's context tells which of its
    /// secrets it is made from: the first one who says it is as good as any other, and what is wrong changes nothing.
    mutating func register(_ key: SecretContent, link: LinkID, actions: inout [RoomAction]) throws(RoomError) {
        guard limits.isRelay, let book = group.book else { throw .malformed }
        guard let generation = book.generation(ofHandshakeKey: key) else { return }
        let isNew = group.invites.register(key, of: generation, current: book.secretGeneration)
        if isNew { actions.append(.invitesChanged) }
        guard generation == book.secretGeneration else { return }
        let message = HostMessage.registered.encoded
        // Nobody else is there who waits for the first one.
        actions.append(isNew && generation > 0 ? .broadcast(message, tag: 0) : .send(link, message))
    }

    // MARK: A member that knows a former secret

    /// Whether the candidate is a member that has lost the group, and knows a former secret of it only. Whoever was sent out is not.
    func mayLearnSecret(_ candidate: GroupCandidate) -> Bool {
        limits.isRelay && members[candidate.id] != nil && !isSpent(candidate.keyPackage)
            && group.book?.isMember(candidate) == true
    }

    /// Some of those who are there are asked to tell the member the group's secret, sealed: it comes anew with that. Where they do not,
    /// it asks others over another connection.
    mutating func seekSecret(
        _ candidate: GroupCandidate, link: LinkID, now: Duration, actions: inout [RoomAction]
    ) {
        giveUpEarlierLinks(of: candidate.id, now: now, actions: &actions)
        let others = members.inOrder.filter { member in
            member.absence == nil && member.link != nil && member.id != candidate.id
                && group.unfollowed.reports[member.id] == nil && group.book?.contains(member.id) == true
        }.map(\.id)
        guard let asked = group.seekers.add(candidate.id, at: link, asking: others, now: now) else {
            return actions.append(.release(link))
        }
        for case let other? in asked.map({ members[$0]?.link }) {
            actions.append(.send(other, HostMessage.secretWanted(candidate).encoded))
        }
    }

    /// A member has told another one the group's secret, as it says: the room cannot read it.
    mutating func tellSecret(_ sealed: [UInt8], to id: MemberID, from sender: MemberID, actions: inout [RoomAction]) {
        guard let link = group.seekers.answered(by: sender, to: id) else { return }
        actions.append(.send(link, HostMessage.secret(from: sender, sealed: sealed).encoded))
    }

    /// The joiner's KeyPackage is not what the group takes.
    mutating func turnAway(
        _ joiner: Joiner, _ code: RoomCode, now: Duration, actions: inout [RoomAction]
    ) {
        let candidate = GroupCandidate(id: joiner.id, keyPackage: joiner.keyPackage)
        if joiner.isReturning, mayLearnSecret(candidate), group.book?.wouldAccept(candidate) == false {
            return seekSecret(candidate, link: joiner.link, now: now, actions: &actions)
        }
        refuse(joiner, code, actions: &actions)
    }

    /// The group has another secret: those who wait know one that does not let them in.
    mutating func reviewJoiners(now: Duration, actions: inout [RoomAction]) {
        guard let book = group.book else { return }
        for joiner in group.joiners
        where !book.wouldAccept(GroupCandidate(id: joiner.id, keyPackage: joiner.keyPackage)) {
            group.joiners.take(joiner.id)
            turnAway(joiner, .groupInviteNeeded, now: now, actions: &actions)
        }
    }

    // MARK: Its invites

    /// The key for handshakes of the group's current invite; nil before somebody has told it.
    package var groupInvite: SecretContent? { group.invites.key(of: group.book?.secretGeneration ?? 0) }

    /// Those of others that the group has had, oldest first.
    package var formerGroupInvites: [SecretContent] {
        group.invites.others(than: group.book?.secretGeneration ?? 0)
    }

    /// The member is about to be sent out, and knows the group's invite: nobody new comes in by it, until the group has another
    /// one that was made without that member, or has none by then.
    package mutating func spoilInvite(by id: MemberID, sentOutBy moderator: MemberID, now: Duration) {
        group.invites.spoil(by: id, sentOutBy: moderator, until: now + RoomLimits.spoiltInviteTime)
    }

    /// Whether that is so.
    package func isInviteSpoilt(now: Duration) -> Bool { group.invites.isSpoilt(now: now) }

    /// Whether the group's creator has said who may come in.
    package var isRegistered: Bool { group.isRegistered }

    /// Whether whoever comes with the relay's own invite founds the group anew: nobody has a place any more, or only a founder
    /// whom nobody has followed, and who is away. Nobody waits, either, whom the group could still let in.
    package var mayBeginAnew: Bool {
        group.joiners.isEmpty && members.values.allSatisfy { group.epoch == 0 && $0.absence != nil }
    }

    /// Gives the group up, and the places of those who were in it: the next one founds another.
    package mutating func beginAnew(now: Duration, actions: inout [RoomAction]) {
        for member in members.inOrder { remove(member.id, reason: .lost, now: now, actions: &actions) }
        group = GroupQueue()
    }

    /// No member is there who could be asked: the host's own participant comes back by itself, and at a relay the one that has waited
    /// longest comes in. Where that cannot be, those who have no place yet are told.
    mutating func letInUnattended(now: Duration, actions: inout [RoomAction]) {
        guard let first = group.joiners.first, let book = group.book,
            limits.isRelay ? group.isRegistered : first.isHost && first.isReturning && book.contains(first.id)
        else { return }
        guard limits.admitsUnattended || !limits.isRelay else {
            for joiner in group.joiners where !joiner.isReturning {
                group.joiners.take(joiner.id)
                refuse(joiner, .nobodyHere, actions: &actions)
            }
            return
        }
        guard let joiner = group.askJoiner(now: now) else { return }
        actions.append(.expectLongMessage(joiner.link, byteCount: book.answerByteCount(adding: 0, removing: 1)))
        actions.append(.send(joiner.link, HostMessage.tree(book.tree).encoded))
        actions.append(.send(joiner.link, HostMessage.groupInfo(epoch: book.epoch, group.groupInfo).encoded))
    }

    /// The joiner's external Commit. One that comes too late changes nothing: a member is asked to let the joiner in, or it is
    /// shown the new epoch.
    mutating func joinExternally(
        _ commit: GroupCommit, link: LinkID, now: Duration, actions: inout [RoomAction]
    ) throws(RoomError) {
        guard let joiner = group.joiners[link], joiner.wasOffered, !commit.commit.isEmpty else { throw .malformed }
        // While it is asked there is no other epoch: what is of one answers an earlier question.
        guard group.asked?.member == joiner.id, commit.epoch == group.epoch else { return }
        if let book = group.book,
            let booked = try? book.stage(commit.commit, from: joiner.id, as: .external),
            booked.book.accepts(groupInfo: commit.groupInfo)
        {
            group.joiners.take(joiner.id)
            group.membersChanged(by: [joiner.way], now: now)
            watchCommit(by: joiner.id, now: now)
            // Some may be present, who were asked in vain.
            group.advance(by: booked, commit.groupInfo, of: joiner.id, lowest: lowestEpoch, now: now)
            let entry = HostMessage.RoomState.Entry(id: joiner.id, isHost: joiner.isHost, nick: joiner.nick.text)
            let message = HostMessage.committed(
                from: joiner.id, floor: group.window.floor, joined: joiner.isReturning ? [] : [entry],
                commit: commit.commit)
            actions.append(.broadcast(message.encoded, tag: 0))
            letIn([joiner], welcome: [], now: now, actions: &actions)
        } else {
            group.gaveNoAnswer()
        }
        group.answered()
        changeGroup(now: now, actions: &actions)
    }
}
