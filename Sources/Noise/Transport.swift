package import Sodium

/// What a finished handshake leaves: a cipher for each direction.
package struct Transport: ~Copyable, Sendable {
    /// For messages to the peer.
    package var sending: CipherState
    /// For messages of the peer.
    package var receiving: CipherState
    /// Names this very handshake, for binding something to it (section 11.2): 64 bytes, public.
    package let handshakeHash: [UInt8]
    /// The static key of the peer, if the pattern has one.
    package let remoteStatic: X25519.PublicKey?
}
