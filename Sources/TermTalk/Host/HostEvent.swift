internal import Chat
internal import RoomStore
internal import SecureSession

/// What whoever opened a room hears of its ``HostNode``.
enum HostEvent {
    /// The host's own participant has come in.
    case joined
    /// With these secrets somebody can come in, or back.
    case invitesChanged([InviteSecret])
    /// A member has removed another one, and with it the room's invite.
    case inviteReplaced
    /// Other hosts of a room that several hold are there, or this one is.
    case placesChanged
    /// A moderator of a relay's room has ended it.
    case endWanted
    /// The room's time is over, and nobody was told: ``HostEnding/close(_:)`` is to follow.
    case timeIsOver
    /// The room cannot be kept any more.
    case storeFailed(StoreError)
    /// The last one: the room has ended, and everybody has been told.
    case closed(ChatEvent.CloseReason)
}
