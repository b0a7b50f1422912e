internal import Room
internal import SecureSession
internal import Sodium

// The one who creates a group at a relay makes its invite.

extension MemberNode {
    /// The group's invite, of which the relay is told no more than the key for handshakes.
    private var inviteOfGroup: InviteSecret? {
        switch client.createdSecret() {
        case .some(let secret): InviteSecret(secret)
        case .none: nil
        }
    }

    func register() {
        guard let invite = inviteOfGroup else { return }
        let key = invite.presharedKey.withBytes { bytes in bytes.indices.map { bytes[$0] } }
        withClient { client, actions in client.register(presharedKey: key, actions: &actions) }
    }

    /// The relay knows the group's invite: it is shown, and this member comes back with it.
    func useInviteOfGroup() {
        guard let invite = inviteOfGroup, let hostKey else { return }
        credentials.use(invite, hostKey: hostKey)
        target.isInviteOfGroup = true
        showInvite(as: .text)
    }
}
