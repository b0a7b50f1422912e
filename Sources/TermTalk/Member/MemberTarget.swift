internal import Sodium

/// What a member knows of the room before it joins.
struct MemberTarget {
    var room: RoomName
    var address: RoomAddress
    var policy: HostKeyPolicy
    /// The signature key of the one who creates the group, from the invite.
    var creatorKey: Ed25519.PublicKey?
    /// Whether the invite is that of a group at a relay.
    var isInviteOfGroup: Bool
    /// Whether tor needs the invite's key.
    var isInviteAuthorized: Bool

    init(
        room: RoomName, address: RoomAddress, policy: HostKeyPolicy,
        creatorKey: Ed25519.PublicKey? = nil,
        isInviteOfGroup: Bool = false, isInviteAuthorized: Bool = false
    ) {
        self.room = room
        self.address = address
        self.policy = policy
        self.creatorKey = creatorKey
        self.isInviteOfGroup = isInviteOfGroup
        self.isInviteAuthorized = isInviteAuthorized
    }
}
