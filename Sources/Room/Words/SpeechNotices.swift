internal import Chat

/// What people are told of what they say.
extension ChatEvent.Notice {
    static let textTooLong = Self(
        .messageTooLarge, "the message was not sent: it is longer than \(ChatLimits.textByteCount) bytes",
        hint: "send it in parts")
    static let messageForOneself = Self(
        .noSuchMember, "the message was not sent: that member is you", hint: "/who shows the others")
    static let fileForOneself = Self(
        .noSuchMember, "the file was not offered: that member is you", hint: "/who shows the others")

    static func waitsInSlowMode(seconds: Int) -> Self {
        .init(
            .slowMode, "the message waits: in slow mode whoever has come in may speak after \(seconds)s",
            hint: "it is sent then, if you stay", count: seconds)
    }

    static func notSentInSlowMode(seconds: Int) -> Self {
        .init(
            .slowMode, "the message was not sent: in slow mode you may say the next thing in \(seconds)s",
            hint: "send it again then", count: seconds)
    }

    static func otherNickGiven(_ given: String, wanted: Nick, isOwnerAway: Bool) -> Self {
        .init(
            .nickTaken,
            "somebody \(isOwnerAway ? "who is away " : "")has the nick \(wanted), or one that looks like it: you are \(given)",
            hint: isOwnerAway
                ? "if that was you: a program that was killed cannot go on; ask the others what was said since"
                : "/nick NAME chooses another")
    }
}
