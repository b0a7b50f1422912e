import EventLoop
import Sodium

@testable import TorController

/// What a tor says, or something that listens where a tor should.
let torTargets = [
    FuzzTarget("control", atMost: 2_048, seeds: controlSeeds, run: control),
    FuzzTarget(
        "socks", atMost: 600,
        seeds: {
            [
                [1, 5, 2, 1, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 9], [255, 5, 2, 1, 0, 5, 0xF0, 0, 3, 2, 97, 98, 0, 0],
                [9, 5, 2, 1, 0, 5, 1, 0, 4] + [UInt8](repeating: 0, count: 18),
            ]
        }, run: socks),
    FuzzTarget("tor-log", atMost: 512, seeds: torLogSeeds, run: torLog),
]

private func controlSeeds() -> [[UInt8]] {
    let info =
        "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=COOKIE,SAFECOOKIE,HASHEDPASSWORD COOKIEFILE=\"/run/tor/c\\\"\\303\"\r\n"
        + "250-VERSION Tor=\"0.4.9.11\"\r\n250 OK\r\n"
    let null = "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250 OK\r\n250 OK\r\n"
    let hash = String(repeating: "AB", count: 32)
    return [
        info + "250 AUTHCHALLENGE SERVERHASH=\(hash) SERVERNONCE=\(hash)\r\n",
        null + "650 HS_DESC UPLOADED abc UNKNOWN $2B1D~relay3\r\n650 NETWORK_LIVENESS UP\r\n",
        null + "650 STATUS_CLIENT WARN BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY=\"Connecting\" WARNING=\"no\"\r\n",
        null + "250+config-text=\r\na\r\n..b\r\n.\r\n250-version=0.4.9\r\n250 OK\r\n551 x\r\n",
        null + "650 HS_DESC FAILED abc NO_AUTH $2B1D~relay3 8pJ REASON=NOT_FOUND\r\n",
        null + "650 CIRC_MINOR 7 PURPOSE_CHANGED $2B PURPOSE=HS_SERVICE_REND HS_STATE=HSSR_JOINED REND_QUERY=abc\r\n",
        null + "650 CIRC_BW ID=7 READ=1 DELIVERED_READ=1\r\n650 CIRC 7 CLOSED REASON=FINISHED\r\n",
    ].map { [7, 1] + Array($0.utf8) }
}

/// A session of a control connection, whose replies are looked at by everything that looks at replies.
private func control(_ bytes: [UInt8]) {
    let cookie = SharedSecret(SecretBytes(copying: [UInt8](repeating: 1, count: 32).span))
    let password = SharedSecret(SecretBytes(copying: Array("secret".utf8).span))
    var input = FuzzInput(bytes)
    let size = max(1, Int(input.byte()))
    let setup = input.byte()
    let rest = input.rest()
    var session = ControlSession(
        endpoint: TorEndpoint(.ip("127.0.0.1", port: 9_051), setup & 8 != 0 ? .found : .named),
        password: setup & 1 != 0 ? password : nil,
        clientNonce: [UInt8](repeating: 2, count: 32))
    var failures = DescriptorFailures()
    _ = session.connected()
    var isOver = false
    for start in stride(from: 0, to: rest.count, by: size) {
        var outputs = session.received(Array(rest[start..<min(start + size, rest.count)]).span)
        while !outputs.isEmpty {
            precondition(!isOver, "something comes after the end")
            switch outputs.removeFirst() {
            case .readCookie:
                outputs += session.cookieRead(
                    setup & 2 != 0 ? .cookie(cookie) : setup & 4 != 0 ? .missing : .permissionDenied)
            case .authenticated where session.isOpen:
                outputs += session.send(.line("GETINFO version")).1
                outputs += session.send(.line("GETINFO config-text")).1
            case .reply(_, let reply):
                _ = reply.value(of: "version")
                _ = reply.value(of: "config-text").flatMap { BootstrapStatus($0) }
                _ = try? ProtocolInfo(reply)
            case .event(.descriptor(let event)): failures.received(event, now: MonotonicTime(nanoseconds: 1))
            case .fail: isOver = true
            case .event, .send, .sendSecret, .authenticated, .replyTooLong: break
            }
        }
    }
}

private func socks(_ bytes: [UInt8]) {
    var input = FuzzInput(bytes)
    let size = max(1, Int(input.byte()))
    let rest = input.rest()
    guard var client = try? SOCKS5Client(target: .init(host: "host", port: 1)) else {
        preconditionFailure("the host is short")
    }
    _ = client.connected()
    var isOpen = false
    for start in stride(from: 0, to: rest.count, by: size) {
        do {
            for output in try client.received(Array(rest[start..<min(start + size, rest.count)]).span) {
                precondition(!isOpen, "something comes after the stream was open")
                switch output {
                case .connected, .undecided: isOpen = true
                case .send: break
                }
            }
        } catch {
            if case .reply(let code) = error { _ = TorError(socksReply: code, isOnion: true) }
            return
        }
    }
}

private func torLogSeeds() -> [[UInt8]] {
    [
        "Nov 23 22:44:51.000 [notice] Bootstrapped 45% (requesting_descriptors): Asking for relay descriptors\n",
        "Nov 23 [warn] Could not bind to 127.0.0.1:1: Address already in use. Is Tor already running?\n",
        "[err] Failed to parse/validate config: Unknown option\n[warn] Our clock is 5 hours behind\n",
        "[warn] Problem bootstrapping. Stuck at 5%\n[notice] Bootstrapped 100% (done): Done\n",
    ].map { Array($0.utf8) }
}

private func torLog(_ input: [UInt8]) {
    var parser = TorLogParser()
    for event in parser.received(input.span) {
        if case .bootstrap(let status) = event { precondition(0...100 ~= status.progress, "more than all") }
    }
}
