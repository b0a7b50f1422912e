internal import Chat
internal import Room
internal import SecureSession
internal import Sodium
internal import Wire

/// A member's way into a room and out of it: dialing, handshake, password, joining, in the room, pausing, ended.
///
/// Sans-IO: it is told of connections, of what its session brings and of time, and says what is to be done, in that order.
/// What is said in the room passes it by: that is the ``MemberClient``'s. `now` is monotonic time since any fixed origin.
struct Stay: ~Copyable {
    /// How long a member that wants to leave, and has lost its connection, tries to deliver what it said.
    static let deliveryPatience = Duration.seconds(120)
    /// How long a joiner tries again at a host that closes without a word.
    static let busyPatience = Duration.seconds(20)
    /// The host's clock and ours may differ by this much about the end of the room.
    static let endTolerance = Duration.seconds(5)

    private let password: RoomPassword?
    private let random: () -> UInt32
    private var credentials: JoinCredentials
    private(set) var phase = Phase.pausing
    private var standing = Standing.newcomer(busySince: nil)
    /// Kept while there is no connection: the next one goes on with it.
    var session: SecureSession?
    private var schedule = ReconnectSchedule()
    private var handshakes = HandshakeWatch()
    private var host: HostPin
    /// When the room's time is over; nil when it has no end.
    private(set) var roomEnd: Duration?
    /// Since when the member wants to leave.
    private var leavingSince: Duration?
    /// What the host has said of a pause, since it was there last.
    private var hostPause = HostPause.none
    /// Why the first way failed, while others are tried.
    private var firstFailure: ChatEvent.Notice?
    /// What the client has said that the host has not confirmed; the owner keeps it right.
    var undelivered = 0

    init(
        credentials: consuming JoinCredentials, policy: HostKeyPolicy, password: RoomPassword?,
        random: @escaping () -> UInt32
    ) {
        self.credentials = credentials
        host = HostPin(policy)
        self.password = password
        self.random = random
    }

    /// The static key that the host showed.
    var hostKey: X25519.PublicKey? { host.key }
    var trust: ChatEvent.Trust { host.trust }
    var invite: InviteSecret? { credentials.invite }
    var isEnded: Bool { if case .ended = phase { true } else { false } }
    var isInRoom: Bool { if case .inRoom = phase { true } else { false } }
    var isNewcomer: Bool { if case .newcomer = standing { true } else { false } }
    /// Whether it has been in the room and is not now.
    var isAway: Bool { !isNewcomer && !isInRoom }
    var wantsToLeave: Bool { leavingSince != nil }
    /// Whether it only waits until the host has all, its leaving included.
    var isLeft: Bool {
        guard case .ending(.quit, _) = phase else { return false }
        return switch session {
        case .some(let session): session.isSettled
        case .none: false
        }
    }

    // MARK: Connections

    mutating func started(actions: inout [Action]) {
        actions.append(.tell(.starting(.dial, progress: nil)))
        actions.append(.remind(of: nil))
        dial(actions: &actions)
    }

    private mutating func dial(actions: inout [Action]) {
        phase = .dialing
        actions.append(.dial)
    }

    mutating func pauseIsOver(actions: inout [Action]) {
        guard case .pausing = phase else { return }
        dial(actions: &actions)
    }

    /// - Parameter id: what the client is called in the room, once it has been there.
    mutating func connected(member id: MemberID?, now: Duration, actions: inout [Action]) {
        var events: [SessionEvent] = []
        do throws(SessionError) {
            // Also where it broke before the host had let this member in again.
            if !isNewcomer { actions.append(.connectionLost) }
            if case .member = standing, let old = session.take(), let id {
                session = try SecureSession(
                    initiator: credentials, goingOnFrom: old, session: id.wireValue, now: now, events: &events)
            } else {
                if case .member = standing { standing = .outOfGroup }
                actions.append(.countAnew)
                session = try SecureSession(initiator: credentials, now: now, events: &events)
            }
        } catch {
            actions.append(.close)
            return attemptFailed(error.notice, actions: &actions)
        }
        handshakes.connected(now: now)
        phase = .handshake(hasHeard: false)
        if isNewcomer {
            actions.append(.tell(.starting(.handshake, progress: nil)))
            actions.append(.remind(of: now))
        }
        for case .send(let bytes) in events { actions.append(.write(bytes)) }
    }

    /// The connection that is made now leads to this onion service; nil without tor.
    mutating func come(to onionKey: [UInt8]?) { credentials.come(to: onionKey) }

    mutating func dialFailed(_ notice: ChatEvent.Notice, actions: inout [Action]) {
        handshakes.isOver()
        attemptFailed(notice, actions: &actions)
    }

    /// The connection has ended.
    mutating func closed(now: Duration, actions: inout [Action]) {
        switch phase {
        case .inRoom:
            let cause = hostPause == .none ? NoticeCode.connectionLost : .roomPaused
            connectionBroke(cause: cause.rawValue, now: now, actions: &actions)
        case .password, .joining, .returning:
            attemptFailed(.closedBeforeAdmission, actions: &actions)
        case .handshake(hasHeard: true):
            attemptFailed(.closedInHandshake(invited: invite != nil), actions: &actions)
        case .handshake(hasHeard: false):
            if handshakes.ended(now: now) {
                handshakeTimedOut(now: now, actions: &actions)
            } else {
                attemptFailed(.hostBusy, actions: &actions)
            }
        case .ending: finish(actions: &actions)
        case .pausing, .dialing, .ended: break
        }
    }

    /// The session cannot go on.
    mutating func failed(_ error: SessionError, now: Duration, actions: inout [Action]) {
        actions.append(.close)
        switch phase {
        case .inRoom: connectionBroke(cause: error.notice.code.rawValue, now: now, actions: &actions)
        case .ending: finish(actions: &actions)
        case .handshake, .password, .joining, .returning:
            attemptFailed(error.notice, isFinal: error.isFinal, actions: &actions)
        case .pausing, .dialing, .ended: break
        }
    }

    /// The host has been silent for longer than it may.
    mutating func wentSilent(now: Duration, actions: inout [Action]) {
        actions.append(.close)
        switch phase {
        case .inRoom: connectionBroke(cause: NoticeCode.connectionTimeout.rawValue, now: now, actions: &actions)
        case .ending: finish(actions: &actions)
        case .handshake, .password, .joining, .returning:
            _ = handshakes.ended(now: now)
            handshakeTimedOut(now: now, actions: &actions)
        case .pausing, .dialing, .ended: break
        }
    }

    /// The host has let the time pass.
    private mutating func handshakeTimedOut(now: Duration, actions: inout [Action]) {
        guard !isNewcomer, invite != nil, handshakes.isReopened(now: now) else {
            return attemptFailed(.handshakeTimeout(invited: invite != nil), actions: &actions)
        }
        phase = .pausing
        actions.append(
            .tell(.connection(.init(state: .lost, attempt: schedule.attempt, cause: NoticeCode.roomReopened.rawValue))))
        end(.lost, .roomReopened(undelivered: undelivered), actions: &actions)
    }

    /// A connection could not be made, or broke before it was part of the room.
    ///
    /// - Parameter isFinal: whether trying again cannot help; a connection that just ends proves nothing.
    private mutating func attemptFailed(
        _ notice: ChatEvent.Notice, isFinal: Bool = false, actions: inout [Action]
    ) {
        phase = .pausing
        actions.append(.lookElsewhere(notice, isFinal: isFinal))
    }

    /// There are other ways to the room.
    mutating func dialsElsewhere(after notice: ChatEvent.Notice, actions: inout [Action]) {
        firstFailure = firstFailure ?? notice
        dial(actions: &actions)
    }

    /// There are none.
    mutating func failed(_ notice: ChatEvent.Notice, isFinal: Bool, now: Duration, actions: inout [Action]) {
        if case .newcomer(let since) = standing {
            let busySince = since ?? now
            if notice.code == .hostBusy {
                standing = .newcomer(busySince: busySince)
            }
            guard notice.code == .hostBusy, now - busySince < Self.busyPatience else {
                return end(.lost, firstFailure ?? notice, actions: &actions)
            }
        } else if isFinal {
            return end(.lost, firstFailure ?? notice, actions: &actions)
        }
        firstFailure = nil
        pause(cause: notice.code.rawValue, now: now, actions: &actions)
    }

    private mutating func connectionBroke(cause: String, now: Duration, actions: inout [Action]) {
        phase = .pausing
        actions.append(.connectionLost)
        pause(cause: cause, now: now, actions: &actions)
    }

    /// A member comes back as long as there is a room; one that only waits to leave gives up sooner.
    private mutating func pause(cause: String, now: Duration, actions: inout [Action]) {
        schedule.lost(now: now)
        if let roomEnd, now >= roomEnd + Self.endTolerance {
            return giveUp(
                .ttl, cause: cause, "the room's time is over, and the host could not be reached again",
                actions: &actions)
        }
        if let leavingSince, now - max(leavingSince, schedule.lostAt ?? now) >= Self.deliveryPatience {
            return giveUp(.lost, cause: cause, "the host could not be reached again", actions: &actions)
        }
        var pause = schedule.nextPause(now: now, random: random())
        if let roomEnd {
            pause = min(pause, max(roomEnd + Self.endTolerance - now, ReconnectSchedule.firstPause))
        }
        phase = .pausing
        if hostPause != .waiting {
            actions.append(
                .tell(
                    .connection(
                        .init(
                            state: .reconnecting, attempt: schedule.attempt,
                            retryInMilliseconds: Int(pause / .milliseconds(1)), cause: cause))))
        }
        if hostPause == .told { hostPause = .waiting }
        actions.append(.wait(pause))
    }

    private mutating func giveUp(
        _ reason: ChatEvent.CloseReason, cause: String, _ why: String, actions: inout [Action]
    ) {
        actions.append(.tell(.connection(.init(state: .lost, attempt: schedule.attempt, cause: cause))))
        guard reason != .ttl || undelivered > 0 else { return end(reason, nil, actions: &actions) }
        let waiting =
            switch undelivered {
            case 0: why
            case 1: "1 message was not delivered: \(why)"
            default: "\(undelivered) messages were not delivered: \(why)"
            }
        let notice = ChatEvent.Notice(
            reason == .ttl ? .roomExpired : .connectionLost, waiting, count: undelivered)
        end(reason, notice, actions: &actions)
    }

    /// Something happened (a network came back) that makes a try worth while now.
    mutating func tryNow(actions: inout [Action]) {
        guard schedule.isLost, case .pausing = phase else { return }
        dial(actions: &actions)
    }

    /// Whatever the connection looks like, it is dead.
    mutating func interrupted(cause: String, now: Duration, actions: inout [Action]) {
        if isInRoom {
            actions.append(.close)
            connectionBroke(cause: cause, now: now, actions: &actions)
        }
        tryNow(actions: &actions)
    }

    /// Whoever comes in for the first time is told what it waits for, when that takes long.
    mutating func patienceIsOver(of connectedAt: Duration?, actions: inout [Action]) {
        guard isNewcomer, connectedAt == nil || handshakes.connectedAt == connectedAt else { return }
        switch phase {
        case .dialing where connectedAt == nil: actions.append(.tell(.starting(.hostReach, progress: nil)))
        case _ where connectedAt == nil: break
        case .handshake: actions.append(.tell(.starting(.hostAnswer, progress: nil)))
        case .password, .joining(awaitsApproval: false):
            actions.append(.tell(.starting(.memberAnswer, progress: nil)))
        default: break
        }
    }

    // MARK: The session

    mutating func received(
        _ bytes: Span<UInt8>, now: Duration, scratch: inout [UInt8], events: inout [SessionEvent]
    ) throws(SessionError) {
        if case .handshake = phase { phase = .handshake(hasHeard: true) }
        try session?.received(bytes, now: now, scratch: &scratch, events: &events)
    }

    mutating func happened(_ event: SessionEvent, now: Duration, actions: inout [Action]) {
        switch event {
        case .send(let bytes):
            actions.append(.write(bytes))
        case .established(let peer, _):
            established(peer, now: now, actions: &actions)
        case .message(let type, let body):
            guard case .password(let exchange, let wanted) = phase else {
                return actions.append(.receive(type: type, body: body))
            }
            do throws(SessionError) {
                try receivedAtDoor(type: type, body: body, exchange, then: wanted, actions: &actions)
            } catch {
                failed(error, now: now, actions: &actions)
            }
        case .lane(let frame):
            // A frame may still come while the stay ends.
            if case .ending = phase { return }
            actions.append(.receiveFrame(frame))
        case .acknowledged:
            break
        case .pausing:
            guard isInRoom, hostPause == .none else { return }
            hostPause = .told
            actions.append(.tell(.warning(.roomPaused)))
        case .resumed:
            schedule.connected(now: now)
            cameIn(actions: &actions)
            actions.append(.tell(.connection(.init(state: .connected, attempt: schedule.attempt))))
        case .caughtUp:
            actions.append(.caughtUp)
        case .resumeRefused:
            standing = .outOfGroup
            actions.append(.countAnew)
            join(actions: &actions)
        case .resumeRequested:
            failed(.malformed, now: now, actions: &actions)
        }
    }

    private mutating func established(_ peer: X25519.PublicKey, now: Duration, actions: inout [Action]) {
        handshakes.isOver()
        let verdict = host.showed(peer)
        if verdict == .another { return failed(.hostKeyMismatch(peer.bytes), now: now, actions: &actions) }
        switch standing {
        case .newcomer:
            if verdict == .unknown {
                phase = .pausing
                actions.append(.close)
                return end(.lost, .hostKeyUnknown, actions: &actions)
            }
            if verdict == .new, password == nil { actions.append(.newHostKey(peer)) }
            join(actions: &actions)
        case .outOfGroup: join(actions: &actions)
        case .member:
            phase = .returning
        }
        actions.append(.flush)
    }

    private mutating func join(actions: inout [Action]) {
        phase = .joining(awaitsApproval: false)
        actions.append(.join)
    }

    /// The client wants these to be carried out, to be let in; with a password only after the host has shown that it knows it, too.
    mutating func asks(_ wanted: [MemberClient.Action], now: Duration, actions: inout [Action]) {
        guard let password, let hostKey else { return actions.append(.perform(wanted)) }
        do throws(SessionError) {
            let admission = try MemberAdmission(
                password: password, credentials: credentials, hostKey: hostKey,
                handshakeHash: session?.handshakeHash ?? [])
            send(admission.first, actions: &actions)
            phase = .password(PasswordExchange(admission), then: wanted)
        } catch {
            failed(error, now: now, actions: &actions)
        }
    }

    /// A message of a host that has not shown the password yet. It is believed nothing about the room.
    private mutating func receivedAtDoor(
        type: UInt8, body: [UInt8], _ exchange: PasswordExchange, then wanted: [MemberClient.Action],
        actions: inout [Action]
    ) throws(SessionError) {
        guard AdmissionMessage.isAdmission(type: type) else {
            guard let message = try? HostMessage(type: type, body: body), case .refused(let code) = message,
                isNewcomer || code != .rateLimited
            else { throw .malformed }
            return end(.lost, code.refusal, actions: &actions)
        }
        switch try exchange.received(AdmissionMessage(type: type, body: body)) {
        case .send(let answer):
            send(answer, actions: &actions)
        case .admitted:
            phase = .joining(awaitsApproval: false)
            if isNewcomer, host.isNew, let hostKey { actions.append(.newHostKey(hostKey)) }
            actions.append(.perform(wanted))
        }
    }

    private mutating func send(_ message: AdmissionMessage, actions: inout [Action]) {
        session?.enqueue(message.encoded)
        actions.append(.flush)
    }

    // MARK: The room

    /// The host asks its person.
    mutating func approvalIsAwaited() {
        if case .joining = phase { phase = .joining(awaitsApproval: true) }
    }

    mutating func admitted(_ roomState: HostMessage.RoomState, now: Duration, actions: inout [Action]) {
        schedule.connected(now: now)
        cameIn(actions: &actions)
        if !isNewcomer {
            actions.append(.tell(.connection(.init(state: .connected, attempt: schedule.attempt))))
        }
        standing = .member
        roomEnds(at: roomState.secondsLeft.map { now + .seconds(Int64($0)) }, actions: &actions)
        actions.append(.announce(roomState))
    }

    private mutating func cameIn(actions: inout [Action]) {
        if case .ending = phase { return }
        hostPause = .none
        phase = .inRoom
        actions.append(.cameIn)
    }

    mutating func roomEnds(at end: Duration?, actions: inout [Action]) {
        roomEnd = end
        actions.append(.roomEnds(at: end))
    }

    /// The group cannot be followed any more.
    mutating func startsOver(now: Duration, actions: inout [Action]) {
        actions.append(.close)
        if case .ending = phase { return finish(actions: &actions) }
        session = nil
        standing = .outOfGroup
        connectionBroke(cause: NoticeCode.groupLost.rawValue, now: now, actions: &actions)
    }

    /// Comes with another invite from now on.
    mutating func use(_ invite: InviteSecret) {
        if let hostKey { credentials.use(invite, hostKey: hostKey) }
    }

    // MARK: The end

    mutating func wantsToLeave(now: Duration) {
        leavingSince = leavingSince ?? now
    }

    /// The client says that it leaves.
    mutating func leaves() { leavingSince = nil }

    /// Leaves without a word, where there is nobody to say it to.
    mutating func abandon(actions: inout [Action]) {
        switch phase {
        case .ending, .ended: return
        default: break
        }
        phase = .pausing
        actions.append(.close)
        end(.quit, nil, actions: &actions)
    }

    mutating func end(_ reason: ChatEvent.CloseReason, _ notice: ChatEvent.Notice?, actions: inout [Action]) {
        switch phase {
        case .ending, .ended:
            break
        case .pausing, .dialing, .handshake:
            phase = .ending(reason, notice)
            finish(actions: &actions)
        case .password, .joining, .returning, .inRoom:
            phase = .ending(reason, notice)
            session?.acknowledgeSoon()
            // What the host said last is acknowledged before the connection is closed; and what was said to it, the leaving
            // included, is acknowledged by it.
            actions.append(.flush)
            actions.append(.endSoon(isAnswerOwed: reason == .quit))
        }
    }

    mutating func finish(actions: inout [Action]) {
        guard case .ending(let reason, let notice) = phase else { return }
        phase = .ended
        session = nil
        actions.append(.ended(reason, notice))
    }
}
