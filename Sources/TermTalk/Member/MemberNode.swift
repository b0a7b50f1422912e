package import Chat
package import EventLoop
internal import Files
internal import Logging
internal import Room
internal import SecureSession
internal import Sodium
internal import Wire

/// A member's link to somebody's room: carries out what its ``Stay`` says, on sockets and with timers of the loop.
package final class MemberNode: ByteStreamHandler {
    /// Opens a connection to the host; the result comes later, unless it is cancelled.
    package typealias Dial = (@escaping (Result<any ByteStream, ChatEvent.Notice>) -> Void) -> any Cancellable

    /// What there is of a connection.
    private enum Carrier {
        case none
        case dialing(any Cancellable)
        case open(Line)
    }

    /// What there is only while there is a stream.
    private final class Line {
        let stream: any ByteStream
        var isFlushScheduled = false
        /// Something that came was malformed. What came with it counts as received, and is heard first.
        var isMalformed = false
        var scratch: [UInt8] = []

        init(_ stream: any ByteStream) { self.stream = stream }
    }

    /// How often a connection is looked at that takes nothing, whatever is due on it.
    static let congestedInterval = Duration.seconds(1)
    /// How long leaving waits at most until the group has another invite than the one known to somebody whom this member has
    /// sent out, and other moderators: somebody else who is asked for a Commit may have to be waited for.
    static let renewalPatience = Duration.seconds(25)
    /// How long leaving may take once everything has been delivered.
    static let leaveDeadline = Duration.seconds(5)

    let loop: EventLoop
    var target: MemberTarget
    private let dial: Dial
    private let logger: Logger
    let tell: (ChatEvent) -> Void

    private(set) var stay: Stay
    let person: LoopMember
    let files: MemberFiles
    private var carrier = Carrier.none
    /// When the session has something to do, or the next dial is due.
    private var timer: TimerHandle?
    private let endingNotes: EndingNotes
    private var standstill = Standstill()
    private var moveLimit = MoveLimit()

    var onEvent: ((MemberEvent) -> Void)?
    /// Called when no room was found behind a connection: whether a dial now leads elsewhere.
    var tryAnotherWay: ((ChatEvent.Notice) -> Bool)?
    /// Where else than at that address the room is reached, for invites.
    var otherAddresses: ((_ than: RoomAddress) -> [RoomAddress])?

    /// - Parameters:
    ///   - password: what the host has to know; then nothing is said to one that does not.
    ///   - wallClock: seconds since 1970, to tell people when the room ends.
    init(
        loop: EventLoop, target: MemberTarget, credentials: consuming JoinCredentials,
        client: MemberClient,
        password: RoomPassword? = nil, fileOptions: FileOptions = FileOptions(), dial: @escaping Dial,
        logger: Logger, wallClock: @escaping () -> Int64, tell: @escaping (ChatEvent) -> Void
    ) {
        self.loop = loop
        self.target = target
        self.dial = dial
        self.logger = logger
        self.tell = tell
        stay = Stay(credentials: credentials, policy: target.policy, password: password, random: client.random)
        endingNotes = EndingNotes(loop: loop, canExtend: false, tell: tell)
        var carryOut: ((MemberClient.Action) -> Void)?
        person = LoopMember(client, loop: loop, wallClock: wallClock) { carryOut?($0) }
        files = MemberFiles(loop: loop, bounds: target.address.kind == .onion ? .overTor : .direct)
        carryOut = { [weak self] in self?.perform($0) }
        person.isAway = { [weak self] in self?.stay.isAway == true }
        files.begin(fileOptions, for: person, tell: tell)
        files.wake = { [weak self] in self?.scheduleFlush() }
    }

    var hostKey: X25519.PublicKey? { stay.hostKey }

    /// The connection that is made now leads there.
    func come(to address: RoomAddress) {
        target.address = address
        stay.come(to: address.onionKey)
    }

    func start() {
        advance { $0.started(actions: &$1) }
    }

    // MARK: The stream

    package func streamReceived(_ bytes: Span<UInt8>) {
        guard !stay.isEnded, let line else { return }
        var events: [SessionEvent] = []
        var failure: SessionError?
        noteStandstill()
        person.stoodStill(standstill.isRecent(now: loop.time))
        line.isMalformed = false
        do throws(SessionError) {
            try stay.received(bytes, now: loop.time, scratch: &line.scratch, events: &events)
        } catch {
            failure = error
        }
        for event in events {
            advance { [now = loop.time] in $0.happened(event, now: now, actions: &$1) }
            // What was handled may have ended the connection.
            guard stream != nil else { return }
        }
        leaveIfDone()
        guard stream != nil else { return }
        if let failure = line.isMalformed ? .malformed : failure { return failed(failure) }
        scheduleFlush()
        rescheduleTimer()
        person.reportDecongestion()
    }

    package func streamDrained() {
        scheduleFlush()
    }

    package func streamClosed(_ reason: StreamCloseReason) {
        carrier = .none
        advance { [now = loop.time] in $0.closed(now: now, actions: &$1) }
    }

    private func failed(_ error: SessionError) {
        logger.debug("the session failed", metadata: ["reason": "\(error.notice.code.rawValue)"])
        advance { [now = loop.time] in $0.failed(error, now: now, actions: &$1) }
    }

    private var line: Line? { if case .open(let line) = carrier { line } else { nil } }

    private var stream: (any ByteStream)? { line?.stream }

    private func closeStream() {
        guard let stream else { return }
        stream.close()
        carrier = .none
    }

    // MARK: What the stay says

    private func advance(_ body: (inout Stay, inout [Stay.Action]) -> Void) {
        var actions: [Stay.Action] = []
        stay.undelivered = person.client.outboxCount
        body(&stay, &actions)
        for action in actions { perform(action) }
    }

    private func perform(_ action: Stay.Action) {
        let now = loop.time
        switch action {
        case .dial: connect()
        case .wait(let pause):
            timer?.cancel()
            timer = loop.schedule(after: pause) { [weak self] in self?.advance { $0.pauseIsOver(actions: &$1) } }
        case .lookElsewhere(let notice, let isFinal):
            if tryAnotherWay?(notice) == true {
                advance { $0.dialsElsewhere(after: notice, actions: &$1) }
            } else {
                advance { $0.failed(notice, isFinal: isFinal, now: now, actions: &$1) }
            }
        case .write(let bytes): stream?.write(bytes.span)
        case .flush: scheduleFlush()
        case .close: closeStream()
        case .remind(let connectedAt):
            _ = loop.schedule(after: HandshakeWatch.patience) { [weak self] in
                self?.advance { $0.patienceIsOver(of: connectedAt, actions: &$1) }
            }
        case .tell(let event): tell(event)
        case .connectionLost:
            person.connectionLost()
            files.connectionLost()
        case .cameIn: files.connected()
        case .receiveFrame(let bytes):
            do throws(FileError) {
                try files.received(bytes)
            } catch {
                line?.isMalformed = true
            }
        case .join:
            let wanted = person.connected()
            advance { $0.asks(wanted, now: now, actions: &$1) }
        case .receive(let type, let body):
            do {
                try person.received(type: type, body: body)
            } catch {
                line?.isMalformed = true
            }
        case .caughtUp: person.act { client, actions in client.caughtUp(actions: &actions) }
        case .perform(let wanted): person.perform(wanted)
        case .countAnew: person.countsAnew()
        case .roomEnds(let end): endingNotes.roomEnds(at: end)
        case .announce(let roomState): announce(roomState)
        case .newHostKey(let key): onEvent?(.newHostKey(key))
        case .endSoon(let isAnswerOwed): endSoon(isAnswerOwed: isAnswerOwed)
        case .ended(let reason, let notice): ended(reason, notice)
        }
    }

    private func connect() {
        timer?.cancel()
        let dialing = dial { [weak self] result in
            guard let self else { return }
            self.carrier = .none
            switch result {
            case .success(let stream) where self.stay.isEnded: stream.close()
            case .success(let stream): self.connected(stream)
            case .failure(let notice):
                guard !self.stay.isEnded else { return }
                self.advance { $0.dialFailed(notice, actions: &$1) }
            }
        }
        carrier = .dialing(dialing)
    }

    private func connected(_ stream: any ByteStream) {
        clearReceipts()
        carrier = .open(Line(stream))
        stream.handler = self
        advance { [now = loop.time, id = person.client.id] in $0.connected(member: id, now: now, actions: &$1) }
        rescheduleTimer()
    }

    private func announce(_ roomState: HostMessage.RoomState) {
        tell(
            .joinedRoom(
                .init(
                    room: target.room.description, transport: target.address.kind, address: target.address.text,
                    member: roomState.member, members: person.client.memberList, hostKey: hostKey?.text ?? "",
                    trust: stay.trust, expires: roomState.secondsLeft.map { person.wallClock() + Int64($0) }))
        )
        leaveIfDelivered()
    }

    // MARK: What the client wants

    private func perform(_ action: MemberClient.Action) {
        let now = loop.time
        switch action {
        case .send(let message):
            if stay.session?.enqueue(message) == false {
                person.act { client, actions in client.wasNotTaken(type: message.type, actions: &actions) }
            }
            scheduleFlush()
        case .tell(let event):
            if case .room(.extended(let seconds)) = event {
                advance { $0.roomEnds(at: now + .seconds(seconds), actions: &$1) }
            }
            if case .starting(.approval, _) = event { stay.approvalIsAwaited() }
            tell(event)
            if case .memberLeft(let member, _, _, _) = event { files.exchange?.memberLeft(member) }
        case .offered(let offer, let member, let isPrivate):
            files.exchange?.offered.add(offer, from: member, isPrivate: isPrivate)
        case .admitted(let roomState): advance { $0.admitted(roomState, now: now, actions: &$1) }
        case .end(let reason, let refusal): advance { $0.end(reason, refusal, actions: &$1) }
        case .startOver: advance { $0.startsOver(now: now, actions: &$1) }
        case .registered(let isShown):
            // The relay knows the group's invite: this member comes back with it.
            guard let invite = inviteOfGroup else { return }
            stay.use(invite)
            target.isInviteOfGroup = true
            if isShown { showInvite(as: .text) }
        case .moved(let place): follow(to: place)
        case .hosts(let places): onEvent?(.hosts(places))
        }
    }

    /// The group's invite, of which the relay is told no more than the key for handshakes.
    private var inviteOfGroup: InviteSecret? {
        switch person.client.groupSecret() {
        case .some(let secret): InviteSecret(secret)
        case .none: nil
        }
    }

    // MARK: Sending

    func scheduleFlush() {
        guard let line, !line.isFlushScheduled else { return }
        line.isFlushScheduled = true
        loop.atEndOfTurn { [weak self] in self?.flush() }
    }

    private func flush() {
        guard let line else { return }
        line.isFlushScheduled = false
        let stream = line.stream
        guard stream.pendingByteCount <= WaterMarks.standard.high else {
            rescheduleTimer(notBefore: Self.congestedInterval)
            return
        }
        clearReceipts()
        var wire: [UInt8] = []
        do throws(SessionError) {
            try stay.session?.seal(into: &wire, now: loop.time)
            try files.seal(on: &stay.session, pending: stream.pendingByteCount, into: &wire)
        } catch {
            return failed(error)
        }
        if !wire.isEmpty {
            stream.write(wire.span)
        }
        if stay.session?.hasQueued == true, stay.session?.wantsToSend(now: loop.time) == true {
            scheduleFlush()
        } else if stay.session?.isLaneOpen == true, files.mayGoOn(pending: stream.pendingByteCount) {
            scheduleFlush()
        }
        rescheduleTimer()
    }

    /// What the console has taken counts as received.
    private func clearReceipts() {
        guard let received = stay.session?.receivedCount else { return }
        let limit = person.cleared(UInt64(received))
        stay.session?.mayAcknowledge(upTo: UInt32(clamping: limit), now: loop.time)
    }

    private func rescheduleTimer(notBefore pause: Duration = .zero) {
        guard let deadline = stay.session?.nextDeadline, stream != nil else { return }
        timer?.cancel()
        timer = loop.schedule(after: max(deadline - loop.time, pause)) { [weak self] in self?.timerFired() }
    }

    /// Sees that nothing was sent when something should have been.
    private func noteStandstill() {
        if let due = stay.session?.nextDeadline { standstill.acts(now: loop.time, due: due) }
    }

    private func timerFired() {
        guard stream != nil else { return }
        noteStandstill()
        if stay.session?.isDead(now: loop.time) == true {
            advance { [now = loop.time] in $0.wentSilent(now: now, actions: &$1) }
        } else {
            flush()
        }
    }

    // MARK: Networks

    /// Something happened (a network came back) that makes a try worth while now.
    func tryNow() {
        advance { $0.tryNow(actions: &$1) }
    }

    /// The machine has slept: whatever the connection looks like, the host and everything in between have given it up.
    func woke() {
        advance { [now = loop.time] in $0.interrupted(cause: "sleep", now: now, actions: &$1) }
    }

    /// The machine's networks have changed: a connection from an address that it no longer has is dead.
    func networkChanged(hasAddress: (SocketAddress) -> Bool) {
        let local = (stream as? SocketStream)?.localAddress
        guard local.map(hasAddress) != true else { return }
        advance { [now = loop.time] in $0.interrupted(cause: "network", now: now, actions: &$1) }
    }

    /// The host says where the room is from now on. Whoever answers there has to have the key that the host had here.
    private func follow(to place: OnionPlace) {
        guard case .onion = target.address, let address = RoomAddress(place), address != target.address,
            moveLimit.allows(at: loop.time)
        else { return }
        tell(.room(.moved(address: address.text)))
        onEvent?(.moved(address))
        // What else has come is heard on this connection.
        loop.atEndOfTurn { [weak self] in
            guard let self else { return }
            self.advance { [now = loop.time] in $0.interrupted(cause: "moved", now: now, actions: &$1) }
        }
    }

    // MARK: Leaving

    package func leave() {
        stay.wantsToLeave(now: loop.time)
        // Where another member, or the relay, keeps the group from being changed.
        _ = loop.schedule(after: Self.renewalPatience) { [weak self] in self?.leaveIfDelivered(waitsForGroup: false) }
        leaveIfDelivered()
    }

    private func leaveIfDelivered(waitsForGroup: Bool = true) {
        guard stay.wantsToLeave, person.client.outboxCount == 0, person.client.isJoined,
            !waitsForGroup || !person.client.isChangingGroup
        else { return }
        stay.leaves()
        person.act { client, actions in client.leave(actions: &actions) }
    }

    private func leaveIfDone() {
        if stay.isLeft {
            closeStream()
            finish()
        }
        leaveIfDelivered()
    }

    /// The same as ``leaveAtOnce()``, but for what a moderator is about to change: else somebody who was sent out could come in again.
    func leaveSoon() {
        if stay.isInRoom, person.client.isChangingGroup { leave() } else { leaveAtOnce() }
    }

    /// Leaves now, whatever is still on its way.
    func leaveAtOnce() {
        if stay.isInRoom {
            person.act { client, actions in client.leave(actions: &actions) }
        } else {
            advance { $0.abandon(actions: &$1) }
        }
    }

    package func panic() {
        leaveAtOnce()
        loop.atEndOfTurn { [weak self] in self?.finish() }
    }

    private func endSoon(isAnswerOwed: Bool) {
        timer?.cancel()
        _ = loop.schedule(after: Self.leaveDeadline) { [weak self] in self?.finish() }
        guard !isAnswerOwed else { return }
        loop.atEndOfTurn { [weak self] in
            self?.flush()
            self?.stream?.closeAfterWriting()
        }
    }

    private func finish() {
        advance { $0.finish(actions: &$1) }
    }

    private func ended(_ reason: ChatEvent.CloseReason, _ notice: ChatEvent.Notice?) {
        endingNotes.stop()
        timer?.cancel()
        person.stop()
        files.stop()
        if case .dialing(let dialing) = carrier { dialing.cancel() }
        closeStream()
        onEvent?(.ended(reason, notice))
    }
}
