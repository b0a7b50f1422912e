internal import Chat
internal import Room
internal import Sodium

/// What whoever comes into a room hears of its ``MemberNode``.
enum MemberEvent {
    /// A key was accepted without being known.
    case newHostKey(X25519.PublicKey)
    /// The host says that the room is there from now on.
    case moved(RoomAddress)
    /// The host says where the room's hosts are.
    case hosts([HostPlace])
    /// The last one: the stay is over. The notice says why it failed, if it did.
    case ended(ChatEvent.CloseReason, ChatEvent.Notice?)
}
