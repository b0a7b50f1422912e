/// Why what a peer said in the room could not be taken.
package enum RoomError: Error, Equatable {
    /// Not a message that the protocol knows, or not one that is allowed at this point; the connection is closed.
    case malformed
}
