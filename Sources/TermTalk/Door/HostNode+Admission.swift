internal import EventLoop
internal import Logging
internal import Room
internal import SecureSession
internal import Sodium

// Who is not a member yet: what has to be shown before the room hears of it.

extension HostNode {
    /// A joiner that shows its password gets so much longer: over tor that takes two more round trips.
    static let passwordPatience = Duration.seconds(20)

    func receivedAtDoor(type: UInt8, body: [UInt8], from connection: HostConnection, now: Duration) {
        // Who waits has nothing more to show.
        if AdmissionMessage.isAdmission(type: type), room.awaits(connection.link) { return fail(connection) }
        guard AdmissionMessage.isAdmission(type: type) else {
            if closing != nil {
                refuse(connection, .expired)
            } else if password != nil, !connection.admission.isOpen {
                refuse(connection, .passwordRequired)
            } else if let refusal = refusal(at: connection, now: now) {
                refuse(connection, refusal)
            } else if !mayJoinFromItsAddress(connection) {
                refused(.address)
                refuse(connection, .rateLimited)
            } else {
                beginAnewIfLeft(by: connection, now: now)
                receivedInRoom(type: type, body: body, from: connection, now: now)
            }
            return
        }
        do throws(SessionError) {
            try receivedAdmission(AdmissionMessage(type: type, body: body), from: connection, now: now)
        } catch {
            fail(connection)
        }
    }

    private func receivedAdmission(
        _ message: AdmissionMessage, from connection: HostConnection, now: Duration
    ) throws(SessionError) {
        guard let password else { return refuse(connection, .passwordUnknown) }
        guard let bytes = connection.peerKey, let key = try? X25519.PublicKey(bytes) else { throw .malformed }
        let door = PasswordGuesses.Door(connection.session.invite)
        switch message {
        case .share(let share):
            guard guesses.mayBegin(at: door, now: now) else { return refusePassword(connection) }
            let answer = try connection.admission.received(
                share: share, password: password, identity: identity, memberKey: key,
                handshakeHash: connection.session.handshakeHash)
            connection.admissionDeadline = max(connection.admissionDeadline, now + Self.passwordPatience)
            send(answer, to: connection)
        case .tag(let tag):
            // Asked again: others, who began together with this one, may have been wrong meanwhile.
            guard guesses.mayTry(at: door, now: now) else { return refusePassword(connection) }
            guard let confirmation = try connection.admission.received(tag: tag) else {
                let (count, delay) = guesses.wasWrong(at: door, now: now)
                tell(.warning(.passwordGuessed(count: count, delay: delay, isInvited: connection.session.isInvited)))
                return refuse(connection, .passwordWrong)
            }
            send(confirmation, to: connection)
        case .answer, .confirmed:
            throw .malformed
        }
    }

    private func refusePassword(_ connection: HostConnection) {
        refused(.password)
        refuse(connection, .rateLimited)
    }

    private func send(_ message: AdmissionMessage, to connection: HostConnection) {
        connection.session.enqueue(message.encoded)
        markDirty(connection)
    }

    /// Says why, and closes the connection when that has gone out.
    func refuse(_ connection: HostConnection, _ code: RoomCode) {
        connection.session.enqueue(HostMessage.refused(code).encoded)
        leaveTheLine(connection)
        release(connection)
    }
}
