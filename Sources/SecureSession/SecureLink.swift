internal import Noise
internal import Sodium
internal import Wire

/// One connection: pattern byte, Noise handshake, then sealed messages in frames (docs/protocol.md, "Session").
///
/// A value: it is fed bytes and gives back bytes, and has no clock. Key material lives in its Noise states only.
struct SecureLink: ~Copyable {
    private enum Phase {
        case awaitingPattern
        /// Which invite the first message is made with is found by its tag.
        case awaitingInvite
        case handshaking
        case open
        /// Swallows everything, so that a prober learns nothing until the deadline.
        case silent
        case failed
    }

    /// What a handshake needs, and its hash until nobody asks for it any more. Apart from the rest: it is large, and soon over.
    private final class Handshake {
        /// The host's; nil at the initiator.
        let identity: RoomIdentity?
        /// The onion service that the connection came by, where that is not the identity's own.
        let prologue: Prologue?
        /// The initiator refuses a host with another key.
        let expectedKey: X25519.PublicKey?
        /// Set when the pattern byte is known; the length of the handshake message that comes next.
        var expectedLength = 0
        /// Nil before the pattern is known, and once it is finished.
        var state: HandshakeState?
        /// Names the finished handshake; empty before.
        var hash: [UInt8] = []

        init(identity: RoomIdentity?, prologue: Prologue?, expectedKey: X25519.PublicKey?) {
            self.identity = identity
            self.prologue = prologue
            self.expectedKey = expectedKey
        }
    }

    private var phase: Phase
    let isInitiator: Bool
    private var handshake: Handshake?
    private var transport: Noise.Transport?
    private var frames: FrameDecoder
    /// The invite that the handshake is made with.
    private(set) var invite: InviteSecret?
    var isInvited: Bool { invite != nil }
    /// Names the finished handshake; empty before, and once it is forgotten.
    var handshakeHash: [UInt8] { handshake?.hash ?? [] }

    /// Lengths of the three handshake messages, with empty payloads; an invite's tag stands before the first.
    private enum MessageLength {
        static let open = [32, 96, 64]
        static let invite = [InviteSecret.tagByteCount + 48, 48, 64]
        /// A host that does not speak our version answers with its own, one byte.
        static let version = 1
    }

    var isOpen: Bool {
        if case .open = phase { true } else { false }
    }

    /// The host's end of a new connection.
    init(responder identity: RoomIdentity, prologue: Prologue?) {
        phase = .awaitingPattern
        handshake = Handshake(identity: identity, prologue: prologue, expectedKey: nil)
        frames = FrameDecoder(maximumLength: MessageLength.open[0])
        isInitiator = false
    }

    /// The joiner's end of a new connection; the bytes to be sent at once are appended to `events`.
    init(initiator credentials: borrowing JoinCredentials, events: inout [SessionEvent]) throws(SessionError) {
        isInitiator = true
        invite = credentials.invite
        let isInvited = credentials.invite != nil
        let own = Handshake(identity: nil, prologue: nil, expectedKey: credentials.hostKey)
        handshake = own
        phase = .handshaking
        let pattern = isInvited ? SessionProtocol.invitePattern : SessionProtocol.openPattern
        let first: [UInt8]
        do {
            var handshake = try HandshakeState(
                pattern: isInvited ? .XKpsk0 : .XX, role: .initiator,
                prologue: credentials.prologue.bytes(pattern: pattern), staticKey: credentials.staticKey.clone(),
                remoteStatic: isInvited ? credentials.hostKey : nil,
                presharedKey: credentials.invite?.presharedKey.clone())
            let message = try handshake.writeMessage()
            first = (credentials.invite?.tag(of: message.span) ?? []) + message
            own.state = consume handshake
        } catch {
            throw .handshakeFailed
        }
        own.expectedLength = (pattern == SessionProtocol.openPattern ? MessageLength.open : MessageLength.invite)[1]
        frames = FrameDecoder(maximumLength: own.expectedLength)
        var bytes = [pattern]
        bytes.appendFrame(first)
        events.append(.send(bytes))
    }

    // MARK: Receiving

    /// Takes `bytes` from `index` on until a sealed message is whole, which is opened into `scratch` and whose count of
    /// plaintext bytes is returned; nil when all bytes are taken. Handshake progress goes to `events`.
    mutating func nextPayload(
        _ bytes: Span<UInt8>, from index: inout Int, scratch: inout [UInt8], events: inout [SessionEvent]
    ) throws(SessionError) -> Int? {
        if case .awaitingPattern = phase, index < bytes.count {
            choosePattern(bytes[index], events: &events)
            index += 1
        }
        while index < bytes.count {
            if case .silent = phase {
                index = bytes.count
                return nil
            }
            var isWhole = false
            do {
                index += try frames.received(bytes.extracting(index...)) { frame in
                    scratch.removeAll(keepingCapacity: true)
                    scratch.append(copying: frame)
                    isWhole = true
                    return false
                }
            } catch {
                if case .awaitingInvite = phase {
                    phase = .silent
                    continue
                }
                throw failure(isInitiator && !isOpen ? .notTermTalk : .malformed)
            }
            guard isWhole else { return nil }
            let count = try receivedFrame(&scratch, &events)
            if let count { return count }
        }
        return nil
    }

    private mutating func choosePattern(_ pattern: UInt8, events: inout [SessionEvent]) {
        guard let handshake, let identity = handshake.identity else { return }
        switch pattern {
        case SessionProtocol.invitePattern:
            phase = .awaitingInvite
            expect(MessageLength.invite[0])
        case SessionProtocol.openPattern where identity.acceptsOpen:
            phase = .handshaking
            expect(MessageLength.open[0])
            do throws(NoiseError) {
                handshake.state = try HandshakeState(
                    pattern: .XX, role: .responder,
                    prologue: (handshake.prologue ?? identity.prologue).bytes(pattern: pattern),
                    staticKey: identity.staticKey.clone(), remoteStatic: nil, presharedKey: nil)
            } catch {
                phase = .silent
            }
        default:
            if identity.acceptsOpen {
                var answer: [UInt8] = []
                answer.appendFrame([SessionProtocol.version])
                events.append(.send(answer))
            }
            phase = .silent
        }
    }

    private mutating func expect(_ length: Int) {
        handshake?.expectedLength = length
        frames.maximumLength = length
    }

    /// Returns the plaintext's count when the frame was a sealed message, which is opened in place.
    private mutating func receivedFrame(
        _ frame: inout [UInt8], _ events: inout [SessionEvent]
    ) throws(SessionError) -> Int? {
        switch phase {
        case .open:
            return try open(&frame)
        case .awaitingInvite:
            phase = .silent
            guard let handshake, let identity = handshake.identity, frame.count == handshake.expectedLength else {
                return nil
            }
            let message = frame.span.extracting(InviteSecret.tagByteCount...)
            guard let invite = identity.invite(of: frame.span.extracting(..<InviteSecret.tagByteCount), message)
            else { return nil }
            guard identity.admitsInvited() else { throw failure(.busy) }
            accept(message, invite: invite, identity: identity, handshake, events: &events)
            return nil
        case .handshaking:
            try advanceHandshake(frame, events: &events)
            return nil
        case .awaitingPattern, .silent, .failed:
            throw failure(.malformed)
        }
    }

    private mutating func open(_ frame: inout [UInt8]) throws(SessionError) -> Int {
        guard Padding.isBucket(frameLength: frame.count) else { throw failure(.sealBroken) }
        var span = frame.mutableSpan
        guard (try? transport?.receiving.decrypt(inPlace: &span, authenticating: Span())) != nil else {
            throw failure(.sealBroken)
        }
        if let count = transport?.receiving.nonce, count % SessionProtocol.messagesPerKey == 0 {
            transport?.receiving.rekey()
        }
        return frame.count - CipherState.tagByteCount
    }

    /// Answers the first message, made with this invite; one that says so and is not is met with silence.
    private mutating func accept(
        _ message: Span<UInt8>, invite: InviteSecret, identity: RoomIdentity, _ handshake: Handshake,
        events: inout [SessionEvent]
    ) {
        do throws(NoiseError) {
            var attempt = try HandshakeState(
                pattern: .XKpsk0, role: .responder,
                prologue: (handshake.prologue ?? identity.prologue).bytes(pattern: SessionProtocol.invitePattern),
                staticKey: identity.staticKey.clone(), remoteStatic: nil, presharedKey: invite.presharedKey.clone())
            _ = try attempt.readMessage(message)
            var answer: [UInt8] = []
            answer.appendFrame(try attempt.writeMessage())
            events.append(.send(answer))
            handshake.state = consume attempt
        } catch {
            return
        }
        self.invite = invite
        phase = .handshaking
        expect(MessageLength.invite[2])
    }

    private mutating func advanceHandshake(_ frame: [UInt8], events: inout [SessionEvent]) throws(SessionError) {
        guard let handshake, frame.count == handshake.expectedLength else {
            throw failure(isInitiator ? Self.explain(frame) : .handshakeFailed)
        }
        guard var current = handshake.state.take(), (try? current.readMessage(frame.span)) != nil
        else { throw failure(isInitiator ? .noSuchRoom : .handshakeFailed) }
        let peer = current.remoteStatic
        if isInitiator, let expectedKey = handshake.expectedKey, let peer, peer != expectedKey {
            throw failure(.hostKeyMismatch(peer.bytes))
        }
        do throws(NoiseError) {
            if !current.isFinished {
                var answer: [UInt8] = []
                answer.appendFrame(try current.writeMessage())
                events.append(.send(answer))
            }
            guard current.isFinished, let peer else {
                handshake.state = consume current
                expect(MessageLength.open[2])
                return
            }
            handshake.hash = current.handshakeHash
            transport = try current.split()
            phase = .open
            expect(
                (SessionProtocol.smallestBucket << SessionProtocol.largestBucketShift) - SessionProtocol.lengthByteCount
            )
            events.append(.established(peer: peer, invited: isInvited))
        } catch {
            throw failure(.handshakeFailed)
        }
    }

    /// Nobody asks for the handshake's hash any more.
    mutating func forgetHandshake() {
        if isOpen { handshake = nil }
        transport?.forgetHandshake()
    }

    private static func explain(_ frame: [UInt8]) -> SessionError {
        guard frame.count == MessageLength.version, frame[0] != SessionProtocol.version else { return .notTermTalk }
        return .versionMismatch(frame[0])
    }

    private mutating func failure(_ error: SessionError) -> SessionError {
        phase = .failed
        handshake = nil
        transport = nil
        return error
    }

    // MARK: Sending

    /// Makes a frame of what `wire` holds from `start` on: room for the length, a padded payload, room for the tag.
    ///
    /// - Precondition: the link is open.
    mutating func seal(_ wire: inout [UInt8], from start: Int) throws(SessionError) {
        precondition(isOpen, "only an open link seals")
        let length = wire.count - start - SessionProtocol.lengthByteCount
        wire[start] = UInt8(truncatingIfNeeded: length >> 8)
        wire[start + 1] = UInt8(truncatingIfNeeded: length)
        do {
            try unsafe wire.withUnsafeMutableBufferPointer { bytes throws(NoiseError) in
                let message = unsafe UnsafeMutableBufferPointer(
                    rebasing: bytes[(start + SessionProtocol.lengthByteCount)...])
                var span = unsafe message.mutableSpan
                try transport?.sending.encrypt(inPlace: &span, authenticating: Span())
            }
        } catch {
            throw failure(.exhausted)
        }
        if let count = transport?.sending.nonce, count % SessionProtocol.messagesPerKey == 0 {
            transport?.sending.rekey()
        }
    }
}

extension [UInt8] {
    mutating func appendFrame(_ content: [UInt8]) {
        append(bigEndian: UInt16(content.count))
        append(contentsOf: content)
    }

    mutating func append(copying bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { bytes in unsafe append(contentsOf: bytes) }
    }
}
