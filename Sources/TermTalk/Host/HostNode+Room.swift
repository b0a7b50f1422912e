internal import EventLoop
internal import Logging
internal import Room
internal import SecureSession
internal import Wire

// What the room wants done.

extension HostNode {
    /// Nothing is dropped from the log before all is done: what the room wants was made out while nobody had fallen behind.
    func perform(_ actions: [RoomAction]) {
        guard wanted.add(actions) else { return }
        while let action = wanted.next() { perform(action) }
        authority.performed()
        scheduleRoomSweep()
    }

    /// Asks the room where it is: what a class has is copied, with a count for all that it refers to, before something is asked that
    /// does not change it.
    func ask<Answer>(_ question: (inout Room) -> Answer) -> Answer { question(&room) }

    /// Changes the room, and does what it wants then.
    func change(_ body: (inout Room, inout [RoomAction]) -> Void) {
        var actions: [RoomAction] = []
        body(&room, &actions)
        perform(actions)
    }

    private func perform(_ action: RoomAction) {
        switch action {
        case .send(Self.localLink, let message):
            guard let participant else { return }
            guard let member = participant.place else { return participant.hear(message) }
            say(message, to: .one(member))
            participant.read()
        case .send(let link, let message):
            if let member = authority.member(at: link) {
                say(message, to: .one(member))
            } else {
                connections[link]?.session.enqueue(message)
            }
            if let connection = connections[link] { markDirty(connection) }
        case .sendToEach(let links, let message):
            for link in links { perform(.send(link, message)) }
        case .sendTracked(Self.localLink, let message, let number):
            guard let member = participant?.place else { return }
            say(message, to: .one(member), tracking: number)
            participant?.read()
        case .sendTracked(let link, let message, let number):
            guard let member = authority.member(at: link) else { return }
            say(message, to: .one(member), tracking: number)
            if let connection = connections[link] { markDirty(connection) }
        case .broadcast(let message, let tag, let audience):
            say(message, to: audience, sequence: tag)
            for connection in connections.members { markDirty(connection) }
            participant?.read()
        case .admit(Self.localLink, let id):
            participant?.cameIn(at: room.openPlace(of: id, records: 0))
        case .admit(let link, let id):
            authority.admit(link, id)
        case .askHost(let link, let id, let nick):
            commands.ask(link, id, nick: nick)
        case .pauseReading(Self.localLink, let until):
            local?.pause(until: until)
        case .pauseReading(let link, let until):
            connections[link]?.pauseReading(until: authority.local(until), loop: loop)
        case .invitesChanged:
            door.useInvitesOfGroup(in: room)
            doorkeeper.invitesChanged()
            logger.info("the room's group has another invite", metadata: ["known": "\(room.groupInvite != nil)"])
        case .expectLongMessage(let link, let byteCount):
            connections[link]?.session.acceptLongMessages(of: byteCount)
        case .moderate(let moderation, let moderator):
            commands.moderate(moderation, by: moderator)
        case .release(Self.localLink):
            participant?.left()
        case .release(let link):
            authority.release(link)
        }
    }

    /// The room says this, and it stands in the log.
    private func say(
        _ message: EncodedMessage, to audience: RoomLog.Audience, sequence: UInt64 = 0, tracking number: UInt64? = nil
    ) {
        guard message.canTravel else {
            logger.error("a message is too long for any session", metadata: ["bytes": "\(message.body.count)"])
            return authority.missed(audience)
        }
        room.log.append(
            message, for: audience, records: message.recordCount, sequence: sequence, tracking: number)
        authority.appended(message, to: audience, sequence: sequence)
    }

    /// The peer is a member, and goes on there in the log.
    func cameIn(_ connection: HostConnection, at reader: RoomLog.Reader) {
        connection.session.acceptLongMessages()
        connection.cameIn(at: reader)
        door.cameIn(connection.link)
        becameMember(connection)
        doorkeeper.invitesChanged()
        logger.info("a member came in", metadata: ["members": "\(room.memberCount)"])
    }

    /// Whether the log has something for the connection's member that has not been sealed.
    func hasMore(for connection: HostConnection) -> Bool {
        guard var reader = connection.reader else { return false }
        let hasMore = ask { $0.log.hasMore(&reader) }
        connection.reader = reader
        return hasMore
    }

    /// Whether the connection's peer has acknowledged all that was said to it.
    func hasAll(_ connection: HostConnection) -> Bool {
        connection.session.isSettled && !hasUnread(connection)
    }

    /// Whether the log has something for the connection's member that has not been sealed, or may not be yet.
    private func hasUnread(_ connection: HostConnection) -> Bool {
        guard let reader = connection.reader else { return false }
        return ask { $0.log.hasUnread(reader) }
    }

    /// Seals what a turn has for the connection's peer.
    ///
    /// - Parameter messages: empty, to be used.
    /// - Returns: how many messages of the log were sealed.
    func seal(
        _ connection: HostConnection, with messages: inout [EncodedMessage], into wire: inout [UInt8]
    ) throws(SessionError) -> Int {
        guard var reader = connection.reader else {
            try connection.session.seal(into: &wire, now: loop.time)
            return 0
        }
        ask { $0.log.read(reader, limit: SecureSession.sealedBytesPerTurn, into: &messages) }
        let count = try connection.session.seal(messages, into: &wire, now: loop.time)
        ask { $0.log.advance(&reader, by: count) }
        connection.reader = reader
        // A kept room's member hears of nothing else before it is told that it is in, which may not be on the disk yet.
        if !connection.session.hasQueued, !hasUnread(connection), !connection.isReleased {
            try files.seal(for: connection, into: &wire)
        }
        return count
    }

    func release(_ connection: HostConnection) {
        files.disconnected(connection)
        connection.release()
        connections.leaves(connection)
        door.noLongerMember(connection.link)
        if var reader = connection.reader {
            room.log.end(&reader)
            connection.reader = reader
            authority.left(reader.member)
        }
        var deadline = Self.releaseDeadline
        if connection.stream == nil {
            guard let left = ending.patience(with: connection) else { return drop(connection) }
            deadline = min(deadline, left)
        }
        connection.session.acknowledgeSoon()
        markDirty(connection)
        _ = loop.schedule(after: deadline) { [weak self, weak connection] in
            guard let self, let connection else { return }
            self.drop(connection)
        }
    }

    func markDirty(_ connection: HostConnection) {
        sealing.add(connection)
    }

    func written(_ connection: HostConnection) {
        guard let stream = connection.stream else { return }
        if connection.session.hasQueued || hasMore(for: connection) {
            if stream.pendingByteCount <= WaterMarks.standard.high {
                markDirty(connection)
            }
        } else if !hasUnread(connection), files.mayGoOn(connection) {
            markDirty(connection)
        } else if connection.isReleased, !connection.session.isOpen || hasAll(connection) {
            stream.closeAfterWriting()
        }
        sweeper.scheduleSession(at: connection.session.nextDeadline)
    }
}
