internal import Chat

// What people are told of a host, or a member, that does not play by the group's rules.

extension GroupError {
    /// Why this member could not come in.
    var refusal: ChatEvent.Notice {
        switch self {
        case .wrongCreator:
            .init(
                .groupCreator, "cannot join: the room is not vouched for by the one who made the invite",
                hint: "somebody may be in between: ask for a new invite over another channel")
        case .forged, .replayed, .otherEpoch, .cannotJoin, .unavailable:
            .init(
                .groupWelcome, "cannot join: what the host sent does not let this member into the group",
                hint: "try again; if it stays, ask for a new invite")
        }
    }

    /// Something that was said to be `member`'s is not to be trusted.
    func warning(about member: MemberID) -> ChatEvent.Notice {
        switch self {
        case .replayed:
            .init(
                .groupReplay, "something of member \(member) came a second time and was left out",
                hint: "the host may be repeating old messages")
        case .otherEpoch:
            .init(
                .groupEpoch, "something of member \(member) is of another time of the group and was left out",
                hint: "the host may be withholding changes of the group, or repeating old messages")
        case .forged, .cannotJoin, .wrongCreator, .unavailable:
            .init(
                .groupForged, "something that is said to be of member \(member) is not, and was left out",
                hint: "the host may be forging messages")
        }
    }

    /// The same of a change of the group, which leaves this member behind.
    func commitWarning(about member: MemberID) -> ChatEvent.Notice {
        switch self {
        case .replayed, .otherEpoch: warning(about: member)
        case .forged, .cannotJoin, .wrongCreator, .unavailable:
            .init(
                .groupForged, "a change of the group that is said to be of member \(member) cannot be followed",
                hint: "it is undone, or you come in anew; who moderates can remove that member: /kick \(member)")
        }
    }
}

extension ChatEvent.Notice {
    /// So many messages must exist and have not come.
    static func gap(_ count: Int) -> Self {
        let what = count == 1 ? "1 message" : "\(count) messages"
        return .init(
            .groupGap, "\(what) did not come",
            hint: "the host may be withholding messages", count: count)
    }

    static let numberRepeated = Self(
        .groupReplay, "a number of the room's order came a second time and was left out",
        hint: "the host may be repeating old messages")

    static func fork(_ member: MemberID) -> Self {
        .init(
            .groupFork, "member \(member) was given other messages than you, or in another order",
            hint: "the host may be showing each member another room: compare over another channel")
    }

    static func ghost(_ member: MemberID) -> Self {
        .init(
            .groupGhost, "member \(member) can read along, and the host does not list it",
            hint: "say nothing that is not for it; /verify shows the room words")
    }

    static func notInGroup(_ member: MemberID) -> Self {
        .init(
            .groupGhost, "member \(member) is listed by the host, and is not in the group",
            hint: "it can neither read nor say anything")
    }

    static func removed(_ member: MemberID, by committer: MemberID) -> Self {
        .init(
            .groupRemoved, "member \(member) was removed from the group by member \(committer), and is still listed",
            hint: "it can neither read nor say anything any more")
    }

    static func keyChanged(_ member: MemberID) -> Self {
        .init(
            .groupKeyChanged, "member \(member) came back with another key: it may be somebody else",
            hint: "ask over another channel, and compare with /verify \(member)")
    }

    static func otherNick(_ member: MemberID, _ nick: String) -> Self {
        .init(
            .groupNick, "member \(member) calls itself \(nick), and the host calls it something else",
            hint: "the host may be exchanging names: compare with /who over another channel")
    }

    static let commitNotTaken = Self(
        .messageTooLarge, "a change of the group was given up: the room cannot carry it",
        hint: "who waits to come in, or to be removed, goes on waiting; restart the room if it stays")

    static func undone(_ committer: MemberID) -> Self {
        .init(
            .groupUndone,
            "member \(committer) changed the group so that the others could not follow, and the room took it back",
            hint: "who moderates can end that for good: /kick \(committer)")
    }

    /// What this member has said in epochs that are void, to all and to one member each: who of these could follow it does not know.
    static func saidInVain(_ count: Int, _ privately: Int, by committer: MemberID) -> Self {
        var parts: [String] = []
        if count > 0 {
            parts.append("\(count) message\(count == 1 ? "" : "s") of yours could not be read by most")
        }
        if privately > 0 {
            parts.append("\(privately) private one\(privately == 1 ? "" : "s") perhaps not by whom it was for")
        }
        let what = parts.joined(separator: ", and ")
        return .init(
            .groupUndone, "\(what): the room took back what member \(committer) had changed of the group",
            hint: "say it again", count: count + privately)
    }

    static func barred(_ committer: MemberID) -> Self {
        .init(
            .groupUndone,
            "member \(committer) changed the group so that others could not follow, and is asked last to change it now",
            hint: "its program may be at fault; who moderates can remove it: /kick \(committer)")
    }

    static let lost = Self(
        .groupLost, "the group cannot be followed any more; joining it again",
        hint: "what is said meanwhile is missed")
}
