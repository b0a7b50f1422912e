package import Chat

// What people are told of what the host has decided.

extension ChatEvent.Notice {
    /// Whoever answered is not somebody who knows the password.
    package static let passwordUnconfirmed = ChatEvent.Notice(
        .passwordUnconfirmed, "cannot join: the host did not show that it knows the password",
        hint: "somebody may be in between; if the room has no password, join without one")

    /// Whatever `failure` says failed: a nick is against the rules.
    package static func nickInvalid(_ failure: String? = nil) -> Self {
        .init(
            .nickInvalid, (failure.map { "\($0): " } ?? "") + "the nick is not allowed",
            hint:
                "use 1 to 32 letters of one script, digits, _ - . and begin with a letter or digit; names like host are taken"
        )
    }

    /// To the one who was removed; the reason is in the words of who did it.
    static func removed(_ reason: ChatEvent.CloseReason, _ text: String) -> Self {
        let isBanned = reason == .banned
        return .init(
            isBanned ? .banned : .kicked,
            "the stay is over: you were \(isBanned ? "banned" : "removed")" + (text.isEmpty ? "" : " (\(text))"),
            hint: "ask who moderates the room before you come again: the invite that you had may work no longer")
    }

    /// To one that only passes by, and would be the first of a relay's group.
    package static let foundsNoGroup = ChatEvent.Notice(
        .groupInviteNeeded, "nothing was delivered: this invite is for the first member, who founds the room's group",
        hint: "somebody has to join with it and stay; then use the invite that /invite shows there")

    static let inviteRevoked = ChatEvent.Notice(
        .inviteRevoked, "the invite with which you came lets nobody in any more: the host has changed it",
        hint: "you stay; ask the host for the new one before you pass it on")

    /// A member came back after its place, or what waited for it, had been given up.
    static func missed(_ count: Int, privately: Int) -> Self {
        missed(count, privately: privately, why: "you were away for longer than the host could wait")
    }

    /// They came, and were sealed for members that follow the group, which this one did not just then.
    static func unopened(_ count: Int) -> Self {
        missed(count, privately: 0, why: "they were said while you could not follow the group")
    }

    private static func missed(_ count: Int, privately: Int, why: String) -> Self {
        let total = count + privately
        let what = [
            count > 0 ? "\(count) message\(count == 1 ? "" : "s") of the room" : nil,
            privately > 0 ? "\(privately) private message\(privately == 1 ? "" : "s")" : nil,
        ]
        return .init(
            .messagesMissed,
            what.compactMap(\.self).joined(separator: " and ") + (total == 1 ? " was missed" : " were missed"),
            hint: why + "; ask somebody who was there", count: total)
    }
}

extension RoomCode {
    /// Why the host did not let a joiner in, for people.
    package var refusal: ChatEvent.Notice {
        switch self {
        case .full:
            .init(.roomFull, "cannot join: the room is full", hint: "try again when somebody has left")
        case .nickInvalid: .nickInvalid("cannot join")
        case .nickTaken:
            .init(
                .nickTaken, "cannot join: somebody has this nick, or one that looks like it",
                hint: "choose another with --nick")
        case .rateLimited:
            .init(.rateLimited, "cannot join: too many tries at once", hint: "try again in a minute")
        case .passwordRequired:
            .init(
                .passwordRequired, "cannot join: the room has a password",
                hint: "ask the host for it, and give --password or --password-file FILE")
        case .passwordWrong:
            .init(
                .passwordWrong, "cannot join: the password is wrong",
                hint: "check it with the host; after some wrong ones the host makes everybody wait")
        case .passwordUnknown: .passwordUnconfirmed
        case .banned: .init(.banned, "cannot join: the host has banned you", hint: "the host can let you in again")
        case .locked: .init(.roomLocked, "cannot join: the room is locked", hint: "ask the host to /unlock it")
        case .denied: .init(.joinDenied, "cannot join: the host did not let you in", hint: "ask the host")
        case .inviteUsed:
            .init(
                .inviteUsed, "cannot join: the invite is used up, has expired, or was revoked",
                hint: "ask for a new one")
        case .groupInviteNeeded:
            .init(
                .groupInviteNeeded, "cannot join: the room's members let in only who has their group's invite",
                hint: "ask one of them for it: /invite shows it")
        case .nobodyHere:
            .init(
                .nobodyHere, "cannot join: no member is there who could let you in", hint: "try again when one is")
        case .expired:
            .init(.roomExpired, "cannot join: the room has ended", hint: "ask for the invite of another one")
        case .idTaken:
            .init(.nickTaken, "cannot join: somebody here has the id that was made for you", hint: "try again")
        case .keyPackageInvalid:
            .init(
                .versionMismatch, "cannot join: the members cannot use this program's keys",
                hint: "update termtalk, here or there")
        case .unspecified, .tooLarge, .noSuchMember, .alreadyAccepted, .away, .slow, .notPermitted:
            .init(.noSuchRoom, "cannot join: the host refused", hint: "ask for a new invite")
        }
    }

    /// Why the host did not do what a member asked for, for people.
    var declination: ChatEvent.Notice {
        switch self {
        case .nickInvalid: .nickInvalid()
        case .nickTaken:
            .init(.nickTaken, "somebody has this nick, or one that looks like it", hint: "choose another")
        case .tooLarge:
            .init(.messageTooLarge, "the message was not delivered: it is too long", hint: "send it in parts")
        case .noSuchMember:
            .init(.noSuchMember, "the message was not delivered: that member has left", hint: "see /who")
        case .away:
            .init(
                .memberAway, "the message was not delivered: that member is away, and too much waits for it",
                hint: "send it again when the member is back")
        case .notPermitted: .moderatorsOnly
        case .rateLimited, .slow:
            .init(.rateLimited, "not so fast", hint: "wait a moment")
        case .unspecified, .full, .expired, .alreadyAccepted, .idTaken, .keyPackageInvalid, .passwordRequired,
            .passwordWrong, .passwordUnknown, .banned, .locked, .denied, .inviteUsed, .groupInviteNeeded, .nobodyHere:
            .init(.internalError, "the host did not do it and did not say why")
        }
    }
}
