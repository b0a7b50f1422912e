package import Chat

// What the host does with its members and its room.

extension Room {
    /// Whether the key's owner is in the room, or keeps a place in it.
    package func holds(key: [UInt8]) -> Bool { members.ofKey[key] != nil }

    /// The member, other than the host, that `name` names by id or nick.
    ///
    /// - Throws: no-such-member.
    package func member(named name: String) throws(ChatEvent.Notice) -> MemberID {
        guard let named = members.key(named: name, nick: { $0.nick.text }), members[named]?.isHost == false else {
            throw .nobodyIsCalledThat
        }
        return named
    }

    /// What the host's own participant is called.
    package var hostNick: String? { members.values.first { $0.isHost }?.nick.text }

    package func isHost(_ id: MemberID) -> Bool { members[id]?.isHost == true }

    /// The member behind the link.
    package func member(at link: LinkID) -> MemberID? { members.ofLink[link] }

    /// The key that a member has proved to hold, and its link, if anything is kept for it.
    package func credentials(of id: MemberID) -> (key: [UInt8], link: LinkID?)? {
        members[id].map { ($0.key, $0.link) }
    }

    /// A member asks for what moderators may do.
    mutating func moderate(
        _ asked: MessageID, _ moderation: Moderation, from id: MemberID, link: LinkID, actions: inout [RoomAction]
    ) {
        guard isModerator(id) else {
            return actions.append(.send(link, HostMessage.declined(asked, .notPermitted).encoded))
        }
        // Carried out once, however often it comes.
        if recent.insert(asked) { actions.append(.moderate(moderation, by: id)) }
        actions.append(.send(link, HostMessage.moderated(asked).encoded))
    }

    /// Whether a message of this type is heard from a link that was given up, too: whoever was left behind by the group moderates meanwhile.
    package static func isModeration(type: UInt8) -> Bool { type == RoomMessageType.moderate }

    /// The same over a link that is no member's: the key's owner is on its way back to its place. Whoever has none, or does not moderate,
    /// hears nothing, and asks again when it is in.
    mutating func moderate(
        _ asked: MessageID, _ moderation: Moderation, key: [UInt8], link: LinkID, now: Duration,
        actions: inout [RoomAction]
    ) {
        guard let id = members.ofKey[key], isModerator(id) else { return }
        charge(id, over: link, messages: RoomLimits.nickChangeCost, bytes: 0, now: now, actions: &actions)
        moderate(asked, moderation, from: id, link: link, actions: &actions)
    }

    /// Removes a member; a banned one does not come back with the same key.
    package mutating func expel(
        _ id: MemberID, banned: Bool, reason: String, now: Duration, actions: inout [RoomAction]
    ) {
        guard let member = members[id], !member.isHost else { return }
        if banned {
            ban(member.key)
        }
        if let link = member.link {
            let message = HostMessage.removed(banned ? .banned : .kicked, reason.cut(to: ChatLimits.remarkByteCount))
            actions.append(.send(link, message.encoded))
        }
        remove(id, reason: banned ? .banned : .kicked, now: now, actions: &actions)
    }

    private mutating func ban(_ key: [UInt8]) {
        if bannedKeys.count >= RoomLimits.bannedKeys {
            bannedKeys.removeFirst()
        }
        bannedKeys.append(key)
    }

    /// Those of the keys' owners that are here are told that the invite with which they came lets nobody in any more.
    package func inviteWasRevoked(for keys: [[UInt8]], actions: inout [RoomAction]) {
        for link in keys.compactMap({ members.ofKey[$0].flatMap { members[$0]?.link } }) {
            actions.append(.send(link, HostMessage.inviteRevoked.encoded))
        }
    }

    package mutating func setLocked(_ isLocked: Bool, actions: inout [RoomAction]) {
        settings.isLocked = isLocked
        if isLocked { refuseNewcomers(.locked, actions: &actions) }
        actions.append(.broadcast(HostMessage.lockChanged(isLocked).encoded, tag: 0))
    }

    /// The room is at another onion service from now on; those who come by the one before are told, too.
    package mutating func move(to place: OnionPlace, actions: inout [RoomAction]) {
        settings.movedTo = place
        actions.append(.broadcast(HostMessage.moved(place).encoded, tag: 0))
    }

    package mutating func setTopic(_ text: String, actions: inout [RoomAction]) {
        settings.topic = text.cut(to: ChatLimits.remarkByteCount)
        actions.append(.broadcast(HostMessage.topicChanged(settings.topic).encoded, tag: 0))
    }

    // MARK: Slow mode

    /// Lets each member post once in so many seconds, up to ``ChatLimits/slowestSeconds``; 0 for as often as it likes.
    package mutating func setSlowMode(seconds: Int64, actions: inout [RoomAction]) {
        slow(to: seconds)
        actions.append(.broadcast(settings.slowMode.encoded, tag: 0))
    }

    mutating func slow(to seconds: Int64) {
        settings.setSlowMode(seconds: seconds)
        for id in members.keys { members[id]?.heldID = nil }
    }

    /// Whether slow mode holds the post back; what is not held back counts as said now.
    mutating func isTooSoon(_ id: MessageID, from sender: MemberID, now: Duration) -> Bool {
        members.change(sender) { [interval = settings.slowInterval] member in
            !member.isHost && !member.posts(id, interval: interval, now: now)
        } ?? false
    }

    // MARK: Time

    /// - Throws: input-invalid for a room that has no end.
    package mutating func extend(
        by time: Duration, now: Duration, actions: inout [RoomAction]
    ) throws(ChatEvent.Notice) {
        guard let end = closesAt, !isClosed else {
            throw ChatEvent.Notice(.inputInvalid, "the room was not extended: it has no end")
        }
        guard time <= RoomLimits.longestTime, end - now <= RoomLimits.longestTime - time else {
            throw ChatEvent.Notice(
                .inputInvalid, "the room was not extended: it would last for more than a hundred years")
        }
        closesAt = end + time
        actions.append(.broadcast(HostMessage.extended(secondsLeft(now: now) ?? 0).encoded, tag: 0))
    }

    /// Seconds until the room closes, rounded up; nil for a room without end.
    package func secondsLeft(now: Duration) -> UInt32? {
        closesAt.map { UInt32(clamping: ($0 - now + .milliseconds(999)).components.seconds) }
    }

    // MARK: Those who wait to be let in

    /// The waiting joiner that `name` names by the id it was announced with, or by nick, and its link.
    ///
    /// - Throws: no-such-member.
    package func waiting(named name: String) throws(ChatEvent.Notice) -> (id: MemberID, link: LinkID) {
        let byID = Dictionary(waiting.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        guard let named = byID.key(named: name, nick: { $0.nick.text }).flatMap({ byID[$0] }) else {
            throw .nobodyWaiting
        }
        return (named.id, named.link)
    }

    /// Lets a waiting joiner in, or refuses it with `refusal`.
    package mutating func decide(
        on id: MemberID, refusal: RoomCode?, now: Duration, actions: inout [RoomAction]
    ) {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
        let joiner = waiting.remove(at: index)
        if let refusal {
            refuse(joiner.link, refusal, actions: &actions)
        } else {
            enter(
                nick: joiner.nick.text, id: id, keyPackage: joiner.keyPackage, link: joiner.link, key: joiner.key,
                isHost: false, way: joiner.way, now: now, actions: &actions)
        }
    }

    /// The connection of somebody who may be waiting is gone. Returns who waited for the host.
    @discardableResult
    package mutating func linkGone(_ link: LinkID) -> MemberID? {
        forgetJoiner(at: link)
        guard let index = waiting.firstIndex(where: { $0.link == link }) else { return nil }
        return waiting.remove(at: index).id
    }
}
