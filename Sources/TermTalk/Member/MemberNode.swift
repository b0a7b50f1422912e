package import EventLoop
internal import Files
package import Logging
package import Room
package import SecureSession
package import Sodium
import Wire

/// A member's link to somebody's room: dials, keeps the session, comes back after a broken connection.
package final class MemberNode: ByteStreamHandler {
    /// Opens a connection to the host; the result comes later, unless it is cancelled.
    package typealias Dial = (@escaping (Result<any ByteStream, ChatEvent.Notice>) -> Void) -> any Cancellable

    /// What to make of the host's static key.
    package enum HostKeyPolicy: Sendable {
        /// The key is known, and the handshake fails with any other.
        case pinned(ChatEvent.Trust)
        /// The onion address says who the host is; its key is reported through `onNewHostKey`, so that a later stay
        /// notices another.
        case onionAddress
        /// A key that was never seen is taken and reported through `onNewHostKey`.
        case acceptNew
        /// A key that was never seen is refused: host-key-unknown.
        case strict
    }

    /// What the member knows of the room before it joins.
    package struct Target {
        package var room: RoomName
        package var address: RoomAddress
        package var policy: HostKeyPolicy
        /// The signature key of the one who creates the group, from the invite.
        package var creatorKey: Ed25519.PublicKey?
        /// Whether the invite is that of a group at a relay.
        package var isInviteOfGroup: Bool
        /// Whether tor needs the invite's key.
        package var isInviteAuthorized: Bool

        package init(
            room: RoomName, address: RoomAddress, policy: HostKeyPolicy, creatorKey: Ed25519.PublicKey? = nil,
            isInviteOfGroup: Bool = false, isInviteAuthorized: Bool = false
        ) {
            self.room = room
            self.address = address
            self.policy = policy
            self.creatorKey = creatorKey
            self.isInviteOfGroup = isInviteOfGroup
            self.isInviteAuthorized = isInviteAuthorized
        }
    }

    /// How long a member that wants to leave, and is cut off, tries to deliver what it said.
    package static let deliveryPatience = Duration.seconds(120)
    /// How long a joiner tries again at a host that closes without a word.
    static let busyPatience = Duration.seconds(20)
    /// How often a connection is looked at that takes nothing, whatever is due on it.
    static let congestedInterval = Duration.seconds(1)
    /// The host's clock and ours may differ by this much about the end of the room.
    static let endTolerance = Duration.seconds(5)
    /// How long leaving may take once everything has been delivered.
    static let leaveDeadline = Duration.seconds(5)

    let loop: EventLoop
    var target: Target
    var credentials: JoinCredentials
    let dial: Dial
    let logger: Logger
    let wallClock: () -> Int64
    let random: () -> UInt32
    let tell: (ChatEvent) -> Void

    var client: MemberClient
    let files: MemberFiles
    var session: SecureSession?
    var stream: (any ByteStream)?
    var dialing: (any Cancellable)?
    var timer: TimerHandle?
    var isFlushScheduled = false
    var wire: [UInt8] = []
    var scratch: [UInt8] = []

    var hasJoined = false
    var isInRoom = false
    /// The next connection begins a new stay, and does not go on with the one before.
    var startsOver = false
    var groupTimer: TimerHandle?
    var groupDeadline: Duration?
    var hasHeardFromPeer = false
    /// Since when the host has closed without a word, before the member was in.
    var busySince: Duration?
    var schedule = ReconnectSchedule()
    var handshakes = HandshakeWatch()
    /// The host has said that it asks its person.
    var isAwaitingApproval = false
    /// When the room's time is over; nil when it has no end.
    var roomEnd: Duration? {
        didSet { endingNotes.roomEnds(at: roomEnd) }
    }
    private let endingNotes: EndingNotes
    /// Since when the member wants to leave.
    var leavingSince: Duration?
    var ending: (ChatEvent.CloseReason, ChatEvent.Notice?)?
    var hasEnded = false
    var wasCongested = false
    var trust: ChatEvent.Trust = .none

    /// The room's password, where the person gave one.
    let password: RoomPassword?
    /// While the host has not shown that it knows the password.
    var admission: MemberAdmission?
    /// What is to be done when it has.
    var afterAdmission: [MemberClient.Action] = []

    /// The static key that the host showed.
    package private(set) var hostKey: X25519.PublicKey?
    /// Called once, when the stay is over; the notice says why it failed, if it did.
    package var onEnded: ((ChatEvent.CloseReason, ChatEvent.Notice?) -> Void)?
    /// Called with a key that was accepted without being known.
    package var onNewHostKey: ((X25519.PublicKey) -> Void)?
    package var onDecongested: (() -> Void)?
    /// Called when no room was found behind a connection: whether a dial now leads elsewhere.
    package var tryAnotherWay: (() -> Bool)?
    /// Why the first way failed, while others are tried.
    var firstFailure: ChatEvent.Notice?
    /// How far the console is; nil when it takes all at once.
    package var outputProgress: (() -> OutputProgress)?
    var receiptGate = ReceiptGate()

    /// - Parameters:
    ///   - foundsGroup: whether it may be the first of a group at a relay.
    ///   - password: what the host has to know; then nothing is said to one that does not.
    ///   - wallClock: seconds since 1970, to tell people when the room ends.
    ///   - random: what spreads the tries to come back.
    package init(
        loop: EventLoop, target: Target, credentials: consuming JoinCredentials, nick: String, engine: any GroupEngine,
        foundsGroup: Bool = true, password: RoomPassword? = nil, fileOptions: FileOptions = FileOptions(),
        dial: @escaping Dial, logger: Logger,
        wallClock: @escaping () -> Int64,
        random: @escaping () -> UInt32 = Random.uint32, tell: @escaping (ChatEvent) -> Void
    ) {
        self.loop = loop
        self.target = target
        self.credentials = credentials
        self.password = password
        self.dial = dial
        self.logger = logger
        self.wallClock = wallClock
        self.random = random
        self.tell = tell
        endingNotes = EndingNotes(loop: loop, canExtend: false, tell: tell)
        client = MemberClient(nick: nick, engine: engine, foundsGroup: foundsGroup, random: random)
        files = MemberFiles(loop: loop, bounds: target.address.kind == .onion ? .overTor : .direct)
        beginFiles(fileOptions)
    }

    // MARK: The stream

    package func streamReceived(_ bytes: Span<UInt8>) {
        guard session != nil else { return }
        hasHeardFromPeer = true
        var events: [SessionEvent] = []
        var failure: SessionError?
        do throws(SessionError) {
            try session?.received(bytes, now: loop.time, scratch: &scratch, events: &events)
        } catch {
            failure = error
        }
        handle(events)
        // What was handled may have ended the connection.
        guard stream != nil else { return }
        if let failure {
            streamFailed(failure)
            return
        }
        scheduleFlush()
        rescheduleTimer()
        reportDecongestion()
    }

    package func streamDrained() {
        scheduleFlush()
    }

    package func streamClosed(_ reason: StreamCloseReason) {
        stream = nil
        if ending != nil {
            finish()
        } else if isInRoom {
            connectionBroke(cause: NoticeCode.connectionLost.rawValue)
        } else if session?.isOpen == true {
            attemptFailed(.closedBeforeAdmission)
        } else {
            handshakeEnded()
        }
    }

    func streamFailed(_ error: SessionError) {
        stream?.close()
        stream = nil
        logger.debug("the session failed", metadata: ["reason": "\(error.notice.code.rawValue)"])
        if ending != nil {
            finish()
        } else if isInRoom {
            connectionBroke(cause: error.notice.code.rawValue)
        } else {
            attemptFailed(error.notice, isFinal: error.isFinal)
        }
    }

    func handle(_ events: [SessionEvent]) {
        for event in events {
            switch event {
            case .send(let bytes):
                stream?.write(bytes.span)
            case .established(let peer, _):
                established(peer)
            case .message(let type, let body) where admission != nil:
                do throws(SessionError) {
                    try receivedAtDoor(type: type, body: body)
                } catch {
                    streamFailed(error)
                    return
                }
            case .message(let type, let body):
                var actions: [MemberClient.Action] = []
                client.now = loop.time
                do {
                    try client.received(type: type, body: body, actions: &actions)
                } catch {
                    perform(actions)
                    streamFailed(.malformed)
                    return
                }
                perform(actions)
                guard session != nil else { return }
            case .lane(let frame):
                receivedFrame(frame)
                guard session != nil else { return }
            case .acknowledged:
                break
            case .resumed:
                cameBack()
            case .caughtUp:
                caughtUp()
            case .resumeRefused:
                receiptGate = ReceiptGate()
                join()
            case .resumeRequested:
                streamFailed(.malformed)
                return
            }
        }
        finishLeavingIfDone()
    }

    func established(_ peer: X25519.PublicKey) {
        handshakes.isOver()
        // Whoever it was at first, it stays the same one: also a key that nobody checked is pinned for the stay.
        if let hostKey, hostKey != peer {
            streamFailed(.hostKeyMismatch(peer.bytes))
            return
        }
        hostKey = peer
        if !hasJoined {
            switch target.policy {
            case .pinned(let known): trust = known
            case .onionAddress:
                trust = .none
                if password == nil { onNewHostKey?(peer) }
            case .acceptNew:
                trust = .new
                if password == nil { onNewHostKey?(peer) }
            case .strict:
                stream?.close()
                stream = nil
                end(.lost, .hostKeyUnknown)
                return
            }
            join()
        } else if startsOver {
            startsOver = false
            join()
        }
        scheduleFlush()
    }

    func cameBack() {
        schedule.connected(now: loop.time)
        isInRoom = true
        files.connected()
        tell(.connection(.init(state: .connected, attempt: schedule.attempt)))
    }

    /// What was said meanwhile has come, so what has not come back of ours never arrived.
    private func caughtUp() {
        withClient { client, actions in client.caughtUp(actions: &actions) }
    }

    func perform(_ actions: [MemberClient.Action]) {
        for action in actions {
            switch action {
            case .send(let message):
                send(message)
            case .tell(let event):
                if case .room(.extended(let seconds)) = event { roomEnd = loop.time + .seconds(seconds) }
                if case .starting(.approval, _) = event { isAwaitingApproval = true }
                tell(event)
                if case .memberLeft(let member, _, _, _) = event { files.exchange?.memberLeft(member) }
            case .offered(let offer, let member, let isPrivate):
                files.exchange?.offered(offer, from: member, isPrivate: isPrivate)
            case .admitted(let admission):
                admitted(admission)
            case .end(let reason, let refusal):
                end(reason, refusal)
            case .startOver:
                startOver()
            case .created:
                register()
            case .registered:
                useInviteOfGroup()
            }
        }
        scheduleGroup()
    }

    func send(_ message: EncodedMessage) {
        if session?.enqueue(message) == false {
            withClient { client, actions in client.wasNotTaken(type: message.type, actions: &actions) }
        }
        scheduleFlush()
    }

    /// What the member has to do for the group in time.
    private func scheduleGroup() {
        guard let deadline = client.nextDeadline, deadline != groupDeadline, !hasEnded else { return }
        groupTimer?.cancel()
        groupDeadline = deadline
        groupTimer = loop.schedule(after: max(deadline - loop.time, .milliseconds(1))) { [weak self] in
            guard let self, !self.hasEnded else { return }
            self.groupDeadline = nil
            self.withClient { client, actions in client.timePassed(actions: &actions) }
        }
    }

    /// The group cannot be followed any more.
    private func startOver() {
        stream?.close()
        session = nil
        startsOver = true
        connectionBroke(cause: NoticeCode.groupLost.rawValue)
    }

    func admitted(_ admission: HostMessage.Admission) {
        if hasJoined {
            cameBack()
        } else {
            schedule.connected(now: loop.time)
            files.connected()
        }
        hasJoined = true
        isInRoom = true
        roomEnd = admission.secondsLeft.map { loop.time + .seconds(Int64($0)) }
        tell(
            .joinedRoom(
                .init(
                    room: target.room.description, transport: target.address.kind, address: target.address.text,
                    member: admission.member, members: client.memberList, hostKey: hostKey?.text ?? "",
                    trust: trust, expires: admission.secondsLeft.map { wallClock() + Int64($0) })))
        leaveIfDelivered()
    }

    // MARK: Sending

    func scheduleFlush() {
        guard !isFlushScheduled, stream != nil else { return }
        isFlushScheduled = true
        loop.atEndOfTurn { [weak self] in self?.flush() }
    }

    func flush() {
        isFlushScheduled = false
        guard let stream else { return }
        guard stream.pendingByteCount <= WaterMarks.standard.high else {
            rescheduleTimer(notBefore: Self.congestedInterval)
            return
        }
        wire.removeAll(keepingCapacity: true)
        clearReceipts()
        do throws(SessionError) {
            try session?.seal(into: &wire, now: loop.time)
            try files.seal(on: &session, pending: stream.pendingByteCount, into: &wire)
        } catch {
            streamFailed(error)
            return
        }
        if !wire.isEmpty {
            stream.write(wire.span)
        }
        if session?.hasQueued == true, session?.wantsToSend(now: loop.time) == true {
            scheduleFlush()
        } else if session?.isLaneOpen == true, files.mayGoOn(pending: stream.pendingByteCount) {
            scheduleFlush()
        }
        rescheduleTimer()
    }

    /// What the console has taken counts as received.
    func clearReceipts() {
        guard let received = session?.receivedCount else { return }
        let limit = receiptGate.clear(UInt64(received), outputProgress?())
        session?.mayAcknowledge(upTo: UInt32(clamping: limit), now: loop.time)
    }

    func rescheduleTimer(notBefore pause: Duration = .zero) {
        guard let deadline = session?.nextDeadline, stream != nil else { return }
        timer?.cancel()
        timer = loop.schedule(after: max(deadline - loop.time, pause)) { [weak self] in self?.timerFired() }
    }

    func timerFired() {
        guard stream != nil else { return }
        if session?.isDead(now: loop.time) == true {
            stream?.close()
            stream = nil
            if isInRoom {
                connectionBroke(cause: NoticeCode.connectionTimeout.rawValue)
            } else {
                _ = handshakes.ended(now: loop.time)
                handshakeTimedOut()
            }
        } else {
            flush()
        }
    }
}
