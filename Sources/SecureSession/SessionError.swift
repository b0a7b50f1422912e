/// Why a session failed. For our own people only: the peer sees its connection closed, and nothing more.
package enum SessionError: Error, Equatable {
    /// What arrived cannot be a TermTalk host's handshake.
    case notTermTalk
    /// The host speaks this version only.
    case versionMismatch(UInt8)
    /// The host does not have the room (or somebody changed the handshake on its way).
    case noSuchRoom
    /// The host's static key is not the expected one; this is the key it showed.
    case hostKeyMismatch([UInt8])
    /// The joiner has an invite, but too many come with one now.
    case busy
    /// The joiner's handshake did not authenticate.
    case handshakeFailed
    /// A sealed message was not authentic, out of place, or of a length that is no bucket.
    case sealBroken
    /// Authentic, but not what the protocol allows.
    case malformed
    /// A message longer than the peer may send.
    case messageTooLong
    /// The host did not show that it knows the room's password.
    case passwordNotConfirmed
    /// The record numbers or nonces of this session are used up.
    case exhausted
}
