internal import Chat
internal import Room
internal import SecureSession
internal import Sodium

// What a stay is in, and what it wants done.

extension Stay {
    /// What a phase needs stands in it, and nowhere else.
    enum Phase {
        /// No connection, and none on its way; before the first dial, and between two.
        case pausing
        case dialing
        /// Connected. `hasHeard` says whether anything came from the host.
        case handshake(hasHeard: Bool)
        /// The host has not shown yet that it knows the password; when it has, the room is told these.
        case password(PasswordExchange, then: [MemberClient.Action])
        /// Has asked to be let in.
        case joining(awaitsApproval: Bool)
        /// Has asked to go on where the last connection broke.
        case returning
        case inRoom
        /// The stay is over; what was said last is still on its way.
        case ending(ChatEvent.CloseReason, ChatEvent.Notice?)
        case ended
    }

    /// What the member is to the room, whatever becomes of connections.
    enum Standing {
        /// Was never in. `busySince` says since when the host has closed without a word.
        case newcomer(busySince: Duration?)
        case member
        /// Has a place, and cannot follow the group any more: the next connection begins a new stay in it.
        case outOfGroup
    }

    /// Whether the host has said that the room pauses. The person is told once, and of no try until it is back.
    enum HostPause {
        case none, told, waiting
    }

    enum Action {
        /// Dial; what waits for a pause does not any more.
        case dial
        /// Dial again after so long.
        case wait(Duration)
        /// Whether a dial now leads elsewhere: ``dialsElsewhere(after:actions:)`` or ``failed(_:isFinal:now:actions:)``.
        case lookElsewhere(ChatEvent.Notice, isFinal: Bool)
        case write([UInt8])
        /// Seal what is queued at the end of the turn.
        case flush
        case close
        /// Call ``patienceIsOver(of:actions:)`` after ``HandshakeWatch/patience``; nil is the dial.
        case remind(of: Duration?)
        case tell(ChatEvent)
        /// The client's connection is broken.
        case connectionLost
        /// The connection is part of the room.
        case cameIn
        /// A frame of the lane of files.
        case receiveFrame([UInt8])
        /// The client asks to be let in; what it wants said goes to ``asks(_:actions:)``.
        case join
        /// The client has received a message of the room.
        case receive(type: UInt8, body: [UInt8])
        /// The client has received all that it missed.
        case caughtUp
        case perform([MemberClient.Action])
        /// What comes on this connection is counted from the beginning.
        case countAnew
        case roomEnds(at: Duration?)
        case announce(HostMessage.RoomState)
        /// A host key that was accepted without being known.
        case newHostKey(X25519.PublicKey)
        /// Call ``finish(actions:)`` soon; where nobody is owed an answer, close when all has gone out.
        case endSoon(isAnswerOwed: Bool)
        case ended(ChatEvent.CloseReason, ChatEvent.Notice?)
    }

    /// A password that is being shown; a class, because a phase is copied.
    final class PasswordExchange {
        private var admission: MemberAdmission

        init(_ admission: consuming MemberAdmission) { self.admission = admission }

        func received(_ message: AdmissionMessage) throws(SessionError) -> MemberAdmission.Step {
            try admission.received(message)
        }
    }
}
