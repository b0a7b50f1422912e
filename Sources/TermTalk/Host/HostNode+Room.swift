internal import EventLoop
internal import Logging
internal import Room
internal import SecureSession
internal import Sodium

// What the room wants done.

extension HostNode {
    func perform(_ actions: [RoomAction]) {
        wanted += actions
        guard !isPerforming else { return }
        isPerforming = true
        var done = 0
        while done < wanted.count {
            perform(wanted[done])
            done += 1
        }
        wanted.removeAll(keepingCapacity: wanted.count <= 64)
        isPerforming = false
        scheduleRoomSweep()
    }

    func perform(_ action: RoomAction) {
        switch action {
        case .send(Self.localLink, let message):
            deliverLocally(message)
        case .send(let link, let message):
            guard let connection = connections[link] else { return }
            if !enqueue(message, to: connection) || takesTooLittle(connection) {
                cutOff(connection)
            }
        case .sendToEach(let links, let message):
            let records = records(of: message)
            for link in links {
                guard let connection = connections[link] else {
                    if link == Self.localLink { deliverLocally(message) }
                    continue
                }
                if let records { connection.session.enqueue(records) }
                markDirty(connection)
                if records == nil || takesTooLittle(connection) { cutOff(connection) }
            }
        case .sendTracked(Self.localLink, let message, let number):
            deliverLocally(message)
            var actions: [RoomAction] = []
            room.receivedPrivately(number, actions: &actions)
            perform(actions)
        case .sendTracked(let link, let message, let number):
            guard let connection = connections[link] else { return }
            if !enqueue(message, to: connection, tag: Record.singleTag | number) || takesTooLittle(connection) {
                cutOff(connection)
            }
        case .broadcast(let message, let tag):
            broadcast(message, tag: tag)
        case .admit(Self.localLink):
            isLocalAdmitted = true
        case .admit(let link):
            guard let connection = connections[link], !connection.isReleased else {
                var actions: [RoomAction] = []
                room.cutOff(link, now: loop.time, actions: &actions)
                return perform(actions)
            }
            connection.session.acceptLongMessages()
            connections.becameMember(connection)
            countJoin(of: connection)
            logger.info("a member came in", metadata: ["members": "\(room.memberCount)"])
        case .askHost(let link, let id, let nick):
            askHost(link, id, nick: nick)
        case .pauseReading(Self.localLink, let until):
            pauseLocal(until: until)
        case .pauseReading(let link, let until):
            connections[link]?.pauseReading(until: until, loop: loop)
        case .register(let key):
            inviteOfGroup = InviteSecret(presharedKey: SecretBytes(copying: key.span))
            invitesChanged()
            logger.info("the room has a group")
        case .expectLongMessage(let link, let byteCount):
            connections[link]?.session.acceptLongMessages(of: byteCount)
        case .release(Self.localLink):
            isLocalAdmitted = false
        case .release(let link):
            guard let connection = connections[link] else { return }
            release(connection)
        }
    }

    /// Puts a message into the connection's queue; false for one that no session can carry.
    @discardableResult
    func enqueue(_ message: EncodedMessage, to connection: HostConnection, tag: UInt64 = 0) -> Bool {
        guard let records = records(of: message, tag: tag) else { return false }
        connection.session.enqueue(records)
        markDirty(connection)
        return true
    }

    private func records(of message: EncodedMessage, tag: UInt64 = 0) -> [Record]? {
        do throws(SessionError) {
            return try Record.split(type: message.type, body: message.body, tag: tag)
        } catch {
            logger.error("a message is too long for any session", metadata: ["bytes": "\(message.body.count)"])
            return nil
        }
    }

    func takesTooLittle(_ connection: HostConnection) -> Bool {
        exceedsItsBound(connection.session.retainedByteCount)
    }

    /// Whether so much is more than may wait for a member. Once the room is over all that follows is its end, which everybody
    /// should hear.
    private func exceedsItsBound(_ byteCount: Int) -> Bool {
        byteCount > room.limits.bytesQueuedPerMember && !room.isClosed
    }

    /// The member keeps its place, but nothing more is kept for it.
    func cutOff(_ connection: HostConnection) {
        logger.info("a member is cut off: it does not take what is sent to it")
        room.overrun(connection.link, now: loop.time)
        drop(connection)
        scheduleRoomSweep()
    }

    func broadcast(_ message: EncodedMessage, tag: UInt64) {
        // Who cannot get what all must have comes in anew.
        guard let records = records(of: message, tag: tag) else { return connections.members.forEach(cutOff) }
        var overrun: [HostConnection] = []
        for connection in connections.members {
            if exceedsItsBound(connection.session.enqueue(records)) {
                overrun.append(connection)
            }
            markDirty(connection)
        }
        if isLocalAdmitted {
            deliverLocally(message)
            if tag != 0 {
                localReceipts.told = tag
                acknowledgeLocally()
            }
        }
        for connection in overrun {
            cutOff(connection)
        }
    }

    func release(_ connection: HostConnection) {
        connection.isReleased = true
        connections.noLongerMember(connection)
        if connection.stream == nil, !mayHearOfTheEnd(connection) {
            drop(connection)
            return
        }
        connection.session.acknowledgeSoon()
        markDirty(connection)
        _ = loop.schedule(after: Self.releaseDeadline) { [weak self, weak connection] in
            guard let self, let connection else { return }
            self.drop(connection)
        }
    }

    func markDirty(_ connection: HostConnection) {
        sealing.add(connection)
    }

    func written(_ connection: HostConnection) {
        guard let stream = connection.stream else { return }
        if connection.session.unsentByteCount > 0 {
            if stream.pendingByteCount <= WaterMarks.standard.high {
                markDirty(connection)
            }
        } else if connection.isReleased, !connection.session.isOpen || connection.session.retainedByteCount == 0 {
            stream.closeAfterWriting()
        }
        scheduleSessionSweep(at: connection.session.nextDeadline)
    }

    func drained(_ connection: HostConnection) {
        markDirty(connection)
    }
}
