package import Chat
package import EventLoop
package import Files
package import Logging
package import Room
internal import RoomStore
internal import SecureGroup
package import SecureSession
internal import Sodium
internal import Wire

/// A hosted room: glues the streams of peers to their sessions, and the sessions to the room.
///
/// It is given connected streams and knows nothing of what carries them. The person at the host takes part through
/// link 0, which has no session.
package final class HostNode {
    static let localLink = LinkID(slot: 0)
    /// How long an ending room waits until every member has all that was said.
    static let closeDeadline = Duration.seconds(10)
    /// How long a released connection may take to take what was sent to it.
    static let releaseDeadline = Duration.seconds(10)
    /// How long a room that pauses waits until its members' connections have taken the word of it.
    static let pauseDeadline = Duration.seconds(1)
    /// While the room ends, a member whose connection broke since may still come back and hear of it: for as long as the others
    /// are not told that it is away.
    static let lateness = RoomLimits.awayGrace
    /// What all have received is forgotten so soon after it was acknowledged.
    static let trimDelay = Duration.seconds(1)
    /// The host was stopped, or asleep, when it looks at its sessions so much later than it wanted to.
    static let stall = Duration.seconds(10)

    let loop: EventLoop
    let identity: RoomIdentity
    let logger: Logger
    /// Seconds since 1970, to tell people since when somebody is away.
    let wallClock: () -> Int64
    let tell: (ChatEvent) -> Void
    var room: Room
    /// The person at the host; nil where nobody takes part there.
    package var local: LoopMember?
    var seat = LocalSeat()
    var door: Door

    var connections = ConnectionTable()
    let sealing: SealingTurn
    let files: HostFiles
    let fileOptions: FileOptions
    let endingNotes: EndingNotes
    var counters = HostCounters()
    var scratch: [UInt8] = []
    /// What is sealed for one member, in turn.
    var messages: [EncodedMessage] = []
    var events: [SessionEvent] = []
    /// What the room wants and is not done yet. Doing it can make the room want more, which comes after all that it wanted
    /// before, so that everybody hears of everything in the room's order.
    var wanted: [RoomAction] = []
    var isPerforming = false

    let sweeper: Sweeper
    var closing: ChatEvent.CloseReason?
    /// Of a room that is kept: what brings it to the disk.
    var journal: RoomJournal?
    /// Of a room that several hosts hold: this one's part.
    var sharing: RoomSharing?
    let book: any GroupBook.Type
    /// Called when the room that several hosts hold was begun with other terms than this host was given.
    var onTermsDiffer: (() -> Void)?
    /// Called when other hosts of such a room are there, or this one is.
    var onPlacesChanged: (() -> Void)?
    var isRecording = false
    var recordedChanges = 0
    /// How long a member is not read from, at a time, while the disk lags behind.
    static let storePatience = Duration.milliseconds(200)

    /// Called when the room cannot be kept any more.
    var onStoreFailed: ((StoreError) -> Void)?
    /// Called when the host's own participant has come in.
    var onJoined: (() -> Void)?
    /// Called once, when the room's time is over: nobody is told before ``close(_:)`` is called, which is to follow. Where it is nil,
    /// all are told at once.
    package var onTimeOver: (() -> Void)?
    /// It was called.
    var isTimeOver = false
    /// Called once, when the room has ended and everybody has been told.
    package var onClosed: ((ChatEvent.CloseReason) -> Void)?
    /// Called with the secrets with which somebody can come in, or back, when they have changed.
    package var onInvitesChanged: (([InviteSecret]) -> Void)?
    /// Called when a member has removed another one, and with it the room's invite.
    package var onInviteReplaced: (() -> Void)?
    /// Called when a moderator of a relay's room has ended it.
    package var onEndWanted: (() -> Void)?

    package init(
        loop: EventLoop, identity: RoomIdentity, limits: RoomLimits, closesAt: Duration?,
        password: RoomPassword? = nil, doorLimits: Door.Limits = Door.Limits(),
        book: any GroupBook.Type = PublicRoomGroup.self, fileLimits: FileRelay.Limits = FileRelay.Limits(),
        fileOptions: FileOptions = FileOptions(), laneBounds: LaneWindow.Bounds = .overTor,
        wallClock: @escaping () -> Int64, logger: Logger,
        tell: @escaping (ChatEvent) -> Void
    ) {
        self.loop = loop
        self.identity = identity
        self.logger = logger
        self.wallClock = wallClock
        self.tell = tell
        self.book = book
        room = Room(limits: limits, closesAt: closesAt, book: book, began: loop.time)
        door = Door(
            invite: identity.invites.first ?? InviteSecret(), password: password, limits: doorLimits, now: loop.time)
        sealing = SealingTurn(loop: loop)
        sweeper = Sweeper(loop: loop)
        files = HostFiles(loop: loop, limits: fileLimits, bounds: laneBounds)
        self.fileOptions = fileOptions
        endingNotes = EndingNotes(loop: loop, canExtend: !limits.isRelay, tell: tell)
        identity.admitsInvited = { [weak self] in self?.answersInvited() ?? false }
        sealing.seal = { [weak self] connection, wire throws(SessionError) in
            try self?.seal(connection, into: &wire)
        }
        sealing.onFailed = { [weak self] in self?.fail($0) }
        sealing.onWritten = { [weak self] in self?.written($0) }
        sweeper.onDue = { [weak self] in self?.sweep(late: $0) }
        watchFiles()
        // A room ends also if nobody ever comes near it.
        scheduleRoomSweep()
        endingNotes.roomEnds(at: closesAt)
    }

    package var memberCount: Int { room.memberCount }

    /// The id of the host's own participant, once it has joined.
    package var localMember: MemberID? { local?.client.id }

    // MARK: Connections

    func received(_ bytes: Span<UInt8>, on connection: HostConnection) {
        let now = loop.time
        counters.receivedByteCount &+= UInt64(bytes.count)
        if connection.spoke(), bytes[0] == SessionProtocol.openPattern, !door.answersOpen(connection.link, now: now) {
            tellOfDoor()
            return drop(connection)
        }
        var events = self.events
        self.events = []
        var failure: SessionError?
        do throws(SessionError) {
            try connection.session.received(bytes, now: now, scratch: &scratch, events: &events)
        } catch {
            failure = error
        }
        // Behind what came too late nothing is read, so that what is said keeps its order.
        for event in events
        where !connection.isReleased && connections.holds(connection) && connection.stream != nil {
            handle(event, from: connection, now: now)
        }
        events.removeAll(keepingCapacity: true)
        self.events = events
        if let failure {
            logger.debug("closing a connection", metadata: ["reason": "\(failure)"])
            fail(connection)
        } else if connection.isReleased, !connection.isDirty, hasAll(connection) {
            // The peer has all that was said to it. Closing before would lose what the kernel still holds.
            drop(connection)
        } else if connection.session.wantsToSend(now: now, hasMore: hasMore(for: connection))
            || files.hasFrames(for: connection)
        {
            markDirty(connection)
        } else {
            sweeper.scheduleSession(at: connection.session.nextDeadline)
        }
    }

    func handle(_ event: SessionEvent, from connection: HostConnection, now: Duration) {
        switch event {
        case .send(let bytes):
            connection.stream?.write(bytes.span)
            if let invite = connection.session.invite { door.answered(connection.link, invite: invite) }
        case .established(let peer, let invited):
            connection.peerKey = peer.bytes
            door.proved(connection.link, key: peer.bytes)
            logger.debug("handshake done", metadata: ["invited": "\(invited)"])
        case .message(let type, let body):
            if connection.isMember {
                receivedInRoom(type: type, body: body, from: connection, now: now)
            } else {
                receivedAtDoor(type: type, body: body, from: connection, now: now)
            }
        case .lane(let frame): receivedFrame(frame, on: connection)
        case .acknowledged(let count):
            if sharing != nil {
                if connection.isMember { share(acknowledged: count, by: connection) }
                return
            }
            guard let reader = connection.reader, let sequence = room.log.acknowledged(count, by: reader.member) else {
                return
            }
            room.acknowledged(sequence: sequence, by: connection.link, now: now)
            tellOfPrivateReceipts()
            scheduleRoomSweep()
            if room.log.heldByteCount > 0 { sweeper.scheduleSession(at: now + Self.trimDelay) }
        case .resumeRequested(let session, let received):
            resume(session: session, received: received, on: connection)
        case .resumed, .caughtUp, .resumeRefused, .pausing:
            fail(connection)
        }
    }

    func receivedInRoom(type: UInt8, body: [UInt8], from connection: HostConnection, now: Duration) {
        guard let key = connection.peerKey else { return }
        if sharing != nil { return share(type, body, from: connection) }
        var actions: [RoomAction] = []
        do {
            // What is wrong where the room cannot see it, the host's own participant sees: all others would lose the group by it.
            try room.received(
                type: type, body: body, from: connection.link, key: key, way: door.way(of: connection.session.invite),
                now: now,
                witness: { [local] in local?.client.couldFollow($0, from: $1) ?? true }, actions: &actions)
        } catch RoomError.late {
            connection.dropStream()
            streamClosed(connection)
            return
        } catch {
            fail(connection)
            return
        }
        perform(actions)
        waitForStore(connection)
    }

    func resume(session: UInt32, received: UInt32, on connection: HostConnection) {
        if closing != nil {
            hearOfTheEnd(received: received, on: connection)
            return
        }
        if sharing != nil { return share(returning: session, received: received, on: connection) }
        let id = MemberID(entropy: session)
        var actions: [RoomAction] = []
        guard let key = connection.peerKey, room.credentials(of: id)?.key == key,
            let position = room.log.resume(id, after: received),
            let link = room.resumed(
                session: session, key: key, link: connection.link, now: loop.time, actions: &actions)
        else {
            // A message of the fresh channel tells the member that its session is gone.
            connection.session.acknowledgeSoon()
            markDirty(connection)
            return
        }
        connection.goOn(at: position)
        if let old = connections[link] {
            drop(old)
            if old.pausedUntil > loop.time {
                connection.pauseReading(until: old.pausedUntil, loop: loop)
            }
        }
        becameMember(connection)
        room.acknowledged(sequence: position.sequence, by: connection.link, now: loop.time)
        tellOfPrivateReceipts()
        perform(actions)
        markDirty(connection)
    }

    /// Who said something to one member that has arrived is told.
    func tellOfPrivateReceipts() {
        // All hosts tell of them at one place in the log.
        guard sharing == nil else { return }
        var actions: [RoomAction] = []
        room.receivedPrivately(actions: &actions)
        if !actions.isEmpty { perform(actions) }
    }

    /// The peer broke the protocol: its connection and its place are gone at once.
    func fail(_ connection: HostConnection) {
        if let sharing {
            if sharing.forget(connection.link) { submit(.cutOff(connection.link.number)) }
            return drop(connection)
        }
        var actions: [RoomAction] = []
        room.cutOff(connection.link, now: loop.time, actions: &actions)
        drop(connection)
        perform(actions)
    }

    func streamClosed(_ connection: HostConnection) {
        guard connection.isMember else {
            drop(connection)
            return
        }
        logger.debug("a member's connection broke")
        files.disconnected(connection)
        connection.lost(at: loop.time)
        door.wentAway(connection.link)
        if sharing != nil {
            submit(.lost(connection.link.number))
        } else {
            room.linkLost(connection.link, now: loop.time)
        }
        scheduleRoomSweep()
        finishPauseIfTold()
    }

    func becameMember(_ connection: HostConnection) {
        connections.becameMember(connection)
        door.becameMember(connection.link)
        files.connected(connection)
    }

    /// Closes the connection and forgets it.
    func drop(_ connection: HostConnection) {
        files.disconnected(connection)
        connection.dropStream()
        // Its number may be another one's by now.
        guard connections.holds(connection) else { return }
        connections.remove(connection)
        door.gone(connection.link)
        leaveTheLine(connection)
        finishClosingIfDone()
    }

    /// If the connection's peer waited to be let in, it does not any more.
    func leaveTheLine(_ connection: HostConnection) {
        if let sharing {
            if sharing.forget(connection.link) { submit(.lost(connection.link.number)) }
            return
        }
        if let joiner = room.linkGone(connection.link) { tell(.room(.joinRequestOver(id: joiner))) }
        scheduleRoomSweep()
    }

    // MARK: Time

    func scheduleRoomSweep() {
        // The log brings time.
        guard sharing == nil else { return }
        if !isTimeOver, let deadline = room.nextDeadline { sweeper.schedule(at: deadline) }
    }

    private func sweep(late: Duration) {
        let now = loop.time
        if late > Self.stall, sharing == nil { room.hostWasAway(for: late) }
        var next = now + .seconds(3_600)
        var lost: [HostConnection] = []
        // Released ones have a deadline of their own.
        for connection in connections.all where connection.stream != nil && !connection.isReleased {
            if connection.session.isDead(now: now)
                || connection.admissionDeadline.map({ now >= $0 }) == true
            {
                lost.append(connection)
            } else {
                if connection.session.wantsToSend(now: now, hasMore: hasMore(for: connection)) {
                    markDirty(connection)
                }
                next = min(next, connection.session.nextDeadline)
                if let deadline = connection.admissionDeadline { next = min(next, deadline) }
            }
        }
        for connection in lost {
            connection.dropStream()
            streamClosed(connection)
        }
        if sharing == nil { sweepRoom(now: now) }
        if journal?.owesNote == true { recordSoon() }
        files.forgetGone()
        door.timePassed(now: now)
        tellOfDoor()
        if let expiry = door.invites.nextExpiry {
            if now >= expiry { invitesChanged() } else { sweeper.schedule(at: expiry) }
        }
        sweeper.scheduleSession(at: next)
        scheduleRoomSweep()
        if room.isClosed {
            close(.ttl)
        }
    }

    private func sweepRoom(now: Duration) {
        if let closesAt = room.closesAt, now >= closesAt, let onTimeOver {
            self.onTimeOver = nil
            isTimeOver = true
            onTimeOver()
        } else if !isTimeOver {
            var actions: [RoomAction] = []
            room.timePassed(now: now, actions: &actions)
            perform(actions)
        }
        trimLog(isIdle: true)
    }
}
