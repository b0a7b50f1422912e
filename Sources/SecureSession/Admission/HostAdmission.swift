internal import CPace
package import Sodium

/// The host's side of a password room's door, for one connection: one exchange, one guess.
package struct HostAdmission: ~Copyable {
    private enum Phase {
        case closed, answered, open
    }

    private var phase = Phase.closed
    private var responder: CPaceResponder?

    package init() {}

    /// Whether the member has shown that it knows the password.
    var isOpen: Bool { phase == .open }

    /// The member sent its share; returns the answer. It costs three scalar multiplications, a quarter of a millisecond.
    ///
    /// - Throws: ``SessionError/malformed`` on what is no share, and on a second one.
    package mutating func received(
        share: [UInt8], password: RoomPassword, identity: RoomIdentity, memberKey: X25519.PublicKey,
        handshakeHash: [UInt8]
    ) throws(SessionError) -> AdmissionMessage {
        guard phase == .closed else { throw .malformed }
        do throws(CPaceError) {
            let responder = try CPaceResponder(
                password.context(
                    room: identity.prologue.room, memberKey: memberKey, hostKey: identity.publicKey,
                    handshakeHash: handshakeHash), peerShare: share)
            let answer = responder.share
            self.responder = consume responder
            phase = .answered
            return .answer(answer)
        } catch {
            throw .malformed
        }
    }

    /// The member sent its tag; returns ours, or nil when the password was another one.
    ///
    /// - Throws: ``SessionError/malformed`` before the answer, and on a second tag.
    package mutating func received(tag: [UInt8]) throws(SessionError) -> AdmissionMessage? {
        guard phase == .answered, let responder = responder.take() else { throw .malformed }
        do throws(CPaceError) {
            let tag = try responder.confirmed(by: tag).tag
            phase = .open
            return .confirmed(tag)
        } catch {
            return nil
        }
    }
}
