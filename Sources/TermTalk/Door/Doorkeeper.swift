internal import Chat
internal import EventLoop
internal import Logging
internal import Room
internal import SecureSession
internal import Sodium

/// Carries out what a host's ``Door`` says, of connections that are not members' yet, and of invites.
struct Doorkeeper {
    /// A joiner that shows its password gets so much longer: over tor that takes two more round trips.
    private static let passwordPatience = Duration.seconds(20)
    /// How much longer than others a joiner that waits for a Commit may stay: several members may be asked for it in vain, one after the other.
    static let commitPatience = Duration.seconds(60)

    unowned let node: HostNode

    private var now: Duration { node.loop.time }

    /// Tells the person of refusals, when there are many.
    func tell() {
        for notice in node.door.takeNotices() { node.tell(.warning(notice)) }
        if let deadline = node.door.nextDeadline { node.sweeper.schedule(at: deadline) }
    }

    func timePassed() {
        node.door.timePassed(now: now)
        tell()
        if let expiry = node.door.invites.nextExpiry {
            if now >= expiry { invitesChanged() } else { node.sweeper.schedule(at: expiry) }
        }
    }

    /// Whoever waits for a Commit is not sent away while one member after the other is asked for it in vain.
    func letWait(_ connection: HostConnection) {
        guard !connection.isMember, node.room.awaits(connection.link) else { return }
        connection.mayStay(until: connection.session.admissionDeadline + Self.commitPatience)
    }

    /// Makes room for a connection. Returns whether it may come.
    func makesWay(for network: PeerNetwork?) -> Bool {
        let givingWay = node.door.opens(to: network, now: now)
        for connection in (givingWay ?? []).compactMap({ node.connections[$0] }) { node.drop(connection) }
        tell()
        return givingWay != nil
    }

    /// The first bytes have come. Returns whether the handshake without an invite that they begin may be answered.
    func answersOpen(_ link: LinkID) -> Bool {
        if node.door.answersOpen(link, now: now) { return true }
        tell()
        return false
    }

    /// Whether a handshake with an invite may be answered.
    func answersInvited() -> Bool {
        defer { tell() }
        return node.door.answersInvited(now: now)
    }

    /// So many circuits of tor were closed, because their peers were silent, or had been refused.
    func closedCircuits(_ count: Int) {
        node.door.closedCircuits(count, now: now)
        tell()
    }

    /// Strangers can come to the door, or cannot.
    func becameReachable(_ isReachable: Bool) { node.door.becameReachable(isReachable, now: now) }

    func dropAll() {
        for connection in node.door.visitors.compactMap({ node.connections[$0.link] }) where !connection.isReleased {
            node.drop(connection)
        }
    }

    // MARK: What is said at the door

    func received(type: UInt8, body: [UInt8], from connection: HostConnection) {
        defer { tell() }
        guard AdmissionMessage.isAdmission(type: type) else {
            if let code = node.door.refusal(
                of: connection.link, room: node.room, isEnding: node.ending.hasBegun, now: now,
                roomTime: node.authority.time)
            {
                return refuse(connection, code)
            }
            return node.said(type, body, by: connection)
        }
        // Whoever waits has nothing more to show.
        if node.room.awaits(connection.link) { return node.fail(connection) }
        do throws(SessionError) {
            try received(AdmissionMessage(type: type, body: body), from: connection)
        } catch {
            node.fail(connection)
        }
    }

    private func received(_ message: AdmissionMessage, from connection: HostConnection) throws(SessionError) {
        guard let password = node.door.password else { return refuse(connection, .passwordUnknown) }
        guard let bytes = connection.peerKey, let key = try? X25519.PublicKey(bytes) else { throw .malformed }
        switch message {
        case .share(let share):
            guard node.door.mayBeginPassword(connection.link, now: now) else { return refuse(connection, .rateLimited) }
            let answer = try connection.admission.received(
                share: share, password: password, identity: node.identity, memberKey: key,
                handshakeHash: connection.session.handshakeHash)
            connection.mayStay(until: now + Self.passwordPatience)
            send(answer, to: connection)
        case .tag(let tag):
            guard node.door.mayTryPassword(connection.link, now: now) else { return refuse(connection, .rateLimited) }
            guard let confirmation = try connection.admission.received(tag: tag) else {
                node.tell(.warning(node.door.passwordWasWrong(connection.link, now: now)))
                return refuse(connection, .passwordWrong)
            }
            node.door.passwordWasRight(connection.link)
            send(confirmation, to: connection)
        case .answer, .confirmed:
            throw .malformed
        }
    }

    private func send(_ message: AdmissionMessage, to connection: HostConnection) {
        connection.session.enqueue(message.encoded)
        node.markDirty(connection)
    }

    /// Says why, and closes the connection when that has gone out.
    private func refuse(_ connection: HostConnection, _ code: RoomCode) {
        connection.session.enqueue(HostMessage.refused(code).encoded)
        node.authority.gone(connection.link)
        node.release(connection)
    }

    /// The relay's group was left by all, and the next to come in is the first one of another.
    func beginAnew() {
        node.logger.info("the room's group begins anew")
        var actions: [RoomAction] = []
        node.room.beginAnew(now: now, actions: &actions)
        node.door.useInvitesOfGroup(in: node.room)
        node.perform(actions)
        invitesChanged()
    }

    // MARK: Invites

    func invitesChanged() {
        node.door.tidyInvites(room: node.room, now: now)
        node.identity.invites = node.door.secrets
        node.authority.stateChanged()
        node.onEvent?(.invitesChanged(node.door.secretsInUse))
        if let expiry = node.door.invites.nextExpiry {
            node.sweeper.schedule(at: expiry)
        }
    }

    /// - Throws: not-permitted when there are too many.
    func makeInvite(uses: Int?, lifetime: Duration?) throws(ChatEvent.Notice) -> InviteTable.Entry {
        guard let entry = node.door.makeInvite(uses: uses, lifetime: lifetime, now: now) else {
            throw .tooManyInvites
        }
        invitesChanged()
        return entry
    }

    /// - Throws: input-invalid when there is no such invite.
    func revokeInvite(number: Int) throws(ChatEvent.Notice) {
        guard let holders = node.door.revokeInvite(number: number) else {
            throw .noSuchInvite(number)
        }
        var actions: [RoomAction] = []
        node.room.inviteWasRevoked(for: holders, actions: &actions)
        node.authority.refuseNewcomers(actions: &actions)
        node.perform(actions)
        invitesChanged()
    }

    /// Seconds until `time`, rounded up.
    func secondsLeft(until time: Duration) -> Int64 {
        max(0, (time - now + .milliseconds(999)).components.seconds)
    }
}
