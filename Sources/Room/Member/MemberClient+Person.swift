package import Chat

// What the person wants.
extension MemberClient {
    /// Says something to all, or to the one member that `receiver` names by id or nick.
    ///
    /// - Returns: the message's id; nil when the stay is over, and nothing was said.
    /// - Throws: a notice for the person: message-too-large, no-such-member.
    @discardableResult
    package mutating func say(
        _ text: String, kind: MessageContent.Kind, to receiver: String? = nil, actions: inout [Action]
    ) throws(ChatEvent.Notice) -> MessageID? {
        guard phase != .ended else { return nil }
        guard text.utf8.count <= ChatLimits.textByteCount else {
            throw .textTooLong
        }
        let target = try receiver.map { name throws(ChatEvent.Notice) in try member(named: name) }
        if target == nil { try checkSlowMode() }
        guard target == nil || target != id else {
            throw .messageForOneself
        }
        let messageID = newMessageID()
        outbox.append(Outbox.Message(id: messageID, to: target, content: .said(.init(kind: kind, text: text))))
        if let id {
            let shown: ChatEvent.ChatMessage.Kind = target != nil ? .private : kind == .action ? .action : .text
            actions.append(
                .tell(
                    .sending(
                        .init(
                            id: messageID, sequence: nil, from: id, nick: members[id]?.nick ?? id.description,
                            text: text, kind: shown, isOwn: true, to: target,
                            toNick: target.flatMap { members[$0]?.nick }))))
        }
        sendWaiting(actions: &actions)
        return messageID
    }

    package mutating func changeNick(to nick: String, actions: inout [Action]) throws(ChatEvent.Notice) {
        let isHost = id.flatMap { members[$0]?.isHost } ?? false
        guard let nick = try? Nick(validating: nick, isHost: isHost) else { throw RoomCode.nickInvalid.declination }
        ownNick.wanted = nick.text
        guard phase == .joined else { return }
        ownNick.asked = nick
        if !isAway {
            actions.append(.send(MemberRequest.changeNick(nick.text).encoded))
        }
    }

    /// Somebody had the nick that was asked for.
    mutating func tellOfNick(actions: inout [Action]) {
        guard let id, let given = members[id]?.nick, let wanted = try? Nick(validating: ownNick.wanted, isHost: true),
            given != wanted.text, wanted.text != id.description, given != ownNick.told
        else { return }
        ownNick.told = given
        // Another program of the same person, perhaps, that was killed.
        let isAway = members.values.contains {
            $0.awaySince != nil && (try? Nick(validating: $0.nick, isHost: true))?.skeleton == wanted.skeleton
        }
        actions.append(.tell(.warning(.otherNickGiven(given, wanted: wanted, isOwnerAway: isAway))))
    }

    /// Leaves the room; the owner closes the connection when the request has gone out.
    package mutating func leave(actions: inout [Action]) {
        guard phase != .ended else { return }
        if phase == .joined {
            tellOfUndone(actions: &actions)
            actions.append(.send(MemberRequest.leave.encoded))
        }
        phase = .ended
        actions.append(.end(.quit, refusal: nil))
    }

    /// The members, the host's first, then by nick.
    package var memberList: [ChatEvent.MemberInfo] {
        members.map {
            ChatEvent.MemberInfo(
                id: $0, nick: $1.nick, isHost: $1.isHost, isVerified: isVerified($0),
                isModerator: engine.moderators.contains($0), awaySince: $1.awaySince.map(clock.time(ofAge:)))
        }
        .sorted { ($0.isHost ? 0 : 1, $0.nick, $0.id.packed) < ($1.isHost ? 0 : 1, $1.nick, $1.id.packed) }
    }

    func member(named name: String) throws(ChatEvent.Notice) -> MemberID {
        if let id = members.key(named: name, nick: { $0.nick }) { return id }
        throw .nobodyIsCalledThat
    }
}
