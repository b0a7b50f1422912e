package import Sodium

/// The host's side of a room's handshakes: its static key, and who may come in how.
package final class RoomIdentity {
    package let prologue: Prologue
    let staticKey: X25519.PrivateKey
    /// The invites that a handshake may be made with.
    package var invites: [InviteSecret]
    /// Whether joiners that know only the room's id and address may try.
    package var acceptsOpen: Bool
    /// Whether a first message that was made with an invite may be answered now; it counts then.
    package var admitsInvited: () -> Bool = { true }

    package init(prologue: Prologue, staticKey: consuming X25519.PrivateKey, invites: [InviteSecret], acceptsOpen: Bool)
    {
        self.prologue = prologue
        self.staticKey = staticKey
        self.invites = invites
        self.acceptsOpen = acceptsOpen
    }

    /// The invite that a first message, with its tag before it, was made with. All are looked at, whichever it is.
    func invite(of tag: Span<UInt8>, _ firstMessage: Span<UInt8>) -> InviteSecret? {
        var found: InviteSecret?
        for invite in invites where constantTimeEquals(invite.tag(of: firstMessage).span, tag) { found = invite }
        return found
    }

    package var publicKey: X25519.PublicKey { staticKey.publicKey }
}
