internal import Chat
internal import EventLoop
internal import Logging
internal import Room
internal import SecureSession
internal import SharedLog
internal import Sodium
internal import Wire

// A room that several hosts hold: what comes by a host's links is written to their log, and the room hears of it when it counts there.
// Each host reads the whole log, has the whole room, and tells those of its members whose links are its own.

extension HostNode {
    /// The time that the room goes by.
    var roomTime: Duration { sharing?.clock.now ?? loop.time }

    /// From now on the room is that of the log.
    ///
    /// - Parameters:
    ///   - host: a number at random.
    ///   - isNew: whether the room begins here.
    ///   - places: where this host is reached.
    func share(host: UInt64, isNew: Bool, terms: SharedTerms, places: [HostPlace], log: RoomSharing.Log) {
        let sharing = RoomSharing(host: host, terms: terms, places: places, log: log)
        self.sharing = sharing
        room = emptyRoom(closesAt: nil)
        guard isNew else { return }
        sharing.clock.begin(local: loop.time)
        submit(.began(terms))
    }

    private func emptyRoom(closesAt: Duration?) -> Room {
        Room(limits: room.limits, closesAt: closesAt, book: book, began: .zero)
    }

    /// Seconds until the room closes, rounded up; nil for a room without end.
    var secondsLeft: Int64? { room.secondsLeft(now: roomTime).map { Int64($0) } }

    // MARK: To the log

    func submit(_ input: RoomInput) {
        sharing?.write(input)
        flushSoon()
    }

    private func flushSoon() {
        guard let sharing, !sharing.isFlushing else { return }
        sharing.isFlushing = true
        loop.atEndOfTurn { [weak self] in self?.flush() }
    }

    private func flush() {
        guard let sharing else { return }
        sharing.isFlushing = false
        guard !sharing.flush(local: loop.time) else { return }
        sharing.isFlushing = true
        _ = loop.schedule(after: Self.storePatience) { [weak self] in self?.flush() }
    }

    /// A whole message of a member, or of a visitor that the door lets ask the room.
    func share(_ type: UInt8, _ body: [UInt8], from connection: HostConnection) {
        guard let sharing, let key = connection.peerKey else { return }
        guard sharing.takes(from: connection.link, isMember: connection.isMember) else { return overdone(connection) }
        let invite = connection.session.invite
        let pass: RoomInput.Pass =
            if let invite, invite !== door.invites.room?.secret {
                .group(RoomInput.mark(of: invite.presharedKey))
            } else {
                .first
            }
        sharing.spoke(connection.link)
        submit(
            .said(
                connection.link.number, key: key, way: Int32(clamping: door.way(of: invite)), pass, type: type,
                body: body))
        waitForStore(connection)
    }

    func share(returning session: UInt32, received: UInt32, on connection: HostConnection) {
        guard let sharing, let key = connection.peerKey else { return }
        guard sharing.takes(from: connection.link, isMember: connection.isMember) else { return overdone(connection) }
        sharing.spoke(connection.link)
        submit(.returned(connection.link.number, key: key, session: session, received: received))
    }

    /// More has come than the room can have judged. Who is a member comes back; all others say one thing and wait.
    private func overdone(_ connection: HostConnection) {
        guard connection.isMember else { return fail(connection) }
        connection.dropStream()
        streamClosed(connection)
    }

    func share(acknowledged records: UInt32, by connection: HostConnection) {
        sharing?.acknowledge(records, by: connection.link)
        flushSoon()
    }

    /// Members are told that they are away; they come back to another host.
    func shareLeaving() {
        sharing?.write(.listens([]))
        for connection in connections.members where sharing?.forget(connection.link) == true {
            sharing?.write(.lost(connection.link.number))
        }
        flush()
    }

    // MARK: From the log

    /// Entries are heard of as they stand in the log, and all of a turn before anything is told to a member.
    func logApplied(_ entry: WrittenEntry, at position: LogPosition) {
        guard let sharing, closing == nil else { return }
        sharing.clock.applied(entry.time, local: loop.time)
        switch entry.content {
        case .hello(let instead):
            sharing.table.came(entry.writer.host)
            if instead != nil { lostLinks(of: entry.writer.host) }
            sharing.snapshots.applied(byteCount: 0)
        case .beat:
            sharing.snapshots.applied(byteCount: 0)
        case .gone(let writer, _):
            lostLinks(of: writer.host)
            if let number = sharing.table.number(of: writer.host) { sharing.isGone(number) }
            sharing.snapshots.applied(byteCount: 0)
        case .input(_, let bytes):
            sharing.snapshots.applied(byteCount: bytes.count)
            // Other hosts may know more; they are to be of one version.
            if let host = sharing.table.number(of: entry.writer.host), let input = try? RoomInput(bytes: bytes) {
                apply(input, of: host)
            }
        }
        tellPlaces(sharing)
        var actions: [RoomAction] = []
        room.timePassed(now: sharing.clock.now, actions: &actions)
        perform(actions)
        if position.number % RoomSharing.trimInterval == 0 { trimShared(isIdle: true) }
        settleReceipts()
        if room.isClosed { close(.ttl) }
        snapshotSoon()
    }

    private func settleReceipts() {
        while true {
            var actions: [RoomAction] = []
            room.receivedPrivately(actions: &actions)
            if actions.isEmpty { return }
            perform(actions)
        }
    }

    private func apply(_ input: RoomInput, of host: UInt32) {
        guard let sharing else { return }
        let now = sharing.clock.now
        var actions: [RoomAction] = []
        switch input {
        case .began(let terms):
            guard sharing.table.terms == nil else { return }
            sharing.table.began(terms)
            if terms.agree(with: sharing.terms) {
                room = emptyRoom(closesAt: terms.closesAt.map { .milliseconds(Int64(clamping: $0)) })
                endingNotes.roomEnds(at: room.closesAt.map { sharing.clock.local($0) })
            } else {
                onTermsDiffer?()
            }
        case .said(let number, let key, let way, let pass, let type, let body):
            let link = LinkID(host: host, number: number)
            sharing.cameBack(link)
            guard sharing.table.spoke(link) else { return }
            said(type, body, by: link, key: key, way: Int(way), pass)
        case .returned(let number, let key, let session, let received):
            let link = LinkID(host: host, number: number)
            sharing.cameBack(link)
            guard sharing.table.spoke(link) else { return }
            returned(session, received: received, key: key, by: link)
        case .opened(let number, let records):
            guard let member = sharing.table.member(at: LinkID(host: host, number: number)) else { return }
            room.log.hadReceived(records, by: member)
        case .acknowledged(let list):
            for acknowledgement in list {
                let link = LinkID(host: host, number: acknowledgement.link)
                guard let member = sharing.table.member(at: link),
                    let sequence = room.log.acknowledged(acknowledgement.records, by: member)
                else { continue }
                room.acknowledged(sequence: sequence, by: link, now: now)
            }
        case .lost(let number):
            lost(LinkID(host: host, number: number))
        case .cutOff(let number):
            let link = LinkID(host: host, number: number)
            room.cutOff(link, now: now, actions: &actions)
            room.linkGone(link)
            sharing.table.ended(link)
            perform(actions)
        case .ended(let reason):
            room.close(reason, actions: &actions)
            perform(actions)
            close(reason)
        case .listens(let places):
            sharing.listens(host, at: places)
        }
    }

    /// Members hear of it when the room's hosts are reached elsewhere; and the other hosts, where this one is.
    private func tellPlaces(_ sharing: RoomSharing) {
        let places = sharing.table.hostPlaces
        if places != room.hostPlaces, !room.isClosed {
            room.hostPlaces = places
            perform([.broadcast(HostMessage.hosts(places).encoded, tag: 0)])
            onPlacesChanged?()
        }
        if let announcement = sharing.announcement() { submit(announcement) }
    }

    private func said(
        _ type: UInt8, _ body: [UInt8], by link: LinkID, key: [UInt8], way: Int, _ pass: RoomInput.Pass
    ) {
        guard let now = sharing?.clock.now else { return }
        var actions: [RoomAction] = []
        if room.member(at: link) == nil, !room.awaits(link), !room.holds(key: key) {
            let mayBeginAnew = pass == .first && room.mayBeginAnew
            let ofGroup = room.groupInvite.map { key in RoomInput.Pass.group(key.withBytes { RoomInput.mark(of: $0) }) }
            let isRight = room.isRegistered ? pass == ofGroup : pass == .first && room.memberCount == 0
            guard isRight && !room.isInviteSpoilt(now: now) || mayBeginAnew else {
                return perform([
                    .send(link, HostMessage.refused(.groupInviteNeeded).encoded), .release(link),
                ])
            }
            if mayBeginAnew, room.isRegistered || room.memberCount > 0 {
                room.beginAnew(now: now, actions: &actions)
                door.useInvitesOfGroup(in: room)
                perform(actions)
                invitesChanged()
                actions = []
            }
        }
        do throws(RoomError) {
            try room.received(type: type, body: body, from: link, key: key, way: way, now: now, actions: &actions)
        } catch {
            guard let connection = connections[link] else { return }
            guard error == .late else { return fail(connection) }
            connection.dropStream()
            return streamClosed(connection)
        }
        perform(actions)
    }

    private func returned(_ session: UInt32, received: UInt32, key: [UInt8], by link: LinkID) {
        guard let sharing else { return }
        let now = sharing.clock.now
        let id = MemberID(entropy: session)
        var actions: [RoomAction] = []
        let connection = connections[link]
        guard room.credentials(of: id)?.key == key, let position = room.log.resume(id, after: received),
            let old = room.resumed(session: session, key: key, link: link, now: now, actions: &actions)
        else {
            guard let connection else { return }
            // A message of the fresh channel tells the member that its session is gone.
            connection.session.acknowledgeSoon()
            return markDirty(connection)
        }
        sharing.table.ended(old)
        sharing.table.cameIn(link, id)
        if let former = connections[old] { forget(former) }
        if let connection {
            connection.goOn(at: position)
            becameMember(connection)
            markDirty(connection)
        }
        room.acknowledged(sequence: position.sequence, by: link, now: now)
        perform(actions)
    }

    /// The link's connection is gone, and who was behind it may come back.
    private func lost(_ link: LinkID) {
        guard let sharing else { return }
        if sharing.table.member(at: link) != nil {
            room.linkLost(link, now: sharing.clock.now)
        } else {
            room.linkGone(link)
            sharing.table.ended(link)
        }
    }

    /// The host is gone: its members are on their way to others. If it is this one, it was only slow.
    private func lostLinks(of host: UInt64) {
        guard let sharing, let number = sharing.table.number(of: host) else { return }
        for link in sharing.table.links(of: number) { lost(link) }
        if host == sharing.host { dropAll() }
    }

    // MARK: What the room wants

    func perform(_ action: RoomAction, _ sharing: RoomSharing) {
        switch action {
        case .send(let link, let message):
            if let member = sharing.table.member(at: link) {
                sayShared(message, to: .one(member))
            } else {
                connections[link]?.session.enqueue(message)
            }
            if let connection = connections[link] { markDirty(connection) }
        case .sendToEach(let links, let message):
            for link in links { perform(.send(link, message), sharing) }
        case .sendTracked(let link, let message, let number):
            guard let member = sharing.table.member(at: link) else { return }
            sayShared(message, to: .one(member), tracking: number)
            if let connection = connections[link] { markDirty(connection) }
        case .broadcast(let message, let tag, let audience):
            sayShared(message, to: audience, sequence: tag)
            for connection in connections.members { markDirty(connection) }
        case .admit(let link, let id):
            admit(link, id, sharing)
        case .pauseReading(let link, let until):
            connections[link]?.pauseReading(until: sharing.clock.local(until), loop: loop)
        case .invitesChanged:
            door.useInvitesOfGroup(in: room)
            invitesChanged()
        case .expectLongMessage(let link, let byteCount):
            connections[link]?.session.acceptLongMessages(of: byteCount)
        case .moderate(let moderation, _):
            moderate(moderation)
        case .release(let link):
            let member = sharing.table.member(at: link)
            sharing.table.ended(link)
            if let connection = connections[link] {
                _ = sharing.forget(link)
                release(connection)
            }
            if let member, !room.isClosed { room.log.close(member) }
        case .askHost:
            break
        }
    }

    private func admit(_ link: LinkID, _ id: MemberID, _ sharing: RoomSharing) {
        sharing.table.cameIn(link, id)
        let reader = room.openPlace(of: id, records: 0)
        guard link.host == sharing.number else { return }
        guard let connection = connections[link], !connection.isReleased else { return submit(.cutOff(link.number)) }
        submit(.opened(link.number, records: connection.session.recordCount))
        connection.session.acceptLongMessages()
        connection.cameIn(at: reader)
        door.cameIn(link)
        becameMember(connection)
        invitesChanged()
        logger.info("a member came in", metadata: ["members": "\(room.memberCount)"])
    }

    private func sayShared(
        _ message: EncodedMessage, to audience: RoomLog.Audience, sequence: UInt64 = 0, tracking number: UInt64? = nil
    ) {
        guard message.canTravel else {
            logger.error("a message is too long for any session", metadata: ["bytes": "\(message.body.count)"])
            for link in sharing?.table.memberLinks ?? [] {
                guard let member = sharing?.table.member(at: link), room.isFor(member, audience) else { continue }
                fallBehindShared(link)
            }
            return
        }
        room.log.append(message, for: audience, records: message.recordCount, sequence: sequence, tracking: number)
        trimShared()
    }

    /// At all hosts the same: what a member that leaves has not taken does not count.
    private func trimShared(isIdle: Bool = false) {
        let gone = room.log.trim(isIdle: isIdle)
        guard !gone.isEmpty, !room.isClosed else { return }
        for link in gone.compactMap({ room.credentials(of: $0)?.link }) { fallBehindShared(link) }
    }

    private func fallBehindShared(_ link: LinkID) {
        logger.info("a member has fallen behind what is kept")
        room.overrun(link, now: roomTime)
        sharing?.table.ended(link)
        if let connection = connections[link] { forget(connection) }
    }

    /// The connection is closed, and the others know why.
    private func forget(_ connection: HostConnection) {
        _ = sharing?.forget(connection.link)
        drop(connection)
    }

    /// All who are connected come back, to this host or to another.
    func dropAll() {
        for connection in connections.all { forget(connection) }
    }

    // MARK: Snapshots

    var sharedSnapshot: [UInt8] {
        SharedSnapshot.bytes(of: room, sharing?.table ?? SharedTable(), now: roomTime)
    }

    private func snapshotSoon() {
        guard let sharing, sharing.snapshots.isDue, sharing.log.isKeeper(), sharing.log.isReady() else { return }
        // The room is what the replica has read only when all of it was applied.
        sharing.snapshots.took(byteCount: 0)
        loop.atEndOfTurn { [weak self] in
            guard let self, let sharing = self.sharing, self.closing == nil else { return }
            let bytes = self.sharedSnapshot
            sharing.snapshots.took(byteCount: bytes.count)
            sharing.log.keep(bytes)
        }
    }

    /// All that is known of the room is replaced. Whoever is connected comes back.
    ///
    /// - Throws: ``SnapshotError``; nothing was changed then.
    func adopt(_ bytes: [UInt8]?) throws(SnapshotError) {
        guard let sharing, closing == nil else { return }
        let snapshot: SharedSnapshot? =
            if let bytes { try SharedSnapshot(bytes: bytes, limits: room.limits, book: book) } else { nil }
        dropAll()
        wanted = []
        room = snapshot?.room ?? emptyRoom(closesAt: nil)
        sharing.adopt(snapshot?.table ?? SharedTable(), at: snapshot?.time ?? 0, local: loop.time)
        room.hostPlaces = sharing.table.hostPlaces
        door.useInvitesOfGroup(in: room)
        invitesChanged()
        endingNotes.roomEnds(at: room.closesAt.map { sharing.clock.local($0) })
        if let terms = sharing.table.terms, !terms.agree(with: sharing.terms) { onTermsDiffer?() }
    }
}
