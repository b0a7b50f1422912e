internal import Chat
package import EventLoop
internal import Logging
package import Room
internal import SecureSession
internal import Sodium

// Carries out what the door says of who is not a member yet.

extension HostNode {
    /// A joiner that shows its password gets so much longer: over tor that takes two more round trips.
    static let passwordPatience = Duration.seconds(20)

    /// Takes a new peer. When there are too many that are not members, the one that has come least far is closed for it.
    ///
    /// - Parameters:
    ///   - network: where it comes from, in a direct room.
    ///   - service: the onion service that it came by, where that is not the room's first.
    package func accept(_ stream: any ByteStream, from network: PeerNetwork? = nil, by service: OnionPlace? = nil) {
        guard !isEnding || !connections.isEmpty, sharing?.isOpen != false else {
            stream.close()
            return
        }
        let givingWay = door.opens(to: network, now: loop.time)
        for connection in (givingWay ?? []).compactMap({ connections[$0] }) { drop(connection) }
        tellOfDoor()
        guard givingWay != nil, let link = sharing == nil ? connections.freeLink() : sharing?.freeLink() else {
            stream.close()
            return
        }
        let connection = HostConnection(
            link: link, stream: stream,
            session: SecureSession(
                responder: identity,
                prologue: service.map { Prologue(room: identity.prologue.room, onionKey: $0.key) }, now: loop.time),
            node: self)
        connection.service = service
        connections.add(connection)
        door.arrived(connection.link, from: network)
        sweeper.scheduleSession(at: connection.session.nextDeadline)
    }

    /// Whether a handshake with an invite may be answered.
    func answersInvited() -> Bool {
        defer { tellOfDoor() }
        return door.answersInvited(now: loop.time)
    }

    /// So many circuits of tor were closed, because their peers were silent, or had been refused.
    package func closedCircuits(_ count: Int) {
        door.closedCircuits(count, now: loop.time)
        tellOfDoor()
    }

    /// Whether so many are refused that it is an attack.
    var isUnderAttack: Bool { door.isUnderAttack }

    /// Whether strangers can come to the door.
    package var isReachable: Bool {
        get { door.isReachable }
        set { door.becameReachable(newValue, now: loop.time) }
    }

    /// Tells the person of refusals, when there are many.
    func tellOfDoor() {
        for notice in door.takeNotices() { tell(.warning(notice)) }
        if let deadline = door.nextDeadline { sweeper.schedule(at: deadline) }
    }

    // MARK: What is said at the door

    func receivedAtDoor(type: UInt8, body: [UInt8], from connection: HostConnection, now: Duration) {
        defer { tellOfDoor() }
        guard AdmissionMessage.isAdmission(type: type) else {
            if let code = door.refusal(
                of: connection.link, room: room, isEnding: isEnding, now: now, roomTime: sharing?.clock.now)
            {
                return refuse(connection, code)
            }
            if sharing == nil, door.foundsAnew(connection.link, room: room) { beginAnew(now: now) }
            return receivedInRoom(type: type, body: body, from: connection, now: now)
        }
        // Who waits has nothing more to show.
        if room.awaits(connection.link) { return fail(connection) }
        do throws(SessionError) {
            try receivedAdmission(AdmissionMessage(type: type, body: body), from: connection, now: now)
        } catch {
            fail(connection)
        }
    }

    private func receivedAdmission(
        _ message: AdmissionMessage, from connection: HostConnection, now: Duration
    ) throws(SessionError) {
        guard let password = door.password else { return refuse(connection, .passwordUnknown) }
        guard let bytes = connection.peerKey, let key = try? X25519.PublicKey(bytes) else { throw .malformed }
        switch message {
        case .share(let share):
            guard door.mayBeginPassword(connection.link, now: now) else { return refuse(connection, .rateLimited) }
            let answer = try connection.admission.received(
                share: share, password: password, identity: identity, memberKey: key,
                handshakeHash: connection.session.handshakeHash)
            connection.mayStay(until: now + Self.passwordPatience)
            send(answer, to: connection)
        case .tag(let tag):
            guard door.mayTryPassword(connection.link, now: now) else { return refuse(connection, .rateLimited) }
            guard let confirmation = try connection.admission.received(tag: tag) else {
                tell(.warning(door.passwordWasWrong(connection.link, now: now)))
                return refuse(connection, .passwordWrong)
            }
            door.passwordWasRight(connection.link)
            send(confirmation, to: connection)
        case .answer, .confirmed:
            throw .malformed
        }
    }

    private func send(_ message: AdmissionMessage, to connection: HostConnection) {
        connection.session.enqueue(message.encoded)
        markDirty(connection)
    }

    /// Says why, and closes the connection when that has gone out.
    private func refuse(_ connection: HostConnection, _ code: RoomCode) {
        connection.session.enqueue(HostMessage.refused(code).encoded)
        leaveTheLine(connection)
        release(connection)
    }

    /// The relay's group was left by all, and who comes in now is the first one of another.
    private func beginAnew(now: Duration) {
        logger.info("the room's group begins anew")
        var actions: [RoomAction] = []
        room.beginAnew(now: now, actions: &actions)
        door.useInvitesOfGroup(in: room)
        perform(actions)
        invitesChanged()
    }
}
