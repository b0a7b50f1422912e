import EventLoop
import Foundation
import Testing

@testable import TorController

struct SocksDialerTests {
    /// Dials through a proxy that answers each of its inputs by `answers` in turn, and closes when they are used up.
    static func dial(
        answers: [[UInt8]], timeout: Duration = .seconds(60), stall: Bool = false, first: [UInt8] = []
    ) throws -> (result: String, heard: [UInt8]) {
        var (outcome, heard) = ("", [UInt8]())
        try runLoop { loop, finish in
            var rest = answers[...]
            var streams: [SocketStream] = []
            let listener = try SocketListener(.ip("127.0.0.1", port: 0), loop: loop) { stream in
                streams.append(stream)
                stream.handler = Handler(onBytes: { bytes in
                    heard = bytes
                    if let answer = rest.popFirst() { stream.write(answer.span) } else if !stall { stream.close() }
                    if rest.isEmpty, !stall { stream.closeAfterWriting() }
                })
            }
            SocksDialer.dial(
                .init(host: "a.onion", port: 80), via: [TorEndpoint(listener.localAddress, .found)],
                timeout: timeout, loop: loop
            ) { result in
                switch result {
                case .failure(let error):
                    outcome = error.code
                    listener.close()
                    finish()
                case .success(let stream):
                    outcome = "connected"
                    stream.handler = Handler(onBytes: { bytes in
                        outcome += " \(bytes)"
                        stream.close()
                        listener.close()
                        finish()
                    })
                    stream.write(first.span)
                }
            }
        }
        return (outcome, heard)
    }

    @Test func handsOverTheStreamAndWhatHasComeWithTheReply() throws {
        let (result, heard) = try Self.dial(answers: [[5, 2], [1, 0], [5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 42, 43]])
        #expect(result == "connected [42, 43]")
        #expect(heard == [5, 1, 0, 3, 7] + Array("a.onion".utf8) + [0, 80])
    }

    @Test func translatesFailures() throws {
        let refusal: [UInt8] = [5, 0xF0, 0, 1, 0, 0, 0, 0, 0, 0]
        #expect(try Self.dial(answers: [[5, 2], [1, 0], refusal]).result == "onion-not-found")
        #expect(try Self.dial(answers: [[5, 2], [1, 0], [5, 5, 0, 1]]).result == "connection-refused")
        #expect(try Self.dial(answers: [[5, 0xFF]]).result == "tor-unreachable")
        #expect(try Self.dial(answers: []).result == "tor-unreachable")
        #expect(try Self.dial(answers: [[5, 2], [1, 0]]).result == "tor-unreachable")
        #expect(
            try Self.dial(answers: [[5, 2], [1, 0]], timeout: .milliseconds(200), stall: true).result
                == "connection-timeout")
    }

    @Test func takesAStreamThatStaysOpenAfterAnExtendedError() throws {
        let reply: [UInt8] = [5, 0xF0, 0, 1, 0, 0, 0, 0, 0, 0]
        #expect(try Self.dial(answers: [[5, 2], [1, 0], reply + [42]]).result == "connected [42]")
        // The owner of the stream speaks first and is answered: it was handed over without a byte from the peer.
        #expect(
            try Self.dial(answers: [[5, 2], [1, 0], reply, [42]], stall: true, first: [7]).result == "connected [42]")
    }

    @Test func tellsThatNoProxyIsThere() throws {
        let nothing = SocketAddress.unix(path: "/nonexistent/socks")
        var errors: [TorError] = []
        try runLoop { loop, finish in
            SocksDialer.dial(
                .init(host: "a.onion", port: 80), via: [TorEndpoint(nothing, .named)],
                timeout: .seconds(60), loop: loop
            ) { result in
                if case .failure(let error) = result { errors.append(error) }
                finish()
            }
            SocksDialer.dial(
                .init(host: "a.onion", port: 80), via: [TorEndpoint(nothing, .named)],
                timeout: .seconds(60), loop: loop
            ) { _ in Issue.record("a cancelled dial was completed") }
            .cancel()
        }
        #expect(errors == [.unreachable(.nothingListens(nothing))])
    }
}
