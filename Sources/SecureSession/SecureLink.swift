internal import Noise
internal import Sodium
internal import Wire

/// One connection: pattern byte, Noise handshake, then sealed messages in frames (docs/protocol.md, "Session").
///
/// A value: it is fed bytes and gives back bytes, and has no clock. Key material lives in its Noise states only.
struct SecureLink: ~Copyable {
    private enum State: ~Copyable {
        case awaitingPattern(RoomIdentity)
        /// The invite's pre-shared key is found by trying the first message with each.
        case awaitingInvite(RoomIdentity)
        case handshaking(HandshakeState, invited: Bool, expectedKey: X25519.PublicKey?)
        case open(sending: CipherState, receiving: CipherState)
        /// Swallows everything, so that a prober learns nothing until the deadline.
        case silent
        case failed
    }

    private var state: State
    private var frames: FrameDecoder
    private let isInitiator: Bool
    /// Set when the pattern byte is known; the length of the handshake message that comes next.
    private var expectedLength = 0
    private var sealedCount: UInt64 = 0
    private var openedCount: UInt64 = 0

    /// Lengths of the three handshake messages, with empty payloads.
    private enum MessageLength {
        static let open = [32, 96, 64]
        static let invite = [48, 48, 64]
        /// A host that does not speak our version answers with its own, one byte.
        static let version = 1
    }

    var isOpen: Bool {
        switch state {
        case .open: true
        default: false
        }
    }

    /// The host's end of a new connection.
    init(responder identity: RoomIdentity) {
        state = .awaitingPattern(identity)
        frames = FrameDecoder(maximumLength: MessageLength.open[0])
        isInitiator = false
    }

    /// The joiner's end of a new connection; the bytes to be sent at once are appended to `events`.
    init(initiator credentials: borrowing JoinCredentials, events: inout [SessionEvent]) throws(SessionError) {
        isInitiator = true
        let pattern: UInt8
        do {
            var handshake: HandshakeState
            if let invite = credentials.invite {
                pattern = SessionProtocol.invitePattern
                handshake = try HandshakeState(
                    pattern: .XKpsk0, role: .initiator, prologue: credentials.prologue.bytes(pattern: pattern),
                    staticKey: credentials.staticKey, remoteStatic: credentials.hostKey,
                    presharedKey: invite.presharedKey)
            } else {
                pattern = SessionProtocol.openPattern
                handshake = try HandshakeState(
                    pattern: .XX, role: .initiator, prologue: credentials.prologue.bytes(pattern: pattern),
                    staticKey: credentials.staticKey)
            }
            var first: [UInt8] = [pattern]
            first.appendFrame(try handshake.writeMessage())
            events.append(.send(first))
            state = .handshaking(handshake, invited: credentials.invite != nil, expectedKey: credentials.hostKey)
        } catch {
            throw .handshakeFailed
        }
        expectedLength = (pattern == SessionProtocol.openPattern ? MessageLength.open : MessageLength.invite)[1]
        frames = FrameDecoder(maximumLength: expectedLength)
    }

    // MARK: Receiving

    /// Takes `bytes` from `index` on until a sealed message is whole, which is opened into `scratch` and whose count of
    /// plaintext bytes is returned; nil when all bytes are taken. Handshake progress goes to `events`.
    mutating func nextPayload(
        _ bytes: Span<UInt8>, from index: inout Int, scratch: inout [UInt8], events: inout [SessionEvent]
    ) throws(SessionError) -> Int? {
        if case .awaitingPattern = state, index < bytes.count {
            choosePattern(bytes[index], events: &events)
            index += 1
        }
        while index < bytes.count {
            if case .silent = state {
                index = bytes.count
                return nil
            }
            let step: FrameDecoder.Step
            do {
                step = try frames.next(bytes, from: &index)
            } catch {
                throw failure(isInitiator && !isOpen ? .notTermTalk : .malformed)
            }
            let count: Int?
            switch step {
            case .needsMore: return nil
            case .inInput(let range): count = try receivedFrame(bytes.extracting(range), &scratch, &events)
            case .assembled(let frame): count = try receivedFrame(frame.span, &scratch, &events)
            }
            if let count { return count }
        }
        return nil
    }

    private mutating func choosePattern(_ pattern: UInt8, events: inout [SessionEvent]) {
        guard case .awaitingPattern(let identity) = consume state else {
            preconditionFailure("called in this state only")
        }
        switch pattern {
        case SessionProtocol.invitePattern:
            state = .awaitingInvite(identity)
            expectedLength = MessageLength.invite[0]
            frames.maximumLength = expectedLength
        case SessionProtocol.openPattern where identity.acceptsOpen:
            let prologue = identity.prologue.bytes(pattern: pattern)
            if let handshake = try? HandshakeState(
                pattern: .XX, role: .responder, prologue: prologue, staticKey: identity.staticKey)
            {
                state = .handshaking(handshake, invited: false, expectedKey: nil)
                expectedLength = MessageLength.open[0]
                frames.maximumLength = expectedLength
            } else {
                state = .silent
            }
        default:
            if identity.acceptsOpen && pattern != SessionProtocol.openPattern {
                var answer: [UInt8] = []
                answer.appendFrame([SessionProtocol.version])
                events.append(.send(answer))
            }
            state = .silent
        }
    }

    /// Returns the plaintext's count when the frame was a sealed message.
    private mutating func receivedFrame(
        _ frame: Span<UInt8>, _ scratch: inout [UInt8], _ events: inout [SessionEvent]
    ) throws(SessionError) -> Int? {
        switch consume state {
        case .open(let sending, var receiving):
            let count = Self.open(frame, with: &receiving, scratch: &scratch)
            guard let count else {
                state = .failed
                throw .sealBroken
            }
            openedCount += 1
            if openedCount % SessionProtocol.messagesPerKey == 0 {
                receiving.rekey()
            }
            state = .open(sending: sending, receiving: receiving)
            return count
        case .awaitingInvite(let identity):
            state = .silent
            guard frame.count == expectedLength else { return nil }
            for invite in identity.invites {
                if let answer = acceptInvite(frame, invite: invite, identity: identity) {
                    events.append(.send(answer))
                    return nil
                }
            }
            return nil
        case .handshaking(var handshake, let invited, let expectedKey):
            guard frame.count == expectedLength else {
                state = .failed
                throw isInitiator ? Self.explain(frame) : .handshakeFailed
            }
            do {
                _ = try handshake.readMessage(frame)
            } catch {
                state = .failed
                throw isInitiator ? .noSuchRoom : .handshakeFailed
            }
            if isInitiator, let expectedKey, let key = handshake.remoteStatic, key != expectedKey {
                state = .failed
                throw .hostKeyMismatch(key.bytes)
            }
            try advance(handshake, invited: invited, events: &events)
            return nil
        case .awaitingPattern, .silent, .failed:
            state = .failed
            throw .malformed
        }
    }

    private mutating func acceptInvite(_ frame: Span<UInt8>, invite: InviteSecret, identity: RoomIdentity) -> [UInt8]? {
        let prologue = identity.prologue.bytes(pattern: SessionProtocol.invitePattern)
        guard
            var handshake = try? HandshakeState(
                pattern: .XKpsk0, role: .responder, prologue: prologue, staticKey: identity.staticKey,
                presharedKey: invite.presharedKey),
            (try? handshake.readMessage(frame)) != nil,
            let message = try? handshake.writeMessage()
        else { return nil }
        var answer: [UInt8] = []
        answer.appendFrame(message)
        state = .handshaking(handshake, invited: true, expectedKey: nil)
        expectedLength = MessageLength.invite[2]
        frames.maximumLength = expectedLength
        return answer
    }

    /// Writes what is due after a handshake message has been read, and opens the link after the last one.
    private mutating func advance(
        _ handshake: consuming HandshakeState, invited: Bool, events: inout [SessionEvent]
    ) throws(SessionError) {
        do {
            if !handshake.isFinished {
                var answer: [UInt8] = []
                answer.appendFrame(try handshake.writeMessage())
                events.append(.send(answer))
            }
            guard handshake.isFinished else {
                state = .handshaking(handshake, invited: invited, expectedKey: nil)
                expectedLength = MessageLength.open[2]
                frames.maximumLength = expectedLength
                return
            }
            guard let peer = handshake.remoteStatic else { throw SessionError.handshakeFailed }
            let transport = try handshake.split()
            state = .open(sending: transport.sending, receiving: transport.receiving)
            frames.maximumLength =
                (SessionProtocol.smallestBucket << SessionProtocol.largestBucketShift) - SessionProtocol.lengthByteCount
            events.append(.established(peer: peer, invited: invited))
        } catch {
            state = .failed
            throw .handshakeFailed
        }
    }

    private static func open(_ frame: Span<UInt8>, with cipher: inout CipherState, scratch: inout [UInt8]) -> Int? {
        guard Padding.isBucket(frameLength: frame.count) else { return nil }
        scratch.removeAll(keepingCapacity: true)
        scratch.append(copying: frame)
        var span = scratch.mutableSpan
        guard (try? cipher.decrypt(inPlace: &span, authenticating: [UInt8]().span)) != nil else { return nil }
        return frame.count - 16
    }

    private static func explain(_ frame: Span<UInt8>) -> SessionError {
        guard frame.count == MessageLength.version, frame[0] != SessionProtocol.version else { return .notTermTalk }
        return .versionMismatch(frame[0])
    }

    private mutating func failure(_ error: SessionError) -> SessionError {
        state = .failed
        return error
    }

    // MARK: Sending

    /// Seals the payload that `wire` holds from `start` on and makes a padded frame of it; two bytes for the length stand
    /// before it already.
    mutating func seal(_ wire: inout [UInt8], from start: Int) throws(SessionError) {
        let content = wire.count - start - SessionProtocol.lengthByteCount - SessionProtocol.payloadHeaderByteCount
        let bucket = Padding.bucket(for: content)
        wire.append(contentsOf: repeatElement(0, count: start + bucket - wire.count))
        let length = bucket - SessionProtocol.lengthByteCount
        wire[start] = UInt8(truncatingIfNeeded: length >> 8)
        wire[start + 1] = UInt8(truncatingIfNeeded: length)
        guard case .open(var sending, let receiving) = consume state else {
            preconditionFailure("only an open link seals")
        }
        var span = wire.mutableSpan
        var sealed = span.extracting((start + SessionProtocol.lengthByteCount)...)
        do {
            try sending.encrypt(inPlace: &sealed, authenticating: [UInt8]().span)
        } catch {
            state = .failed
            throw .exhausted
        }
        sealedCount += 1
        if sealedCount % SessionProtocol.messagesPerKey == 0 {
            sending.rekey()
        }
        state = .open(sending: sending, receiving: receiving)
    }
}

extension [UInt8] {
    mutating func appendFrame(_ content: [UInt8]) {
        append(bigEndian: UInt16(content.count))
        append(contentsOf: content)
    }

    mutating func append(copying bytes: Span<UInt8>) {
        reserveCapacity(count + bytes.count)
        for index in bytes.indices {
            append(bytes[index])
        }
    }
}
