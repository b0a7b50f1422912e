internal import Chat
internal import Room

/// What a member keeps of the group of a relay's room that it has lost: whom it believes what the group's secret is now.
struct FormerGroup {
    let groupID: [UInt8]
    /// Of the others in the last epoch that it was in: those who were sent out by then are not among them.
    let signatureKeys: [MemberID: [UInt8]]
    /// Of the secrets that the group had had by then, and had no more: somebody who was sent out may know them, and somebody from whom
    /// that is withheld may still tell them.
    let formerMarks: [GroupProofKeys.Mark]
}
