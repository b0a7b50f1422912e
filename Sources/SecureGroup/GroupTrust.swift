package import Sodium

/// How a member knows that a group is the one it wants to be in.
package enum GroupTrust: Sendable {
    /// The host's own participant, which creates the group; or one that the host's own participant lets in.
    case host
    /// An invite of a host names the key of the group's creator, who must vouch for it.
    case creator(Ed25519.PublicKey)
    /// An address alone: a host's own participant vouches for the group; or the room is at a relay, and this member creates
    /// the group.
    case address
    /// A relay's invite: this member creates the group, and believes nobody who says that there is one.
    case first
    /// An invite of a relay's room: the group knows this secret.
    case secret(GroupSecret)
}
