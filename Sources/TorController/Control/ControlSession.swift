import EventLoop
internal import Sodium

/// One control connection as a value: authentication first, then commands matched with their replies in order.
///
/// Of the methods tor offers the first of these that works is used: HASHEDPASSWORD when a password is there, SAFECOOKIE
/// (both sides prove they know the cookie), NULL (nothing is given away), and where the person named the endpoint COOKIE,
/// which gives the file's bytes away. A tor allows one try a connection.
struct ControlSession {
    /// What the owner carries out, in order.
    enum Output {
        case send([UInt8])
        case sendSecret(SharedSecret)
        /// Read this file and answer with ``ControlSession/cookieRead(_:)``.
        case readCookie(path: [UInt8])
        case authenticated(ProtocolInfo)
        case reply(CommandID, ControlReply)
        /// The reply was longer than ``ControlReplyParser`` reads, and is lost.
        case replyTooLong(CommandID)
        case event(ControlEvent)
        /// The end: close the connection.
        case fail(TorError)
    }

    /// Identifies a command until its reply.
    struct CommandID: Hashable, Sendable {
        let value: UInt64
    }

    /// What reading the cookie file gave.
    enum CookieOutcome {
        case cookie(SharedSecret)
        case permissionDenied
        case missing
        /// Not exactly 32 bytes, or no regular file.
        case malformed
        /// It need not be tor's: a link, or a file of another user.
        case untrusted
    }

    private enum State {
        case waitingForProtocolInfo
        case waitingForCookie(ProtocolInfo)
        case waitingForChallenge(ProtocolInfo, cookie: SharedSecret)
        case waitingForAuthentication(ProtocolInfo)
        case open
        case failed
    }

    private let endpoint: TorEndpoint
    private let password: SharedSecret?
    private let clientNonce: [UInt8]
    private var state = State.waitingForProtocolInfo
    private var parser = ControlReplyParser()
    private var pending: [CommandID] = []
    private var nextID: UInt64 = 0

    /// `clientNonce` is 32 random bytes.
    init(endpoint: TorEndpoint, password: SharedSecret?, clientNonce: [UInt8]) {
        precondition(clientNonce.count == SafeCookie.byteCount, "a nonce of SAFECOOKIE has 32 bytes")
        self.endpoint = endpoint
        self.password = password
        self.clientNonce = clientNonce
    }

    var isOpen: Bool { if case .open = state { true } else { false } }
    /// Whether a reply is owed by tor.
    var isWaiting: Bool { !pending.isEmpty }

    /// The connection is there: asks for what tor offers. Before authentication tor takes this question once only.
    mutating func connected() -> [Output] {
        [.send(Array("PROTOCOLINFO 1\r\n".utf8))]
    }

    /// Queues a command; only an authenticated session takes any.
    mutating func send(_ command: ControlCommand) -> (CommandID, [Output]) {
        precondition(isOpen, "no commands before authentication")
        let id = CommandID(value: nextID)
        nextID += 1
        pending.append(id)
        return (id, [Self.output(of: command)])
    }

    mutating func received(_ bytes: Span<UInt8>) -> [Output] {
        if case .failed = state { return [] }
        var parsed: [ControlReplyParser.Output] = []
        var failure: ControlProtocolError?
        do {
            try parser.received(bytes) { parsed.append($0) }
        } catch {
            failure = error
        }
        var outputs: [Output] = []
        for output in parsed {
            if case .failed = state { break }
            switch output {
            case .reply(let reply) where reply.isEvent: if isOpen { outputs.append(.event(ControlEvent(reply))) }
            case .reply(let reply): outputs += received(reply)
            case .tooLong(status: ControlReply.eventStatus): break
            case .tooLong: outputs += isOpen && isWaiting ? [.replyTooLong(pending.removeFirst())] : protocolBroken()
            }
        }
        if failure != nil { outputs += protocolBroken() }
        return outputs
    }

    /// The answer to ``Output/readCookie(path:)``.
    mutating func cookieRead(_ outcome: CookieOutcome) -> [Output] {
        guard case .waitingForCookie(let info) = state else { return [] }
        guard case .cookie(let cookie) = outcome, cookie.bytes.count == SafeCookie.byteCount else {
            return authenticate(info, cookieFailure: outcome)
        }
        guard info.methods.contains(.safeCookie) else {
            state = .waitingForAuthentication(info)
            return [Self.output(of: .authenticate(cookie.bytes))]
        }
        state = .waitingForChallenge(info, cookie: cookie)
        return [.send(Array("AUTHCHALLENGE SAFECOOKIE \(Base16.encode(clientNonce))\r\n".utf8))]
    }

    private mutating func received(_ reply: ControlReply) -> [Output] {
        switch state {
        case .waitingForProtocolInfo:
            guard let info = try? ProtocolInfo(reply) else { return protocolBroken() }
            return authenticate(info, cookieFailure: nil)
        case .waitingForChallenge(let info, let cookie):
            return challenged(reply, info, cookie)
        case .waitingForAuthentication(let info):
            guard reply.isPositive else { return fail(.authenticationFailed(.refused)) }
            state = .open
            parser.skipsForeignLines = true
            return [.authenticated(info)]
        case .open:
            guard !pending.isEmpty else { return protocolBroken() }
            return [.reply(pending.removeFirst(), reply)]
        case .waitingForCookie, .failed:
            return protocolBroken()
        }
    }

    private mutating func authenticate(_ info: ProtocolInfo, cookieFailure: CookieOutcome?) -> [Output] {
        let methods = info.methods
        let cookieFile = cookieFailure == nil ? info.cookieFile : nil
        if let password, methods.contains(.hashedPassword) {
            state = .waitingForAuthentication(info)
            return [Self.output(of: .authenticate(password.bytes))]
        }
        if let cookieFile, methods.contains(.safeCookie) {
            state = .waitingForCookie(info)
            return [.readCookie(path: cookieFile)]
        }
        if methods.contains(.null) {
            state = .waitingForAuthentication(info)
            return [.send(Array("AUTHENTICATE\r\n".utf8))]
        }
        if let cookieFile, methods.contains(.cookie), endpoint.source == .named {
            state = .waitingForCookie(info)
            return [.readCookie(path: cookieFile)]
        }
        switch cookieFailure {
        case .permissionDenied:
            return fail(.permissionDenied(path: String(decoding: info.cookieFile ?? [], as: UTF8.self)))
        case .untrusted: return fail(.untrusted(.cookieFile(endpoint.address)))
        case .missing: return fail(.authenticationFailed(.cookieMissing))
        case .malformed, .cookie: return fail(.authenticationFailed(.cookieMalformed))
        case nil:
            return fail(.authenticationFailed(methods.contains(.hashedPassword) ? .passwordNeeded : .noCommonMethod))
        }
    }

    /// `250 AUTHCHALLENGE SERVERHASH=<64 hex> SERVERNONCE=<64 hex>`
    private mutating func challenged(_ reply: ControlReply, _ info: ProtocolInfo, _ cookie: SharedSecret) -> [Output] {
        guard reply.isPositive else { return fail(.authenticationFailed(.refused)) }
        guard let arguments = try? ControlArguments(reply.text), arguments.positional == ["AUTHCHALLENGE"],
            let hash = arguments[name: "SERVERHASH"].flatMap({ Base16.decode($0) }), hash.count == SafeCookie.byteCount,
            let nonce = arguments[name: "SERVERNONCE"].flatMap({ Base16.decode($0) }),
            nonce.count == SafeCookie.byteCount
        else { return protocolBroken() }
        let expected = SafeCookie.serverHash(cookie: cookie.bytes, clientNonce: clientNonce, serverNonce: nonce)
        guard constantTimeEquals(hash.span, expected.span) else { return fail(.authenticationFailed(.cookieMismatch)) }
        state = .waitingForAuthentication(info)
        let proof = SafeCookie.clientHash(cookie: cookie.bytes, clientNonce: clientNonce, serverNonce: nonce)
        return [.send(Array("AUTHENTICATE \(Base16.encode(proof))\r\n".utf8))]
    }

    private mutating func protocolBroken() -> [Output] {
        // What spoke correctly until authentication is a tor; what did not is something else.
        if case .open = state { return fail(.unreachable(.connectionLost)) }
        return fail(.unreachable(.notControlPort(endpoint.address)))
    }

    private mutating func fail(_ error: TorError) -> [Output] {
        // One chunk may bring a reply that ends the session and bytes that are none behind it.
        if case .failed = state { return [] }
        state = .failed
        return [.fail(error)]
    }

    private static func output(of command: ControlCommand) -> Output {
        switch command {
        case .line(let text):
            precondition(!text.utf8.contains { $0 == 0x0A || $0 == 0x0D }, "one command is one line")
            return .send(Array("\(text)\r\n".utf8))
        case .secretLine(let line): return .sendSecret(line)
        }
    }
}
