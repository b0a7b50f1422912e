package import Sodium

/// What a finished handshake leaves: a cipher for each direction.
package struct Transport: ~Copyable, Sendable {
    /// For messages to the peer.
    package var sending: CipherState
    /// For messages of the peer.
    package var receiving: CipherState
    /// Names this very handshake, for binding something to it (section 11.2): 64 bytes, public.
    package private(set) var handshakeHash: [UInt8]
    /// The static key of the peer, if the pattern has one.
    package private(set) var remoteStatic: X25519.PublicKey?

    init(
        sending: consuming CipherState, receiving: consuming CipherState, handshakeHash: [UInt8],
        remoteStatic: X25519.PublicKey?
    ) {
        self.sending = sending
        self.receiving = receiving
        self.handshakeHash = handshakeHash
        self.remoteStatic = remoteStatic
    }

    /// Forgets hash and static key, which nobody asks for any more.
    package mutating func forgetHandshake() {
        handshakeHash = []
        remoteStatic = nil
    }
}
