/// Why what a peer said in the room could not be taken.
package enum RoomError: Error, Equatable {
    /// Not a message that the protocol knows, or not one that is allowed at this point; the connection is closed.
    case malformed
    /// It was said so long ago that nobody could open it any more: the connection is to be broken, and its member seals
    /// anew what it has to say when it is back.
    case late
}
