// A room whose host is a relay: it has no participant, and the members let each other in, by a secret that the relay does not
// know. It knows only what it needs to keep strangers away: a key for handshakes that is made from the secret.
extension Room {
    /// The group's creator says who may come in from now on.
    mutating func register(
        _ key: [UInt8], groupInfo: [UInt8], from sender: MemberID, link: LinkID, actions: inout [RoomAction]
    ) throws(RoomError) {
        guard limits.isRelay, !group.isRegistered, group.creator == sender else { throw .malformed }
        group.register(groupInfo)
        actions.append(.register(presharedKey: key))
        actions.append(.send(link, HostMessage.registered.encoded))
    }

    /// Whether the group's creator has said who may come in.
    package var isRegistered: Bool { group.isRegistered }

    /// No member is there whom the relay could ask: who has waited longest comes in by itself. Where that cannot be, those who
    /// have no place yet are told.
    mutating func letInUnattended(now: Duration, actions: inout [RoomAction]) {
        guard group.isRegistered, !group.joiners.isEmpty else { return }
        guard limits.admitsUnattended, !group.sealedInfo.isEmpty else {
            for joiner in group.joiners where !joiner.isReturning {
                _ = group.takeJoiner(joiner.id)
                refuse(joiner, .nobodyHere, actions: &actions)
            }
            return
        }
        guard let joiner = group.askJoiner(until: now + RoomLimits.committerPatience) else { return }
        actions.append(
            .expectLongMessage(
                joiner.link, byteCount: RoomLimits.answerByteCount(members: members.count + 1, joiners: 0)))
        actions.append(
            .send(joiner.link, HostMessage.groupInfo(epoch: group.epoch, group.sealedInfo).encoded))
    }

    /// The joiner's external Commit. One that comes too late changes nothing: a member is asked to let the joiner in, or it is
    /// shown the new epoch.
    mutating func joinExternally(
        _ commit: GroupCommit, link: LinkID, now: Duration, actions: inout [RoomAction]
    ) throws(RoomError) {
        guard group.isRegistered, limits.admitsUnattended, let joiner = group.joiner(at: link), !commit.commit.isEmpty
        else { throw .malformed }
        guard group.asked?.member == joiner.id else { return }
        if commit.epoch == group.epoch {
            var accepted = commit
            accepted.added = [joiner.id]
            _ = group.takeJoiner(joiner.id)
            group.advance(by: accepted, of: joiner.id)
            let entry = HostMessage.Admission.Entry(id: joiner.id, isHost: false, nick: joiner.nick.text)
            let message = HostMessage.committed(
                from: joiner.id, joined: joiner.isReturning ? [] : [entry], commit: commit.commit)
            actions.append(.broadcast(message.encoded, tag: 0))
            letIn([joiner], welcome: [], now: now, actions: &actions)
        }
        group.answered()
        changeGroup(now: now, actions: &actions)
    }
}
