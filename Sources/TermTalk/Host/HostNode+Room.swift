internal import EventLoop
internal import Logging
internal import Room
internal import SecureSession
internal import Wire

// What the room wants done.

extension HostNode {
    func perform(_ actions: [RoomAction]) {
        guard wanted.add(actions) else { return }
        while let action = wanted.next() { perform(action) }
        if room.silentChanges != recordedChanges {
            recordedChanges = room.silentChanges
            stateChanged()
        }
        scheduleRoomSweep()
    }

    func perform(_ action: RoomAction) {
        if let sharing { return perform(action, sharing) }
        switch action {
        case .send(Self.localLink, let message):
            guard let participant else { return }
            guard let member = participant.place else { return participant.hear(message) }
            say(message, to: .one(member))
            participant.read()
        case .send(let link, let message):
            guard let connection = connections[link] else { return }
            if let reader = connection.reader {
                say(message, to: .one(reader.member))
            } else {
                connection.session.enqueue(message)
            }
            markDirty(connection)
        case .sendToEach(let links, let message):
            for link in links { perform(.send(link, message)) }
        case .sendTracked(Self.localLink, let message, let number):
            guard let member = participant?.place else { return }
            say(message, to: .one(member), tracking: number)
            participant?.read()
        case .sendTracked(let link, let message, let number):
            guard let connection = connections[link], let reader = connection.reader else { return }
            say(message, to: .one(reader.member), tracking: number)
            markDirty(connection)
        case .broadcast(let message, let tag, let audience):
            say(message, to: audience, sequence: tag)
            for connection in connections.members {
                markDirty(connection)
            }
            participant?.read()
        case .admit(Self.localLink, let id):
            participant?.cameIn(at: room.openPlace(of: id, records: 0))
        case .admit(let link, let id):
            guard let connection = connections[link], !connection.isReleased else {
                var actions: [RoomAction] = []
                room.cutOff(link, now: loop.time, actions: &actions)
                return perform(actions)
            }
            connection.session.acceptLongMessages()
            connection.cameIn(at: room.openPlace(of: id, records: connection.session.recordCount))
            door.cameIn(link)
            becameMember(connection)
            invitesChanged()
            logger.info("a member came in", metadata: ["members": "\(room.memberCount)"])
        case .askHost(let link, let id, let nick):
            askHost(link, id, nick: nick)
        case .pauseReading(Self.localLink, let until):
            local?.pause(until: until)
        case .pauseReading(let link, let until):
            connections[link]?.pauseReading(until: until, loop: loop)
        case .invitesChanged:
            door.useInvitesOfGroup(in: room)
            invitesChanged()
            logger.info("the room's group has another invite", metadata: ["known": "\(room.groupInvite != nil)"])
            stateChanged()
        case .expectLongMessage(let link, let byteCount):
            connections[link]?.session.acceptLongMessages(of: byteCount)
        case .moderate(let moderation, _):
            moderate(moderation)
        case .release(Self.localLink):
            participant?.left()
        case .release(let link):
            guard let connection = connections[link] else { return }
            release(connection)
        }
    }

    /// The room says this, and it stands in the log.
    private func say(
        _ message: EncodedMessage, to audience: RoomLog.Audience, sequence: UInt64 = 0, tracking number: UInt64? = nil
    ) {
        guard message.canTravel else {
            logger.error("a message is too long for any session", metadata: ["bytes": "\(message.body.count)"])
            return missed(audience)
        }
        room.log.append(
            message, for: audience, records: message.recordCount, sequence: sequence, tracking: number)
        // What all are told, and is no post, is a change of the room; most of them want a snapshot.
        if audience == .all, sequence == 0, !Room.isRestored(message) { stateChanged() } else { recordSoon() }
        trimLog()
    }

    /// Who cannot get what all must have comes in anew.
    private func missed(_ audience: RoomLog.Audience) {
        for connection in connections.members {
            guard let member = connection.reader?.member, room.isFor(member, audience) else { continue }
            fallBehind(connection)
        }
    }

    /// The connection's member keeps its place, but nothing more is there for it.
    private func fallBehind(_ connection: HostConnection) {
        logger.info("a member has fallen behind what is kept")
        room.overrun(connection.link, now: loop.time)
        drop(connection)
        scheduleRoomSweep()
    }

    /// Drops what the log need not keep. A member that has not received what is dropped is told how much it has missed when
    /// it comes back.
    func trimLog(isIdle: Bool = false) {
        let gone = room.log.trim(isIdle: isIdle, readers: connections.leaving.compactMap(\.reader))
        guard !gone.isEmpty, !room.isClosed else { return }
        for id in gone {
            guard let link = room.credentials(of: id)?.link, let connection = connections[link] else { continue }
            fallBehind(connection)
        }
        tellOfPrivateReceipts()
    }

    /// Whether the log has something for the connection's member that has not been sealed.
    func hasMore(for connection: HostConnection) -> Bool {
        guard var reader = connection.reader else { return false }
        let hasMore = room.log.hasMore(&reader)
        connection.reader = reader
        return hasMore
    }

    /// Whether the connection's peer has acknowledged all that was said to it.
    func hasAll(_ connection: HostConnection) -> Bool {
        connection.session.isSettled && !hasUnread(connection)
    }

    /// Whether the log has something for the connection's member that has not been sealed, or may not be yet.
    private func hasUnread(_ connection: HostConnection) -> Bool { connection.reader.map(room.log.hasUnread) == true }

    /// Seals what a turn has for the connection's peer.
    func seal(_ connection: HostConnection, into wire: inout [UInt8]) throws(SessionError) {
        let start = wire.count
        defer { counters.sentByteCount &+= UInt64(wire.count - start) }
        guard var reader = connection.reader else {
            return try connection.session.seal(into: &wire, now: loop.time)
        }
        messages.removeAll(keepingCapacity: true)
        room.log.read(reader, limit: SecureSession.sealedBytesPerTurn, into: &messages)
        let count = try connection.session.seal(messages, into: &wire, now: loop.time)
        room.log.advance(&reader, by: count)
        counters.deliveries &+= UInt64(count)
        connection.reader = reader
        // A kept room's member hears of nothing else before its admission, which may not be on the disk yet.
        if !connection.session.hasQueued, !hasUnread(connection), !connection.isReleased {
            try files.seal(for: connection, into: &wire)
        }
    }

    func release(_ connection: HostConnection) {
        files.disconnected(connection)
        connection.release()
        connections.leaves(connection)
        door.noLongerMember(connection.link)
        if var reader = connection.reader {
            room.log.end(&reader)
            connection.reader = reader
            // Who is on its way back while the room ends still gets what there is.
            if !room.isClosed, sharing == nil {
                room.log.close(reader.member)
                tellOfPrivateReceipts()
            }
        }
        var deadline = Self.releaseDeadline
        if connection.stream == nil {
            guard let left = patienceAtTheEnd(with: connection) else { return drop(connection) }
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

    func drained(_ connection: HostConnection) {
        markDirty(connection)
    }
}
