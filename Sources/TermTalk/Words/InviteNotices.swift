internal import Chat

extension InviteFinder.Damage {
    var notice: ChatEvent.Notice {
        switch self {
        case .cut:
            .init(
                .inviteInvalid, "the invite cannot be used: its end is missing",
                hint: "copy all of it, from \(Invite.scheme) to its last letter; it may go over several lines")
        case .changed:
            .init(
                .inviteInvalid, "the invite cannot be used: something in it was changed on its way",
                hint: "copy it once more, or ask for it as a file or a QR code")
        case .letterCase:
            .init(
                .inviteInvalid, "the invite cannot be used: a program has changed the case of its letters",
                hint: "ask for it in another way, as a file or a QR code")
        case .otherVersion: .inviteOfOtherVersion
        }
    }
}

extension ChatEvent.Notice {
    static let inviteIncomplete = Self(
        .inviteInvalid, "the invite cannot be used: it is incomplete or was changed on its way",
        hint: "copy the whole line that starts with \(Invite.scheme)")
    static let inviteOfOtherVersion = Self(
        .versionMismatch, "the invite cannot be used: it is for another version of termtalk",
        hint: "update termtalk, here or at the host")
    static let joinedWithoutInvite = Self(
        .inputInvalid, "there is no invite to show: you joined without one", hint: "ask the host")
    static let tooManyInvites = Self(
        .notPermitted, "no further invite was made: there are \(InviteTable.maximum) already",
        hint: "see /invite --list, and /invite --revoke N")

    static func noSuchInvite(_ number: Int) -> Self {
        .init(.inputInvalid, "nothing was revoked: there is no invite \(number)", hint: "see /invite --list")
    }

    static func roomNameInvalid(isPath: Bool) -> Self {
        .init(
            .roomInvalid, "the room's name cannot be used: it is empty or too long, or has other characters",
            hint: isPath ? "to read an invite from a file: --invite-file FILE" : "use 1 to 64 letters, digits, . _ -")
    }
}
