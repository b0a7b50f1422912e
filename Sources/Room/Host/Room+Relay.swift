package import Chat
package import Sodium

// A room whose host is a relay: it has no participant, and the members let each other in, by a secret that the relay does not
// know. It knows only what it needs to keep strangers away: a key for handshakes that is made from the secret.
extension Room {
    /// A member says with which key handshakes are made by who has the group's invite. The group's context tells which of its
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

    /// The key for handshakes of the group's current invite; nil before somebody has told it.
    package var groupInvite: SecretContent? { group.invites.key(of: group.book?.secretGeneration ?? 0) }

    /// Those of others that the group has had, oldest first.
    package var formerGroupInvites: [SecretContent] {
        group.invites.others(than: group.book?.secretGeneration ?? 0)
    }

    /// The member is about to be sent out, and knows the group's invite: nobody new comes in by it, until the group has another
    /// one that was made without that member, or has none by then.
    package mutating func spoilInvite(by id: MemberID, now: Duration) {
        group.invites.spoil(by: id, until: now + RoomLimits.spoiltInviteTime)
    }

    /// Whether that is so.
    package func isInviteSpoilt(now: Duration) -> Bool { group.invites.isSpoilt(now: now) }

    /// Whether the group's creator has said who may come in.
    package var isRegistered: Bool { group.isRegistered }

    /// Whether who comes with the relay's own invite founds the group anew: nobody has a place any more, or only a founder
    /// whom nobody has followed, and who is away. Nobody waits, either, whom the group could still let in.
    package var mayBeginAnew: Bool {
        group.joiners.isEmpty && members.values.allSatisfy { group.epoch == 0 && $0.absence != nil }
    }

    /// Gives the group up, and the places of those who were in it: the next one founds another.
    package mutating func beginAnew(now: Duration, actions: inout [RoomAction]) {
        for member in membersInOrder { remove(member.id, reason: .lost, now: now, actions: &actions) }
        group = GroupQueue()
    }

    /// No member is there who could be asked: the host's own participant comes back by itself, and at a relay who has waited
    /// longest comes in. Where that cannot be, those who have no place yet are told.
    mutating func letInUnattended(now: Duration, actions: inout [RoomAction]) {
        guard let first = group.joiners.first, let book = group.book,
            limits.isRelay ? group.isRegistered : first.isHost && first.isReturning && book.contains(first.id)
        else { return }
        guard limits.admitsUnattended || !limits.isRelay else {
            for joiner in group.joiners where !joiner.isReturning {
                _ = group.takeJoiner(joiner.id)
                refuse(joiner, .nobodyHere, actions: &actions)
            }
            return
        }
        guard let joiner = group.askJoiner(until: now + RoomLimits.committerPatience) else { return }
        actions.append(.expectLongMessage(joiner.link, byteCount: book.answerByteCount(adding: 0, removing: 1)))
        actions.append(.send(joiner.link, HostMessage.tree(book.tree).encoded))
        actions.append(.send(joiner.link, HostMessage.groupInfo(epoch: book.epoch, group.groupInfo).encoded))
    }

    /// The joiner's external Commit. One that comes too late changes nothing: a member is asked to let the joiner in, or it is
    /// shown the new epoch.
    mutating func joinExternally(
        _ commit: GroupCommit, link: LinkID, now: Duration, actions: inout [RoomAction]
    ) throws(RoomError) {
        guard let joiner = group.joiner(at: link), joiner.wasOffered, !commit.commit.isEmpty else { throw .malformed }
        guard group.asked?.member == joiner.id else { return }
        if let book = group.book, commit.epoch == book.epoch,
            let booked = try? book.stage(commit.commit, from: joiner.id, as: .external),
            booked.book.accepts(groupInfo: commit.groupInfo)
        {
            _ = group.takeJoiner(joiner.id)
            watchCommit(by: joiner.id, now: now)
            // Nobody is present: who comes back seals anew.
            group.advance(by: booked, commit.groupInfo, of: joiner.id, lowest: booked.book.epoch, now: now)
            let entry = HostMessage.Admission.Entry(id: joiner.id, isHost: joiner.isHost, nick: joiner.nick.text)
            let message = HostMessage.committed(
                from: joiner.id, floor: group.window.floor, joined: joiner.isReturning ? [] : [entry],
                commit: commit.commit)
            actions.append(.broadcast(message.encoded, tag: 0))
            letIn([joiner], welcome: [], now: now, actions: &actions)
        } else if commit.epoch == group.epoch {
            group.gaveNoAnswer()
        }
        group.answered()
        changeGroup(now: now, actions: &actions)
    }
}
