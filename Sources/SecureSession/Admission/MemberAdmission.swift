internal import CPace
package import Sodium

/// A member's side of a password room's door, for one connection. It believes nobody who has not shown the password.
package struct MemberAdmission: ~Copyable {
    /// To be sent first.
    package let first: AdmissionMessage
    private var initiator: CPaceInitiator?
    private var unconfirmed: CPaceInitiator.Unconfirmed?

    package enum Step: Sendable, Equatable {
        case send(AdmissionMessage)
        /// The host knows the password, and knows that we do.
        case admitted
    }

    package init(
        password: RoomPassword, credentials: borrowing JoinCredentials, hostKey: X25519.PublicKey,
        handshakeHash: [UInt8]
    ) throws(SessionError) {
        do throws(CPaceError) {
            let initiator = try CPaceInitiator(
                password.context(
                    room: credentials.prologue.room, memberKey: credentials.publicKey, hostKey: hostKey,
                    handshakeHash: handshakeHash))
            first = .share(initiator.share)
            self.initiator = consume initiator
        } catch {
            throw .malformed
        }
    }

    /// - Throws: ``SessionError/malformed`` on what does not come at this place, ``SessionError/passwordNotConfirmed``.
    package mutating func received(_ message: AdmissionMessage) throws(SessionError) -> Step {
        switch message {
        case .answer(let share):
            guard let initiator = initiator.take() else { throw .malformed }
            do throws(CPaceError) {
                let unconfirmed = try initiator.received(share: share)
                let tag = unconfirmed.tag
                self.unconfirmed = consume unconfirmed
                return .send(.tag(tag))
            } catch {
                throw .malformed
            }
        case .confirmed(let tag):
            guard let unconfirmed = unconfirmed.take() else { throw .malformed }
            do throws(CPaceError) {
                _ = try unconfirmed.confirmed(by: tag)
                return .admitted
            } catch {
                throw .passwordNotConfirmed
            }
        case .share, .tag:
            throw .malformed
        }
    }
}
