package import Sodium

/// What a session tells its owner, in order.
package enum SessionEvent: Sendable, Equatable {
    /// Send these bytes of the handshake now.
    case send([UInt8])
    /// The handshake is done; the peer proved that it holds this static key.
    case established(peer: X25519.PublicKey, invited: Bool)
    /// A whole message of the room.
    case message(type: UInt8, body: [UInt8])
    /// A frame of the lane of files.
    case lane([UInt8])
    /// The host pauses the room: its process ends, and the session goes on with another one.
    case pausing
    /// The peer has received so many records of the session.
    case acknowledged(count: UInt32)
    /// The peer, on a new connection, wants to go on with the session of this number; it has received so many records.
    case resumeRequested(session: UInt32, received: UInt32)
    /// The host goes on with the session. What was sent to it and has not come back by ``caughtUp`` never arrived.
    case resumed
    /// Everything has come that was waiting when the session went on.
    case caughtUp
    /// The host no longer has the session; both directions begin anew.
    case resumeRefused
}
