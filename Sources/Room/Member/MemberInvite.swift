internal import Wire

/// What a member knows of its invite, and at a relay has told of the group's.
struct MemberInvite {
    /// Whether the invite with which it came lets nobody in any more.
    var isRevoked = false
    /// What told the room of the group that this member has created.
    var founding: EncodedMessage?
    /// Has created a group at a relay, and the relay has not said yet that others can come in.
    var awaitsFirst = false
    /// Whether the group has another secret, of which the relay has not told yet that it knows it.
    var awaitsNew = false
}
