package import Sodium

/// What a joiner brings to the handshake.
package struct JoinCredentials: ~Copyable {
    private(set) var prologue: Prologue
    /// Fresh for each room, and kept while the member comes back to it.
    let staticKey: X25519.PrivateKey
    package var publicKey: X25519.PublicKey { staticKey.publicKey }
    /// The host's static key where the joiner knows it; an invite always does.
    private(set) var hostKey: X25519.PublicKey?
    package private(set) var invite: InviteSecret?

    /// - Precondition: with an `invite` there is a `hostKey`.
    package init(
        prologue: Prologue, staticKey: consuming X25519.PrivateKey, hostKey: X25519.PublicKey?, invite: InviteSecret?
    ) {
        precondition(invite == nil || hostKey != nil, "an invite carries the host's key")
        self.prologue = prologue
        self.staticKey = staticKey
        self.hostKey = hostKey
        self.invite = invite
    }

    /// Comes to another onion service from now on; nil without tor.
    package mutating func come(to onionKey: [UInt8]?) {
        prologue.onionKey = onionKey
    }

    /// Comes with another invite from now on.
    package mutating func use(_ invite: InviteSecret, hostKey: X25519.PublicKey) {
        self.invite = invite
        self.hostKey = hostKey
    }
}
