import EventLoop
import Sodium
import Testing

@testable import TorController

/// The outputs of a session in a form that can be compared.
private func texts(_ outputs: [ControlSession.Output]) -> [String] {
    outputs.map { output in
        switch output {
        case .send(let bytes): "> " + String(decoding: bytes, as: UTF8.self)
        case .sendSecret(let line):
            line.bytes.withBytes { span in
                "> secret " + String(decoding: span.indices.map { span[$0] }, as: UTF8.self)
            }
        case .readCookie(let path): "read " + String(decoding: path, as: UTF8.self)
        case .authenticated(let info): "authenticated \(info.version)"
        case .reply(let id, let reply): "reply \(id.value) \(reply.status) \(reply.text)"
        case .replyTooLong(let id): "too long \(id.value)"
        case .event(let event): "event \(event)"
        case .fail(let error): "fail \(error)"
        }
    }
}

private func secret(_ bytes: [UInt8]) -> SharedSecret { SharedSecret(SecretBytes(copying: bytes.span)) }

struct ControlSessionTests {
    static let endpoint = SocketAddress.ip("127.0.0.1", port: 9051)
    static let clientNonce = [UInt8](repeating: 0xAA, count: 32)
    static let cookie = (0..<32).map { UInt8($0) }

    static func session(_ source: TorEndpoint.Source = .named, password: [UInt8]? = nil) -> ControlSession {
        ControlSession(
            endpoint: TorEndpoint(endpoint, source), password: password.map(secret), clientNonce: clientNonce)
    }

    static func info(_ methods: String, cookieFile: String? = nil) -> [UInt8] {
        let file = cookieFile.map { " COOKIEFILE=\"\($0)\"" } ?? ""
        return Array(
            "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=\(methods)\(file)\r\n250-VERSION Tor=\"0.4.9.11\"\r\n250 OK\r\n"
                .utf8)
    }

    static let challenge =
        "250 AUTHCHALLENGE SERVERHASH=5F7CB5569957C99373E329258545940F029AF175DA225F4A3125EEBF30C24BBA "
        + "SERVERNONCE=" + String(repeating: "55", count: 32) + "\r\n"

    @Test("A reply that ends the session, and bytes behind it that are none, are one end")
    func endsOnce() {
        var session = Self.session()
        _ = session.connected()
        #expect(texts(session.received(Array("250 OK\r\nx\n".utf8).span)).count == 1)
        #expect(texts(session.received(Array("250 OK\r\n".utf8).span)).isEmpty)
    }

    @Test(arguments: [false, true])
    func authenticatesBySafeCookie(byteByByte: Bool) {
        var session = Self.session()
        func feed(_ bytes: [UInt8]) -> [String] {
            guard byteByByte else { return texts(session.received(bytes.span)) }
            return bytes.flatMap { texts(session.received([$0].span)) }
        }
        #expect(texts(session.connected()) == ["> PROTOCOLINFO 1\r\n"])
        #expect(
            feed(Self.info("NULL,COOKIE,SAFECOOKIE,HASHEDPASSWORD", cookieFile: #"/run/a\"b"#)) == [#"read /run/a"b"#])
        #expect(
            texts(session.cookieRead(.cookie(secret(Self.cookie))))
                == ["> AUTHCHALLENGE SAFECOOKIE \(String(repeating: "aa", count: 32))\r\n"])
        #expect(
            feed(Array(Self.challenge.utf8))
                == ["> AUTHENTICATE 9f99f2c4b75c91123ca5c6c6e3f76a9ef7fbd9471053cbe34454a4269cc39f7c\r\n"])
        #expect(feed(Array("250 OK\r\n".utf8)) == ["authenticated 0.4.9.11"])
        #expect(session.isOpen)
    }

    @Test func refusesAPeerThatDoesNotKnowTheCookie() {
        var session = Self.session()
        _ = session.received(Self.info("SAFECOOKIE", cookieFile: "/c").span)
        _ = session.cookieRead(.cookie(secret([UInt8](repeating: 9, count: 32))))
        #expect(
            texts(session.received(Array(Self.challenge.utf8).span))
                == ["fail \(TorError.authenticationFailed(.cookieMismatch))"])
        #expect(session.received(Array("250 OK\r\n".utf8).span).isEmpty)
    }

    @Test(arguments: [
        "250 AUTHCHALLENGE SERVERHASH=00 SERVERNONCE=00\r\n", "250 AUTHCHALLENGE\r\n", "250 OK\r\n",
        "250 AUTHCHALLENGE SERVERHASH=\(String(repeating: "0", count: 64))\r\n",
        "250 AUTHCHALLENGE SERVERHASH=\(String(repeating: "x", count: 64)) "
            + "SERVERNONCE=\(String(repeating: "0", count: 64))\r\n",
    ])
    func refusesABrokenChallenge(text: String) {
        var session = Self.session()
        _ = session.received(Self.info("SAFECOOKIE", cookieFile: "/c").span)
        _ = session.cookieRead(.cookie(secret(Self.cookie)))
        #expect(
            texts(session.received(Array(text.utf8).span))
                == ["fail \(TorError.unreachable(.notControlPort(Self.endpoint)))"])
    }

    @Test func authenticatesInOtherWays() {
        var null = Self.session()
        #expect(texts(null.received(Self.info("NULL,HASHEDPASSWORD").span)) == ["> AUTHENTICATE\r\n"])

        var cookie = Self.session()
        #expect(texts(cookie.received(Self.info("COOKIE", cookieFile: "/c").span)) == ["read /c"])
        #expect(
            texts(cookie.cookieRead(.cookie(secret(Self.cookie))))
                == ["> secret AUTHENTICATE \(Base16.encode(Self.cookie).uppercased())\r\n"])

        var password = Self.session(password: Array("p\r\n\"".utf8))
        #expect(
            texts(password.received(Self.info("HASHEDPASSWORD").span)) == ["> secret AUTHENTICATE 700D0A22\r\n"])
        #expect(
            texts(password.received(Array("515 Authentication failed\r\n".utf8).span))
                == ["fail \(TorError.authenticationFailed(.refused))"])
    }

    /// The cookie of a tor in a container is not the file that we see at its path.
    @Test func aPasswordThatWasGivenGoesFirst() {
        var password = Self.session(password: [0x61])
        #expect(
            texts(password.received(Self.info("NULL,COOKIE,SAFECOOKIE,HASHEDPASSWORD", cookieFile: "/c").span))
                == ["> secret AUTHENTICATE 61\r\n"])
        // Where none is asked for it is not given away.
        var cookie = Self.session(password: [0x61])
        #expect(texts(cookie.received(Self.info("COOKIE,SAFECOOKIE", cookieFile: "/c").span)) == ["read /c"])
    }

    /// COOKIE would send a file's bytes to whoever has named the file.
    @Test func aTorThatWasFoundGetsNoCookie() {
        var session = Self.session(.found)
        #expect(
            texts(session.received(Self.info("COOKIE", cookieFile: "/c").span))
                == ["fail \(TorError.authenticationFailed(.noCommonMethod))"])
        var safe = Self.session(.found)
        #expect(texts(safe.received(Self.info("COOKIE,SAFECOOKIE", cookieFile: "/c").span)) == ["read /c"])
        #expect(texts(safe.cookieRead(.untrusted)) == ["fail \(TorError.untrusted(.cookieFile(Self.endpoint)))"])
    }

    @Test func fallsBackWhenTheCookieCannotBeRead() {

        var null = Self.session()
        _ = null.received(Self.info("SAFECOOKIE,NULL", cookieFile: "/c").span)
        #expect(texts(null.cookieRead(.missing)) == ["> AUTHENTICATE\r\n"])
    }

    @Test func saysWhyItCannotAuthenticate() {
        func failure(_ methods: String, _ outcome: ControlSession.CookieOutcome? = nil) -> [String] {
            var session = Self.session()
            let outputs = session.received(Self.info(methods, cookieFile: outcome == nil ? nil : "/run/c").span)
            guard let outcome else { return texts(outputs) }
            return texts(session.cookieRead(outcome))
        }
        #expect(failure("SAFECOOKIE", .permissionDenied) == ["fail \(TorError.permissionDenied(path: "/run/c"))"])
        #expect(failure("SAFECOOKIE", .missing) == ["fail \(TorError.authenticationFailed(.cookieMissing))"])
        #expect(failure("SAFECOOKIE", .malformed) == ["fail \(TorError.authenticationFailed(.cookieMalformed))"])
        #expect(
            failure("COOKIE", .cookie(secret([1, 2, 3]))) == ["fail \(TorError.authenticationFailed(.cookieMalformed))"]
        )
        #expect(failure("HASHEDPASSWORD") == ["fail \(TorError.authenticationFailed(.passwordNeeded))"])
        #expect(failure("TELEPATHY") == ["fail \(TorError.authenticationFailed(.noCommonMethod))"])
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n", "220 mail ESMTP\r\n", "514 Authentication required.\r\n", "250 OK\r\n",
        "250-PROTOCOLINFO 1\r\n250 OK\r\n",
    ])
    func knowsWhatIsNotAControlPort(text: String) {
        var session = Self.session()
        _ = session.connected()
        #expect(
            texts(session.received(Array(text.utf8).span))
                == ["fail \(TorError.unreachable(.notControlPort(Self.endpoint)))"])
    }

    static func open() -> ControlSession {
        var session = session()
        _ = session.received(info("NULL").span)
        _ = session.received(Array("250 OK\r\n".utf8).span)
        return session
    }

    @Test func matchesRepliesWithCommands() {
        var session = Self.open()
        let (first, outputs) = session.send(.getInfo("version", "dormant"))
        let (second, _) = session.send(.signalActive)
        #expect(texts(outputs) == ["> GETINFO version dormant\r\n"])
        #expect(first != second && session.isWaiting)
        #expect(
            texts(
                session.received(
                    Array(
                        "650 NETWORK_LIVENESS UP\r\n250-version=1\r\n250 OK\r\n650 X\r\n552 No such signal\r\n".utf8
                    ).span)) == [
                    "event \(ControlEvent.networkLiveness(isUp: true))", "reply 0 250 OK",
                    "event \(ControlEvent.other("X"))", "reply 1 552 No such signal",
                ])
        #expect(!session.isWaiting)
    }

    @Test("An answer that is too long is that of whoever asked, and the session goes on")
    func survivesALongReply() {
        var session = Self.open()
        _ = session.send(.getInfo("circuit-status"))
        _ = session.send(.signalActive)
        let circuit = "27 BUILT " + String(repeating: "$95D899D0E0F787F29C055635C292AA223D562F01~relay0,", count: 8)
        let status = String(repeating: circuit + "\r\n", count: 2_750)
        let bytes = Array("250+circuit-status=\r\n\(status).\r\n250 OK\r\n250 OK\r\n".utf8)
        #expect(bytes.count > ControlReplyParser.maximumReplyByteCount)
        #expect(texts(session.received(bytes.span)) == ["too long 0", "reply 1 250 OK"])
        #expect(session.isOpen && !session.isWaiting)
    }

    @Test("What a filter puts in the place of events is left out, once the session is open")
    func leavesOutForeignLines() {
        var session = Self.open()
        _ = session.send(.signalActive)
        let text = "XXXredactedXXX\r\n650 NETWORK_LIVENESS UP\r\nXX\r\n250 OK\r\n"
        #expect(
            texts(session.received(Array(text.utf8).span)) == [
                "event \(ControlEvent.networkLiveness(isUp: true))", "reply 0 250 OK",
            ])
    }

    @Test("A greeting that is too long is that of no tor")
    func refusesALongGreeting() {
        var session = Self.session()
        _ = session.connected()
        let line = "250 " + String(repeating: "a", count: ControlReplyParser.maximumLineByteCount) + "\r\n"
        #expect(
            texts(session.received(Array(line.utf8).span))
                == ["fail \(TorError.unreachable(.notControlPort(Self.endpoint)))"])
    }

    @Test func endsWhenTorSpeaksOutOfTurn() {
        var session = Self.open()
        #expect(
            texts(session.received(Array("250 OK\r\n".utf8).span)) == ["fail \(TorError.unreachable(.connectionLost))"])
    }

    @Test func writesAddOnion() throws {
        let key = try OnionKey(seed: SecretBytes(copying: Self.cookie.span))
        var session = Self.open()
        let (_, outputs) = session.send(.addOnion(key: key, virtualPort: 12345, target: .unix(path: "/run/x")))
        let line = try #require(texts(outputs).first)
        // The expanded key of the seed 00…1f, from Python's hashlib.
        #expect(
            line == "> secret ADD_ONION ED25519-V3:"
                + "OJTupJxYCu+BaTV2K+BJVZ1tFEDe3hLmoSXxhB//jm+p1xhio+V0a1cb49GHsAQQRvUuvYUMfL1f3o7jhHO2SQ== "
                + "Flags=DiscardPK,MaxStreamsCloseCircuit MaxStreams=2 PoWDefensesEnabled=1 PoWQueueRate=50 "
                + "PoWQueueBurst=256 Port=12345,unix:/run/x\r\n")
        #expect(
            texts(session.send(.deleteOnion(key.address)).1) == ["> DEL_ONION \(key.address.serviceID)\r\n"])
    }

    @Test func encodesSecretsLikeEverybodyElse() {
        var line = SecretLine(byteCount: 4 + 4 + 4 + 8)
        line.appendBase64(SecretBytes(copying: [0xFB, 0xEF, 0xBE].span))
        line.appendBase64(SecretBytes(copying: [0xFF].span))
        line.appendBase64(SecretBytes(copying: [0x00, 0x10].span))
        line.appendHex(SecretBytes(copying: [0x09, 0xAF, 0x5A, 0xF0].span))
        #expect(texts([.sendSecret(line.finish())]) == ["> secret ++++/w==ABA=09AF5AF0"])
        let alphabet = (0..<64).map { SecretLine.base64Digit(UInt8($0)) }
        #expect(
            String(decoding: alphabet, as: UTF8.self)
                == "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    }
}
