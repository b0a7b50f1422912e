package import EventLoop
package import Logging
package import Room
package import SecureSession
internal import Sodium

/// A hosted room: glues the streams of peers to their sessions, and the sessions to the room.
///
/// It is given connected streams and knows nothing of what carries them. The person at the host takes part through
/// link 0, which has no session.
package final class HostNode {
    private static let localLink = LinkID(slot: 0)
    /// How often, at most, sessions are looked at for what time alone makes due.
    private static let sweepInterval = Duration.milliseconds(500)
    /// How long an ending room waits until every member has all that was said.
    private static let closeDeadline = Duration.seconds(10)
    /// How long a released connection may take to take what was sent to it.
    private static let releaseDeadline = Duration.seconds(10)
    /// While the room ends, a member whose connection broke since may still come back and hear of it.
    private static let lateness = Duration.seconds(60)
    /// The host was stopped, or asleep, when it looks at its sessions so much later than it wanted to.
    private static let stall = Duration.seconds(10)

    private let loop: EventLoop
    private let identity: RoomIdentity
    private let logger: Logger
    private let tell: (ChatEvent) -> Void
    private var room: Room
    private var local: MemberClient?
    private var gate: ConnectionGate

    private var connections = ConnectionTable()
    private let sealing: SealingTurn
    private var scratch: [UInt8] = []
    private var events: [SessionEvent] = []
    /// What the room wants and is not done yet. Doing it can make the room want more, which comes after all that it wanted
    /// before, so that everybody hears of everything in the room's order.
    private var wanted: [RoomAction] = []
    private var isPerforming = false

    private var sweepTimer: TimerHandle?
    private var sweepAt: Duration?
    private var sweptAt: Duration = .zero
    private var isLocalAdmitted = false
    private var localPausedUntil: Duration = .zero
    private var closing: ChatEvent.CloseReason?

    /// Called once, when the room has ended and everybody has been told.
    package var onClosed: ((ChatEvent.CloseReason) -> Void)?
    /// Called when `isCongested` has become false.
    package var onDecongested: (() -> Void)?

    package init(
        loop: EventLoop, identity: RoomIdentity, limits: RoomLimits, closesAt: Duration?,
        gateLimits: ConnectionGate.Limits = ConnectionGate.Limits(), logger: Logger,
        tell: @escaping (ChatEvent) -> Void
    ) {
        self.loop = loop
        self.identity = identity
        self.logger = logger
        self.tell = tell
        room = Room(limits: limits, closesAt: closesAt)
        gate = ConnectionGate(limits: gateLimits, now: loop.time)
        sealing = SealingTurn(loop: loop)
        sealing.onFailed = { [weak self] in self?.fail($0) }
        sealing.onWritten = { [weak self] in self?.written($0) }
    }

    package var memberCount: Int { room.memberCount }

    /// The id of the host's own participant, once it has joined.
    package var localMember: MemberID? { local?.id }

    // MARK: The host's own participant

    /// The members as the host's own participant knows them.
    package var localMembers: [ChatEvent.MemberInfo] { local?.memberList ?? [] }

    /// Lets the person at the host take part.
    package func joinLocally(nick: String, cipher: any GroupCipher) {
        local = MemberClient(nick: nick, cipher: cipher)
        var actions: [MemberClient.Action] = []
        local?.connected(actions: &actions)
        perform(actions)
    }

    /// Carries out what the person at the host asks of the room.
    package func withLocal(_ body: (inout MemberClient, inout [MemberClient.Action]) throws(ChatEvent.Notice) -> Void) {
        guard var client = local else { return }
        var actions: [MemberClient.Action] = []
        do {
            try body(&client, &actions)
        } catch {
            actions.append(.tell(.error(error)))
        }
        local = client
        perform(actions)
    }

    private func perform(_ actions: [MemberClient.Action]) {
        for action in actions {
            switch action {
            case .send(let message):
                var roomActions: [RoomAction] = []
                try? room.received(
                    type: message.type, body: message.body, from: Self.localLink, key: identity.publicKey.bytes,
                    isHost: true, now: loop.time, actions: &roomActions)
                perform(roomActions)
            case .tell(let event):
                tell(event)
            case .end(_, let refusal?):
                tell(.error(refusal))
            case .admitted, .end:
                break
            }
        }
    }

    private func pauseLocal(until: Duration) {
        let wasPaused = isCongested
        localPausedUntil = max(localPausedUntil, until)
        if !wasPaused {
            endLocalPauseLater()
        }
    }

    private func endLocalPauseLater() {
        _ = loop.schedule(after: max(localPausedUntil - loop.time, .milliseconds(1))) { [weak self] in
            guard let self else { return }
            if self.isCongested {
                self.endLocalPauseLater()
            } else {
                self.onDecongested?()
            }
        }
    }

    /// Whether the person at the host says more than the room carries; no more should be read from the input.
    package var isCongested: Bool { localPausedUntil > loop.time }

    private func deliverLocally(_ message: EncodedMessage) {
        guard var client = local else { return }
        var actions: [MemberClient.Action] = []
        try? client.received(type: message.type, body: message.body, actions: &actions)
        local = client
        perform(actions)
    }

    // MARK: Connections

    /// Takes a new peer. When there are too many that are not members, the one that has come least far is closed for it.
    package func accept(_ stream: any ByteStream) {
        guard closing == nil || !connections.isEmpty else {
            stream.close()
            return
        }
        let pending = connections.pending
        if pending.count >= gate.limits.pending, let least = pending.min(by: { $0.progress < $1.progress }) {
            drop(least)
        }
        let connection = HostConnection(
            link: connections.freeLink(), stream: stream,
            session: SecureSession(responder: identity, now: loop.time), node: self)
        connections.add(connection)
        scheduleSessionSweep(at: connection.session.nextDeadline)
    }

    func received(_ bytes: Span<UInt8>, on connection: HostConnection) {
        let now = loop.time
        if !connection.hasSpoken {
            guard gate.admits(pattern: bytes[0], now: now) else {
                drop(connection)
                return
            }
            connection.hasSpoken = true
            if bytes[0] == SessionProtocol.openPattern {
                connection.progress = .asking
            }
        }
        var events = self.events
        self.events = []
        var failure: SessionError?
        do throws(SessionError) {
            try connection.session.received(bytes, now: now, scratch: &scratch, events: &events)
        } catch {
            failure = error
        }
        for event in events where !connection.isReleased && connections.holds(connection) {
            handle(event, from: connection, now: now)
        }
        events.removeAll(keepingCapacity: true)
        self.events = events
        if let failure {
            logger.debug("closing a connection", metadata: ["reason": "\(failure)"])
            fail(connection)
        } else if connection.isReleased, !connection.isDirty, connection.session.retainedByteCount == 0 {
            // The peer has all that was said to it. Closing before would lose what the kernel still holds.
            drop(connection)
        } else if connection.session.wantsToSend(now: now) {
            markDirty(connection)
        } else {
            scheduleSessionSweep(at: connection.session.nextDeadline)
        }
    }

    private func handle(_ event: SessionEvent, from connection: HostConnection, now: Duration) {
        switch event {
        case .send(let bytes):
            connection.stream?.write(bytes.span)
            // Only who holds an invite gets an answer to the invite's pattern.
            if connection.progress == .silent, connection.session.isInvited {
                connection.progress = .invited
            }
        case .established(let peer, let invited):
            connection.peerKey = peer.bytes
            connection.progress = max(connection.progress, .proven)
            logger.debug("handshake done", metadata: ["invited": "\(invited)"])
        case .message(let type, let body):
            guard let key = connection.peerKey else { return }
            var actions: [RoomAction] = []
            do {
                try room.received(
                    type: type, body: body, from: connection.link, key: key, now: now, actions: &actions)
            } catch {
                fail(connection)
                return
            }
            perform(actions)
        case .acknowledged(let tag):
            room.acknowledged(sequence: tag, by: connection.link, now: now)
            scheduleRoomSweep()
        case .resumeRequested(let session, let received):
            resume(session: session, received: received, on: connection)
        case .resumed, .resumeRefused:
            fail(connection)
        }
    }

    private func resume(session: UInt32, received: UInt32, on connection: HostConnection) {
        if closing != nil {
            hearOfTheEnd(received: received, on: connection)
            return
        }
        guard let key = connection.peerKey,
            let link = room.resumed(session: session, key: key, link: connection.link),
            let old = connections[link]
        else {
            // A message of the fresh channel tells the member that its session is gone.
            connection.session.acknowledgeSoon()
            markDirty(connection)
            return
        }
        var resumeEvents: [SessionEvent] = []
        let worked: Void? = try? connection.session.goOn(
            from: old.session, peerReceived: received, events: &resumeEvents)
        drop(old)
        connections.becameMember(connection)
        if old.pausedUntil > loop.time {
            connection.pauseReading(until: old.pausedUntil, loop: loop)
        }
        guard worked != nil else {
            fail(connection)
            return
        }
        for event in resumeEvents {
            handle(event, from: connection, now: loop.time)
        }
        markDirty(connection)
    }

    /// The peer broke the protocol: its connection and its place are gone at once.
    private func fail(_ connection: HostConnection) {
        var actions: [RoomAction] = []
        room.cutOff(connection.link, now: loop.time, actions: &actions)
        drop(connection)
        perform(actions)
    }

    func streamClosed(_ connection: HostConnection) {
        guard connection.isMember, !connection.isReleased else {
            drop(connection)
            return
        }
        logger.debug("a member's connection broke")
        connection.lostAt = loop.time
        room.linkLost(connection.link, now: loop.time)
        scheduleRoomSweep()
    }

    /// Closes the connection and forgets it.
    private func drop(_ connection: HostConnection) {
        connection.dropStream()
        connections.remove(connection)
        finishClosingIfDone()
    }

    // MARK: What the room wants

    private func perform(_ actions: [RoomAction]) {
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

    private func perform(_ action: RoomAction) {
        switch action {
        case .send(Self.localLink, let message):
            deliverLocally(message)
        case .send(let link, let message):
            guard let connection = connections[link] else { return }
            connection.session.enqueue(Record.split(type: message.type, body: message.body))
            markDirty(connection)
            if takesTooLittle(connection) {
                cutOff(connection)
            }
        case .broadcast(let message, let tag):
            broadcast(message, tag: tag)
        case .admit(Self.localLink):
            isLocalAdmitted = true
        case .admit(let link):
            guard let connection = connections[link] else { return }
            connections.becameMember(connection)
        case .pauseReading(Self.localLink, let until):
            pauseLocal(until: until)
        case .pauseReading(let link, let until):
            connections[link]?.pauseReading(until: until, loop: loop)
        case .release(Self.localLink):
            isLocalAdmitted = false
        case .release(let link):
            guard let connection = connections[link] else { return }
            release(connection)
        }
    }

    private func takesTooLittle(_ connection: HostConnection) -> Bool {
        connection.session.retainedByteCount > room.limits.bytesQueuedPerMember
    }

    /// The member keeps its place, but nothing more is kept for it.
    private func cutOff(_ connection: HostConnection) {
        logger.info("a member is cut off: it does not take what is sent to it")
        room.overrun(connection.link, now: loop.time)
        drop(connection)
        scheduleRoomSweep()
    }

    private func broadcast(_ message: EncodedMessage, tag: UInt64) {
        let records = Record.split(type: message.type, body: message.body, tag: tag)
        var overrun: [HostConnection] = []
        let limit = room.limits.bytesQueuedPerMember
        for connection in connections.members {
            if connection.session.enqueue(records) > limit {
                overrun.append(connection)
            }
            markDirty(connection)
        }
        if isLocalAdmitted {
            deliverLocally(message)
            if tag != 0 {
                room.acknowledged(sequence: tag, by: Self.localLink, now: loop.time)
            }
        }
        for connection in overrun {
            cutOff(connection)
        }
    }

    private func release(_ connection: HostConnection) {
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

    private func markDirty(_ connection: HostConnection) {
        sealing.add(connection)
    }

    private func written(_ connection: HostConnection) {
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

    // MARK: Time

    private func scheduleRoomSweep() {
        if let deadline = room.nextDeadline {
            scheduleSweep(at: deadline)
        }
    }

    /// However many sessions there are, they are looked at together.
    private func scheduleSessionSweep(at time: Duration) {
        scheduleSweep(at: max(time, sweptAt + Self.sweepInterval))
    }

    private func scheduleSweep(at time: Duration) {
        if let sweepAt, sweepAt <= time { return }
        sweepTimer?.cancel()
        sweepAt = time
        sweepTimer = loop.schedule(after: max(time - loop.time, .zero)) { [weak self] in self?.sweep() }
    }

    private func sweep() {
        let now = loop.time
        if let sweepAt, now - sweepAt > Self.stall {
            room.hostWasAway(for: now - sweepAt)
        }
        sweepAt = nil
        sweptAt = now
        var next = now + .seconds(3_600)
        var lost: [HostConnection] = []
        // Released ones have a deadline of their own.
        for connection in connections.all where connection.stream != nil && !connection.isReleased {
            if connection.session.isDead(now: now)
                || (!connection.isMember && now >= connection.session.admissionDeadline)
            {
                lost.append(connection)
            } else {
                if connection.session.wantsToSend(now: now) {
                    markDirty(connection)
                }
                next = min(next, connection.session.nextDeadline)
                if !connection.isMember {
                    next = min(next, connection.session.admissionDeadline)
                }
            }
        }
        for connection in lost {
            connection.dropStream()
            streamClosed(connection)
        }
        var actions: [RoomAction] = []
        room.timePassed(now: now, actions: &actions)
        perform(actions)
        scheduleSessionSweep(at: next)
        scheduleRoomSweep()
        if room.isClosed {
            close(.ttl)
        }
    }

    // MARK: Closing

    /// Ends the room for everybody; `onClosed` follows when all members have been told, or a deadline has passed.
    package func close(_ reason: ChatEvent.CloseReason) {
        guard closing == nil else { return }
        closing = reason
        var actions: [RoomAction] = []
        room.close(reason, actions: &actions)
        perform(actions)
        for connection in connections.pending where !connection.isReleased {
            drop(connection)
        }
        _ = loop.schedule(after: Self.closeDeadline) { [weak self] in self?.finishClosing() }
        finishClosingIfDone()
    }

    /// Whether the connection, which is broken, is that of a member that is probably on its way back while the room ends.
    private func mayHearOfTheEnd(_ connection: HostConnection) -> Bool {
        guard closing != nil, let lostAt = connection.lostAt else { return false }
        return loop.time - lostAt <= Self.lateness
    }

    /// A member has come back while the room ends: it gets what waits for it, the end included.
    private func hearOfTheEnd(received: UInt32, on connection: HostConnection) {
        guard let key = connection.peerKey,
            let old = connections.all.first(where: { $0.isReleased && $0.stream == nil && $0.peerKey == key })
        else {
            drop(connection)
            return
        }
        var events: [SessionEvent] = []
        let worked: Void? = try? connection.session.goOn(from: old.session, peerReceived: received, events: &events)
        release(connection)
        drop(worked == nil ? connection : old)
    }

    private func finishClosingIfDone() {
        if closing != nil, connections.isEmpty {
            finishClosing()
        }
    }

    private func finishClosing() {
        sweepTimer?.cancel()
        guard let closing, let onClosed else { return }
        self.onClosed = nil
        for connection in connections.all {
            connection.dropStream()
        }
        loop.atEndOfTurn { onClosed(closing) }
    }
}
