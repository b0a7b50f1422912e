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
    /// How long a released connection may take to take what was sent to it.
    static let releaseDeadline = Duration.seconds(10)
    /// The host was stopped, or asleep, when it looks at its sessions so much later than it wanted to.
    private static let stall = Duration.seconds(10)
    /// How long a member is not read from, at a time, while the disk lags behind.
    static let storePatience = Duration.milliseconds(200)

    /// What peers send: how much it was, and what is used again for each reading.
    private struct Inbox {
        var scratch: [UInt8] = []
        var events: [SessionEvent] = []
        var byteCount: UInt64 = 0
    }

    let loop: EventLoop
    let identity: RoomIdentity
    let logger: Logger
    let tell: (ChatEvent) -> Void
    var room: Room
    /// The person at the host; nil where nobody takes part there.
    private(set) var participant: HostParticipant?
    var door: Door

    var connections = ConnectionTable()
    let sealing: SealingTurn
    let sweeper: Sweeper
    let files: HostFiles
    private var inbox = Inbox()
    var wanted = PendingActions()
    /// That of a room in memory, until it is kept, or shared, before anybody comes.
    lazy var authority: any RoomAuthority = SoleAuthority(self)
    private(set) lazy var ending = HostEnding(self)
    var onEvent: ((HostEvent) -> Void)?

    package init(
        loop: EventLoop, identity: RoomIdentity, limits: RoomLimits, closesAt: Duration?,
        password: RoomPassword? = nil, doorLimits: Door.Limits = Door.Limits(),
        book: any GroupBook.Type = PublicRoomGroup.self, fileLimits: FileRelay.Limits = FileRelay.Limits(),
        laneBounds: LaneWindow.Bounds = .overTor, logger: Logger, tell: @escaping (ChatEvent) -> Void
    ) {
        self.loop = loop
        self.identity = identity
        self.logger = logger
        self.tell = tell
        room = Room(limits: limits, closesAt: closesAt, book: book, began: loop.time)
        door = Door(
            invite: identity.invites.first ?? InviteSecret(), password: password, limits: doorLimits, now: loop.time)
        sealing = SealingTurn(loop: loop)
        sweeper = Sweeper(loop: loop)
        files = HostFiles(loop: loop, limits: fileLimits, bounds: laneBounds)
        identity.admitsInvited = { [weak self] in self?.doorkeeper.answersInvited() ?? false }
        sealing.node = self
        sweeper.onDue = { [weak self] in self?.sweep(late: $0) }
        files.isMember = { [weak self] in
            let id = MemberID(entropy: $0)
            return self?.room.credentials(of: id) != nil || self?.localMember == id
        }
        files.wake = { [weak self] in self?.markDirty($0) }
        // A room ends also if nobody ever comes near it.
        scheduleRoomSweep()
        ending.noteTime()
    }

    var doorkeeper: Doorkeeper { Doorkeeper(node: self) }
    var commands: HostCommands { HostCommands(node: self) }

    var memberCount: Int { room.memberCount }

    // MARK: The person at the host

    /// Lets the person at the host take part.
    ///
    /// - Parameter wallClock: seconds since 1970, to tell the person since when somebody is away.
    package func joinLocally(
        _ client: MemberClient, files: FileOptions = FileOptions(), wallClock: @escaping () -> Int64
    ) {
        let participant = HostParticipant(client, files: files, wallClock: wallClock, node: self)
        self.participant = participant
        participant.join()
    }

    var local: LoopMember? { participant?.member }

    var counters: HostCounters {
        HostCounters(
            deliveries: sealing.deliveries, sentByteCount: sealing.sentByteCount,
            receivedByteCount: inbox.byteCount)
    }

    /// The id of the host's own participant, once it has joined.
    var localMember: MemberID? { local?.client.id }

    /// The members as the host's own participant knows them.
    var localMembers: [ChatEvent.MemberInfo] { local?.client.memberList ?? [] }

    /// The room as it was kept goes on, before anybody is connected.
    func resume(_ kept: Room, invites: InviteTable) {
        var kept = kept
        kept.restarted(now: loop.time) { reader, key in
            let connection = HostConnection(
                away: connections.freeLink(), reader: reader, key: key, at: loop.time, node: self)
            connections.add(connection)
            connections.becameMember(connection)
            return connection.link
        }
        room = kept
        door.takeUp(invites)
        door.useInvitesOfGroup(in: room)
        doorkeeper.invitesChanged()
        scheduleRoomSweep()
        ending.noteTime()
    }

    /// Seconds until the room closes, rounded up; nil for a room without end.
    var secondsLeft: Int64? { room.secondsLeft(now: authority.time).map { Int64($0) } }

    // MARK: Connections

    /// Takes a new peer. When there are too many that are not members, the one that has come least far is closed for it.
    ///
    /// - Parameters:
    ///   - network: where it comes from, in a direct room.
    ///   - service: the onion service that it came by, where that is not the room's first.
    package func accept(_ stream: any ByteStream, from network: PeerNetwork? = nil, by service: OnionPlace? = nil) {
        guard !ending.hasBegun || !connections.isEmpty, authority.isOpen, doorkeeper.makesWay(for: network),
            let link = authority.freeLink()
        else { return stream.close() }
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

    func received(_ bytes: Span<UInt8>, on connection: HostConnection) {
        let now = loop.time
        inbox.byteCount &+= UInt64(bytes.count)
        if connection.spoke(), bytes[0] == SessionProtocol.openPattern, !doorkeeper.answersOpen(connection.link) {
            return drop(connection)
        }
        var events = inbox.events
        inbox.events = []
        var failure: SessionError?
        do throws(SessionError) {
            try connection.session.received(bytes, now: now, scratch: &inbox.scratch, events: &events)
        } catch {
            failure = error
        }
        for event in events where connections.holds(connection) && connection.stream != nil {
            // Behind what came too late nothing else is read, so that what is said keeps its order.
            if !connection.isReleased {
                handle(event, from: connection)
            } else if case .message(let type, let body) = event, Room.isModeration(type: type) {
                said(type, body, by: connection)
            }
        }
        events.removeAll(keepingCapacity: true)
        inbox.events = events
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

    private func handle(_ event: SessionEvent, from connection: HostConnection) {
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
                said(type, body, by: connection)
            } else {
                doorkeeper.received(type: type, body: body, from: connection)
            }
        case .lane(let frame):
            do throws(FileError) {
                try files.received(frame, on: connection)
            } catch {
                fail(connection)
            }
        case .acknowledged(let count): authority.acknowledged(count, by: connection)
        case .resumeRequested(let session, let received):
            if ending.hasBegun {
                ending.returned(received: received, on: connection)
            } else if let key = connection.peerKey {
                authority.returned(session, received: received, on: connection, key: key)
            } else {
                tellOfNoSession(connection)
            }
        case .resumed, .caughtUp, .resumeRefused, .pausing:
            fail(connection)
        }
    }

    func said(_ type: UInt8, _ body: [UInt8], by connection: HostConnection) {
        guard let key = connection.peerKey else { return }
        authority.said(type, body, by: connection, key: key)
    }

    /// A message of the fresh channel tells the member that its session is gone.
    func tellOfNoSession(_ connection: HostConnection) {
        connection.session.acknowledgeSoon()
        markDirty(connection)
    }

    /// Members are not read from while the disk lags behind.
    func waitForStore(_ connection: HostConnection) {
        guard authority.isCongested else { return }
        connection.pauseReading(until: loop.time + Self.storePatience, loop: loop)
    }

    /// The peer broke the protocol: its connection and its place are gone at once.
    func fail(_ connection: HostConnection) {
        let actions = authority.cutOff(connection.link)
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
        authority.lost(connection.link)
        scheduleRoomSweep()
        ending.finishPauseIfTold()
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
        authority.gone(connection.link)
        ending.finishIfDone()
    }

    // MARK: Time

    func scheduleRoomSweep() {
        guard authority.tellsTime, !ending.timeOver.isOwners else { return }
        if let deadline = ask({ $0.nextDeadline }) { sweeper.schedule(at: deadline) }
    }

    private func sweep(late: Duration) {
        let now = loop.time
        if late > Self.stall { authority.stoodStill(for: late) }
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
        authority.timePassed(now: now)
        files.forgetGone()
        doorkeeper.timePassed()
        sweeper.scheduleSession(at: next)
        scheduleRoomSweep()
        if room.isClosed { ending.close(.ttl) }
    }
}
