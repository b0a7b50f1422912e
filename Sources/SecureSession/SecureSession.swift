package import Wire

/// A member's encrypted, acknowledged, padded exchange of messages with the host, over one connection after another.
///
/// Sans-IO: fed bytes and time, it returns bytes and events. `now` is monotonic time since any fixed origin. What one turn
/// of the loop enqueues is sealed as one message by ``seal(into:)``. The owner closes the connection on any error.
package struct SecureSession: ~Copyable {
    private var link: SecureLink
    private var channel = RecordChannel()
    /// What waits to be sent.
    private var queue: [EncodedMessage] = []
    private var cursor = RecordCursor()
    /// Records sent of a message that is not whole yet, of those that are not queued.
    private var partOfNext = 0
    private let deadline: Duration
    private var lastReceived: Duration
    private var lastSealed: Duration
    /// Since when the peer has been silent although it owes an acknowledgement.
    private var awaitingSince: Duration?
    private var mustSeal = false

    /// Wire bytes after which ``seal(into:now:)`` stops for this turn: what a socket buffer takes at once.
    package static let sealedBytesPerTurn = 262_144

    // MARK: Life

    /// The host's end of a connection that has just been accepted.
    ///
    /// - Parameter prologue: of the onion service that it came by, where that is not the identity's own.
    package init(responder identity: RoomIdentity, prologue: Prologue? = nil, now: Duration) {
        link = SecureLink(responder: identity, prologue: prologue)
        deadline = now + SessionProtocol.responderDeadline
        lastReceived = now
        lastSealed = now
    }

    /// The joiner's end of a new connection; `events` gets the bytes to be sent at once.
    package init(
        initiator credentials: borrowing JoinCredentials, now: Duration, events: inout [SessionEvent]
    ) throws(SessionError) {
        link = try SecureLink(initiator: credentials, events: &events)
        channel.messageLimit = SessionProtocol.longMessageLimit
        deadline = now + SessionProtocol.initiatorDeadline
        lastReceived = now
        lastSealed = now
    }

    /// The joiner's end of a new connection that is to go on where `old` broke off; `session` is its number at the host.
    package init(
        initiator credentials: borrowing JoinCredentials, goingOnFrom old: borrowing SecureSession, session: UInt32,
        now: Duration, events: inout [SessionEvent]
    ) throws(SessionError) {
        try self.init(initiator: credentials, now: now, events: &events)
        channel = old.channel.askingToGoOn(session: session)
    }

    /// The host goes on here with a session, after `resumeRequested`: the peer has received `received` of its records, and
    /// `waiting` more are there for it.
    package mutating func goOn(received: UInt32, waiting: UInt32) {
        channel.confirmGoingOn(received: received, waiting: waiting)
        queue = []
        cursor = RecordCursor()
    }

    /// The peer may send messages of up to ``SessionProtocol/memberMessageLimit`` bytes from now on, or of as many as
    /// something that it was asked for can have, if that is more.
    package mutating func acceptLongMessages(of byteCount: Int = 0) {
        let limit = min(max(byteCount, SessionProtocol.memberMessageLimit), SessionProtocol.longMessageLimit)
        channel.messageLimit = max(channel.messageLimit, limit)
    }

    /// Whether the handshake is done.
    package var isOpen: Bool { link.isOpen }

    /// Whether the peer has shown that it holds an invite.
    var isInvited: Bool { link.isInvited }

    /// The invite that the connection's handshake is made with.
    package var invite: InviteSecret? { link.invite }

    /// Names this connection's handshake, for binding something to it: 64 bytes, the same on both sides; empty before.
    package var handshakeHash: [UInt8] { link.handshakeHash }

    /// Nothing will be bound to the handshake any more.
    package mutating func forgetHandshake() { link.forgetHandshake() }

    /// When a connection that is not part of a room yet is to be closed.
    package var admissionDeadline: Duration { deadline }

    /// Records sent since number 0 of the session, with those that are queued.
    package var recordCount: UInt32 {
        channel.sentCount &+ queue[cursor.message...].reduce(0) { $0 &+ UInt32($1.recordCount) }
            &- UInt32(cursor.record)
    }

    /// Whether all that was queued has been sent, and the peer has acknowledged it.
    package var isSettled: Bool { cursor.message == queue.count && !channel.awaitsAcknowledgement }

    /// Whether something is queued that has not been sealed.
    package var hasQueued: Bool { cursor.message < queue.count }

    // MARK: Receiving

    /// Takes bytes from the peer and appends what they bring to `events`. `scratch` is working space that many sessions
    /// share.
    package mutating func received(
        _ bytes: Span<UInt8>, now: Duration, scratch: inout [UInt8], events: inout [SessionEvent]
    ) throws(SessionError) {
        lastReceived = now
        var index = 0
        while let count = try link.nextPayload(bytes, from: &index, scratch: &scratch, events: &events) {
            try channel.received(scratch, count: count, now: now, events: &events)
        }
        awaitingSince = channel.awaitsAcknowledgement ? now : nil
    }

    // MARK: Sending

    /// Queues a message; the next ``seal(into:now:)`` sends it. False when no session carries it.
    @discardableResult
    package mutating func enqueue(_ message: EncodedMessage) -> Bool {
        guard message.canTravel else { return false }
        queue.append(message)
        return true
    }

    /// How many records have been received.
    package var receivedCount: UInt32 { channel.receivedCount }

    /// Records after number `limit` are not to be acknowledged before this is called again: the owner has not passed on yet
    /// what they brought.
    package mutating func mayAcknowledge(upTo limit: UInt32, now: Duration) {
        channel.mayAcknowledge(upTo: limit, now: now)
    }

    /// The next ``seal(into:now:)`` sends a message even if it is empty, so that the peer learns what has been received.
    package mutating func acknowledgeSoon() {
        mustSeal = true
    }

    /// Whether sealing would send anything now.
    ///
    /// - Parameter hasMore: whether there are messages beside those that were queued.
    package func wantsToSend(now: Duration, hasMore: Bool = false) -> Bool {
        guard link.isOpen, !channel.isWaitingForHost else { return false }
        return mustSeal || hasMore || hasQueued || channel.hasControl || channel.mustAcknowledgeNow
            || now >= nextSilentSend
    }

    /// Seals all that is queued, as few messages as it fits into, and appends their frames to `wire`; an empty message
    /// where only an acknowledgement or a keepalive is due.
    package mutating func seal(into wire: inout [UInt8], now: Duration) throws(SessionError) {
        var cursor = self.cursor
        defer {
            self.cursor = cursor
            if cursor.message == queue.count {
                queue = []
                self.cursor = RecordCursor()
            }
        }
        try seal(queue, from: &cursor, into: &wire, now: now)
    }

    /// The same with what is queued, and behind it `messages`, of whose first one the session may have sent a part before.
    /// Returns how many of them have been sealed whole: the next call is to go on behind those.
    package mutating func seal(
        _ messages: [EncodedMessage], into wire: inout [UInt8], now: Duration
    ) throws(SessionError) -> Int {
        if hasQueued {
            try seal(into: &wire, now: now)
            guard !hasQueued else { return 0 }
        }
        var cursor = RecordCursor(message: 0, record: partOfNext)
        defer { partOfNext = cursor.record }
        try seal(messages, from: &cursor, into: &wire, now: now)
        return cursor.message
    }

    /// Records of the next message, of those that ``seal(_:into:now:)`` is given, that the peer has got already.
    package mutating func goOnInMessage(afterRecords count: Int) {
        partOfNext = count
    }

    private mutating func seal(
        _ messages: [EncodedMessage], from cursor: inout RecordCursor, into wire: inout [UInt8], now: Duration
    ) throws(SessionError) {
        guard wantsToSend(now: now, hasMore: cursor.message < messages.count) else { return }
        let begin = wire.count
        repeat {
            let start = wire.count
            let payload = channel.nextPayload(of: messages, from: &cursor, capacity: Padding.largestContent)
            let bucket = Padding.bucket(for: payload.contentByteCount)
            wire.append(contentsOf: Padding.zeros[..<bucket])
            channel.write(payload, of: messages, to: &wire, at: start + SessionProtocol.lengthByteCount)
            try link.seal(&wire, from: start)
        } while cursor.message < messages.count && !channel.isWaitingForHost
            && wire.count - begin < Self.sealedBytesPerTurn
        lastSealed = now
        mustSeal = false
        if awaitingSince == nil, channel.awaitsAcknowledgement {
            awaitingSince = now
        }
    }

    /// Whether frames of the lane of files may be sealed: nothing of the session itself stands before them.
    package var isLaneOpen: Bool { link.isOpen && !channel.isWaitingForHost && !channel.hasControl }

    /// Seals frames of the lane, which with a header of 3 bytes each fill at most ``SessionProtocol/laneContentLimit`` bytes,
    /// as one message. They are neither numbered nor kept: what a broken connection loses is gone.
    ///
    /// - Precondition: ``isLaneOpen``.
    package mutating func sealLane(
        _ frames: [[UInt8]], into wire: inout [UInt8], now: Duration
    ) throws(SessionError) {
        precondition(isLaneOpen, "the session itself goes before its lane")
        try seal(channel.lanePayload(of: frames, capacity: SessionProtocol.laneContentLimit), into: &wire, now: now)
    }

    /// Seals that the host pauses, behind which nothing more comes; nothing before the peer can know what that is.
    package mutating func sealPause(into wire: inout [UInt8], now: Duration) throws(SessionError) {
        guard isLaneOpen else { return }
        try seal(channel.pausePayload(), into: &wire, now: now)
    }

    private mutating func seal(
        _ payload: RecordChannel.Payload, into wire: inout [UInt8], now: Duration
    ) throws(SessionError) {
        let start = wire.count
        wire.append(contentsOf: Padding.zeros[..<Padding.bucket(for: payload.contentByteCount)])
        channel.write(payload, of: [], to: &wire, at: start + SessionProtocol.lengthByteCount)
        try link.seal(&wire, from: start)
        lastSealed = now
        mustSeal = false
    }

    // MARK: Time

    /// When an acknowledgement or a keepalive is due, if nothing else is sent before.
    private var nextSilentSend: Duration {
        let isOverdue = channel.withholdsAcknowledgement
        let keepalive = lastSealed + (isOverdue ? SessionProtocol.lifeSignInterval : SessionProtocol.keepaliveInterval)
        guard let since = channel.owesAcknowledgementSince else { return keepalive }
        return min(keepalive, since + SessionProtocol.acknowledgementDelay)
    }

    /// When the owner should look at this session again: to seal, or because the peer is silent for too long.
    package var nextDeadline: Duration {
        guard link.isOpen else { return deadline }
        return channel.isWaitingForHost ? deathTime : min(nextSilentSend, deathTime)
    }

    /// How long the peer may be silent while it owes an acknowledgement.
    private var answerLimit: Duration {
        link.isInitiator ? SessionProtocol.hostAnswerLimit : SessionProtocol.memberAnswerLimit
    }

    /// When a peer that stays silent counts as dead.
    private var deathTime: Duration {
        if channel.isWaitingForHost { return lastReceived + answerLimit }
        let silence = lastReceived + SessionProtocol.silenceLimit
        guard let awaitingSince else { return silence }
        return min(silence, awaitingSince + answerLimit)
    }

    /// Whether the peer has been silent for longer than it may.
    package func isDead(now: Duration) -> Bool {
        now >= (link.isOpen ? deathTime : deadline)
    }
}
