package import Sodium

/// What a member knows of the room before it joins.
package struct MemberTarget {
    package var room: RoomName
    package var address: RoomAddress
    package var policy: HostKeyPolicy
    /// The signature key of the one who creates the group, from the invite.
    package var creatorKey: Ed25519.PublicKey?
    /// Whether the invite is that of a group at a relay.
    package var isInviteOfGroup: Bool
    /// Whether tor needs the invite's key.
    package var isInviteAuthorized: Bool

    package init(
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
