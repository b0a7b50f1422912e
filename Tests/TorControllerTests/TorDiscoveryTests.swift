import EventLoop
import Foundation
import Sodium
import Testing

@testable import TorController

/// Looks for a control port and gives what was found, its connection open until `body` is over.
func discover(
    _ candidates: [SocketAddress], _ source: TorEndpoint.Source = .named, password: String? = nil
) throws -> Result<String, TorError> {
    var result: Result<String, TorError>?
    try runLoop { loop, finish in
        let secret = password.map { SharedSecret(SecretBytes(copying: Array($0.utf8).span)) }
        _ = TorDiscovery(candidates: candidates.map { TorEndpoint($0, source) }, password: secret, loop: loop) {
            found in
            result = found.map(\.info.version)
            if case .success(let found) = found { found.connection.close() }
            finish()
        }
    }
    return try #require(result)
}

@Suite(.serialized, .enabled(if: SingleTor.isInstalled, "no tor is installed"))
struct TorDiscoveryTests {
    @Test func authenticatesByCookie() throws {
        let tor = try SingleTor("CookieAuthentication 1")
        #expect(try discover([tor.control]).get().hasPrefix("0."))

        let cookie = try Data(contentsOf: tor.cookie)
        try Data(cookie.map { $0 ^ 1 }).write(to: tor.cookie)
        #expect(try discover([tor.control]) == .failure(.authenticationFailed(.cookieMismatch)))
        try cookie.dropLast().write(to: tor.cookie)
        #expect(try discover([tor.control]) == .failure(.authenticationFailed(.cookieMalformed)))
        try (cookie + [0]).write(to: tor.cookie)
        #expect(try discover([tor.control]) == .failure(.authenticationFailed(.cookieMalformed)))
        try FileManager.default.removeItem(at: tor.cookie)
        #expect(try discover([tor.control]) == .failure(.authenticationFailed(.cookieMissing)))
        #expect(mkfifo(tor.cookie.path, 0o600) == 0)
        #expect(try discover([tor.control]) == .failure(.authenticationFailed(.cookieMalformed)))
    }

    @Test func authenticatesByPassword() throws {
        let tor = try SingleTor("HashedControlPassword \(try SingleTor.hash("a \"b\" \\c"))")
        #expect(try discover([tor.control], password: "a \"b\" \\c").get().hasPrefix("0."))
        #expect(try discover([tor.control], password: "x") == .failure(.authenticationFailed(.refused)))
        #expect(try discover([tor.control]) == .failure(.authenticationFailed(.passwordNeeded)))
    }

    @Test func needsNothingWhereNothingIsAsked() throws {
        let tor = try SingleTor()
        #expect(try discover([tor.control]).get().hasPrefix("0."))
    }

    @Test func takesTheFirstThatWorks() throws {
        let tor = try SingleTor("CookieAuthentication 1")
        let nothing = SocketAddress.unix(path: "\(tor.folder.path)/nothing")
        #expect(try discover([nothing, tor.control]).get().hasPrefix("0."))
    }

    @Test func tellsWhatHelpsMost() throws {
        let tor = try SingleTor("HashedControlPassword \(try SingleTor.hash("p"))")
        let nothing = SocketAddress.unix(path: "\(tor.folder.path)/nothing")
        let other = SocketAddress.unix(path: "\(tor.folder.path)/other")
        #expect(try discover([nothing]) == .failure(.unreachable(.nothingListens(nothing))))
        for greeting in ["HTTP/1.1 400 Bad Request\r\n", ""] {
            var result: Result<TorDiscovery.Found, TorError>?
            try runLoop { loop, finish in
                let listener = try SocketListener(other, loop: loop) { stream in
                    stream.write(Array(greeting.utf8).span)
                    stream.closeAfterWriting()
                }
                _ = TorDiscovery(
                    candidates: [nothing, other].map { TorEndpoint($0, .named) }, password: nil, loop: loop
                ) {
                    result = $0
                    listener.close()
                    finish()
                }
            }
            guard case .failure(.unreachable(.notControlPort(other))) = result else {
                Issue.record("\(String(describing: result))")
                return
            }
        }
        #expect(try discover([nothing, tor.control]) == .failure(.authenticationFailed(.passwordNeeded)))
        #expect(
            TorError(connectingTo: other, .permissionDenied).discoveryRank
                > TorError.authenticationFailed(.refused).discoveryRank)
    }

    @Test func addsAndDeletesAnOnion() throws {
        let tor = try SingleTor("CookieAuthentication 1")
        let key = OnionKey()
        let address = key.address
        var replies: [ControlReply] = []
        try runLoop { loop, finish in
            func open(_ then: @escaping (ControlConnection) -> Void) {
                _ = TorDiscovery(candidates: [TorEndpoint(tor.control, .named)], password: nil, loop: loop) { result in
                    if case .success(let found) = result { then(found.connection) }
                }
            }
            func send(_ command: ControlCommand, on connection: ControlConnection, then: @escaping () -> Void) {
                connection.send(command) { result in
                    if case .success(let reply) = result { replies.append(reply) }
                    then()
                }
            }
            let add = ControlCommand.addOnion(key: key, virtualPort: 12345, target: .tcp(port: 1))
            open { first in
                send(add, on: first) {
                    open { second in
                        send(add, on: second) {
                            send(.deleteOnion(address), on: first) {
                                send(add, on: second) { finish() }
                            }
                        }
                    }
                }
            }
        }
        #expect(replies.map(\.status) == [250, 550, 250, 250])
        #expect(replies.first?.value(of: "ServiceID") == address.serviceID)
        #expect(replies.first?.value(of: "PrivateKey") == nil)
        #expect(replies[1].text.contains("collision"))
    }
}
