internal import Chat

/// What people are told who compare words with a member.
extension ChatEvent.Notice {
    static let nothingToCompare = Self(
        .noSuchMember, "there is nothing to compare with oneself", hint: "see /verify")
    static let tooManyChecks = Self(
        .rateLimited, "no check was begun: \(CheckBook.openLimit) are open",
        hint: "answer some with /verify MEMBER yes or no")

    static func noWords(with member: MemberID) -> Self {
        .init(
            .verifyUnknown, "nothing was marked: there are no words to compare with member \(member)",
            hint: "/verify \(member) makes some")
    }

    static let notInTheRoom = Self(
        .verifyUnknown, "nothing can be compared now: this member is not in the group",
        hint: "try again when the connection is back")

    static func wordsDiffer(_ member: MemberID) -> Self {
        .init(
            .verifyFailed, "member \(member) has other words: somebody may be between you and whom you spoke with",
            hint: "say nothing to it that is not for others")
    }

    static func brokenCommitment(_ member: MemberID) -> Self {
        .init(
            .verifyFailed, "the check failed: what member \(member) revealed is not what it had committed to",
            hint: "its program is not an honest one: do not take it for whom it says it is")
    }

    static func outOfTurn(_ member: MemberID) -> Self {
        .init(
            .verifyEnded, "something of member \(member) belongs to no open check, and was left out",
            hint: "if no words appear, begin again: /verify \(member)")
    }

    static func checkEnded(_ member: MemberID, _ reason: String) -> Self {
        .init(
            .verifyEnded, "the check with member \(member) is over: \(reason)", hint: "begin again: /verify \(member)")
    }
}
