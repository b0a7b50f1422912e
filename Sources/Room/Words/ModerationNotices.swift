package import Chat

/// What people are told who moderate, or would like to.
extension ChatEvent.Notice {
    static let nobodyIsCalledThat = Self(.noSuchMember, "nobody here is called that", hint: "see /who")
    static let nobodyWaiting = Self(
        .noSuchMember, "nobody who waits is called that, or more than one is",
        hint: "use the id with which it was announced")
    static func roleUnchanged(isModerator: Bool) -> Self {
        .init(
            .inputInvalid, "nothing was changed: that member is \(isModerator ? "a moderator already" : "none")",
            hint: "see /who")
    }
    static let moderatorsOnly = Self(
        .notPermitted, "nothing was changed: only moderators can do that", hint: "ask one of them: see /who")
    /// Who moderates stands in the group.
    static let notInGroupNow = Self(
        .notPermitted, "nothing was changed: you are not in the room at the moment",
        hint: "say it again once you are back")
    static func moderatorsFull(without nick: String) -> Self {
        .init(
            .notPermitted, "\(nick) does not moderate: no more than \(RoomLimits.moderators) members can",
            hint: "/deop takes it back from one of them: see /who")
    }
    static func moderatesAlways(_ nick: String) -> Self {
        .init(
            .notPermitted, "\(nick) moderates as before: the one who has made the group always does",
            hint: "see /who")
    }
    /// Whoever wanted to change that has left before the room said that it is.
    static func roleUnconfirmed(of nick: String, isModerator: Bool) -> Self {
        .init(
            .notAcknowledged,
            "the room has not confirmed that \(nick) moderates\(isModerator ? "" : " no more"), and you have left",
            hint: "come back, look at /who, and say it again")
    }
    static let notYourself = Self(.inputInvalid, "nothing was changed: that is you", hint: "/quit leaves the room")
    static let theHostStays = Self(
        .notPermitted, "nothing was changed: that is the host, whose room it is", hint: "/quit leaves the room")
    /// What a host's person alone can do.
    package static let hostOnly = Self(
        .notPermitted, "nothing was changed: only the host can do that", hint: "ask the host")
    static let notAtRelay = Self(
        .notPermitted, "nothing was changed: only a host can do that, and this room has a relay in its place",
        hint: "/invite shows the room's one invite, /lock lets nobody new in; /help has what moderators can do")
    static let inviteRenewed = Self(
        .inviteRenewed, "somebody was sent out, and the room has another invite: the old one lets nobody in any more",
        hint: "/invite shows it")
    static func inviteStays(for nick: String) -> Self {
        .init(
            .inviteStays, "the room's invite still works, and \(nick) has it: it could not be changed",
            hint: "/lock lets nobody new in")
    }
}
