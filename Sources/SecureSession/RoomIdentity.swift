package import Sodium

/// The host's side of a room's handshakes: its static key, and who may come in how.
package final class RoomIdentity {
    package let prologue: Prologue
    let staticKey: X25519.PrivateKey
    /// The invites that a handshake may be made with. Each is tried in turn, so there must not be many.
    package var invites: [InviteSecret]
    /// Whether joiners that know only the room's id and address may try.
    package var acceptsOpen: Bool

    package init(prologue: Prologue, staticKey: consuming X25519.PrivateKey, invites: [InviteSecret], acceptsOpen: Bool)
    {
        self.prologue = prologue
        self.staticKey = staticKey
        self.invites = invites
        self.acceptsOpen = acceptsOpen
    }

    package var publicKey: X25519.PublicKey { staticKey.publicKey }
}
