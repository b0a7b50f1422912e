import Testing

@testable import TorController

struct SOCKS5ClientTests {
    static func client(host: String = "a.onion", credentials: SocksCredentials = credentials) throws -> SOCKS5Client {
        try SOCKS5Client(target: .init(host: host, port: 0x3039), credentials: credentials)
    }

    static let credentials = SocksCredentials(user: Array("user".utf8), password: [0x30])
    static let login: [UInt8] = [1, 4] + Array("user".utf8) + [1, 0x30]
    static let request: [UInt8] = [5, 1, 0, 3, 7] + Array("a.onion".utf8) + [0x30, 0x39]

    static func run(_ client: inout SOCKS5Client, _ bytes: [UInt8], chunk: Int) throws -> [SOCKS5Client.Output] {
        var outputs: [SOCKS5Client.Output] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(chunk))
            outputs += try client.received(piece.span)
            rest = rest.dropFirst(chunk)
        }
        return outputs
    }

    @Test(arguments: [1, 2, 5, Int.max])
    func connects(chunk: Int) throws {
        var client = try Self.client()
        #expect(client.connected() == [5, 1, 2])
        #expect(try Self.run(&client, [5, 2], chunk: chunk) == [.send(Self.login)])
        #expect(try Self.run(&client, [1, 0], chunk: chunk) == [.send(Self.request)])
        #expect(
            try Self.run(&client, [5, 0, 0, 1, 0, 0, 0, 0, 0, 0], chunk: chunk) == [.connected(rest: [])])
    }

    @Test(arguments: [
        [5, 0, 0, 1, 1, 2, 3, 4, 0, 0], [5, 0, 0, 3, 2, 65, 66, 0, 0], [5, 0, 0, 4] + [UInt8](repeating: 0, count: 18),
        [5, 0, 0, 3, 0, 0, 0],
    ])
    func keepsWhatBelongsToTheStream(reply: [UInt8]) throws {
        var client = try Self.client()
        #expect(
            try Self.run(&client, [5, 2, 1, 0] + reply + [1, 2, 3], chunk: .max)
                == [.send(Self.login), .send(Self.request), .connected(rest: [1, 2, 3])])
    }

    @Test(arguments: [
        [4], [5, 0], [5, 0xFF], [5, 2, 0], [5, 2, 1, 1], [5, 2, 1, 0, 4], [5, 2, 1, 0, 5, 0, 1],
        [5, 2, 1, 0, 5, 0, 0, 2, 0], Array("HTTP/1.1".utf8),
    ])
    func refusesWhatIsNotSocks(bytes: [UInt8]) throws {
        for chunk in [1, Int.max] {
            var client = try Self.client()
            #expect(throws: SOCKS5Client.Failure.notSocks) { try Self.run(&client, bytes, chunk: chunk) }
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8, 0xEF] as [UInt8])
    func reportsRefusals(code: UInt8) throws {
        // tor may close right after the code: the rest of the reply is not waited for.
        var client = try Self.client()
        #expect(throws: SOCKS5Client.Failure.reply(code)) {
            try Self.run(&client, [5, 2, 1, 0, 5, code], chunk: 1)
        }
    }

    @Test(arguments: [0xF0, 0xF7, 0xFF] as [UInt8])
    func leavesExtendedErrorsToWhatFollows(code: UInt8) throws {
        for chunk in [1, Int.max] {
            var client = try Self.client()
            let outputs = try Self.run(&client, [5, 2, 1, 0, 5, code, 0, 1, 0, 0, 0, 0, 0, 0], chunk: chunk)
            #expect(outputs.last == .undecided(code: code, rest: []))
        }
    }

    @Test func limitsTheHost() throws {
        let longest = String(repeating: "a", count: SOCKS5Client.maximumFieldByteCount)
        _ = try Self.client(host: longest)
        #expect(throws: SOCKS5Client.Failure.hostTooLong) { try Self.client(host: longest + "a") }
        #expect(throws: SOCKS5Client.Failure.hostTooLong) { try Self.client(host: "") }
    }

    @Test func translatesReplies() {
        let onion: [UInt8: TorError] = [
            0xF0: .onionNotFound, 0xF1: .onionUnreachable(.descriptorInvalid),
            0xF2: .onionUnreachable(.introductionFailed), 0xF3: .onionUnreachable(.rendezvousFailed),
            0xF4: .onionAuthRequired(wrongKey: false), 0xF5: .onionAuthRequired(wrongKey: true),
            0xF6: .invalidAddress(.refusedByTor), 0xF7: .onionUnreachable(.introductionTimedOut),
            1: .onionUnreachable(.socksReply(1)), 3: .onionUnreachable(.noNetwork),
            4: .onionUnreachable(.socksReply(4)),
            5: .connectionRefused, 6: .connectionTimeout,
        ]
        for (code, error) in onion { #expect(TorError(socksReply: code, isOnion: true) == error) }
        #expect(TorError(socksReply: 4, isOnion: false) == .hostUnreachable)
        #expect(TorError(socksReply: 5, isOnion: false) == .connectionRefused)
    }
}
