import Testing

@testable import TorController

struct ControlReplyParserTests {
    static let transcript =
        "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250 OK\r\n"
        + "650 NETWORK_LIVENESS UP\r\n"
        + "250+config-text=\r\nSocksPort auto\r\n..\r\n..dotted\r\n\r\nend\r\n.\r\n250 OK\r\n"
        + "250+empty=\r\n.\r\n250 OK\r\n"
        + "552 Unrecognized key \"x\"\r\n"
    static let replies = [
        ControlReply(status: 250, lines: [.init("PROTOCOLINFO 1"), .init("AUTH METHODS=NULL"), .init("OK")]),
        ControlReply(status: 650, lines: [.init("NETWORK_LIVENESS UP")]),
        ControlReply(
            status: 250,
            lines: [.init("config-text=", data: Array("SocksPort auto\n.\n.dotted\n\nend".utf8)), .init("OK")]),
        ControlReply(status: 250, lines: [.init("empty=", data: []), .init("OK")]),
        ControlReply(status: 552, lines: [.init("Unrecognized key \"x\"")]),
    ]

    static func outputs(
        _ bytes: [UInt8], chunk: Int = .max
    ) throws(ControlProtocolError) -> [ControlReplyParser.Output] {
        var parser = ControlReplyParser()
        var outputs: [ControlReplyParser.Output] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(chunk))
            rest = rest.dropFirst(chunk)
            try parser.received(piece.span) { outputs.append($0) }
        }
        return outputs
    }

    static func parse(_ bytes: [UInt8], chunk: Int = .max) throws(ControlProtocolError) -> [ControlReply] {
        try outputs(bytes, chunk: chunk).compactMap { if case .reply(let reply) = $0 { reply } else { nil } }
    }

    @Test(arguments: [1, 2, 3, 7, 64, Int.max])
    func cutsATranscriptInPiecesOfAnySize(chunk: Int) throws {
        #expect(try Self.parse(Array(Self.transcript.utf8), chunk: chunk) == Self.replies)
    }

    @Test func keepsAnIncompleteReply() throws {
        #expect(try Self.parse(Array("250-a\r\n250 b\r".utf8)).isEmpty)
    }

    @Test func knowsEventsAndValues() {
        #expect(Self.replies.map(\.isEvent) == [false, true, false, false, false])
        #expect(Self.replies[2].value(of: "config-text") == "SocksPort auto\n.\n.dotted\n\nend")
        #expect(Self.replies[2].value(of: "config") == nil)
        #expect(!Self.replies[4].isPositive)
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "250\r\n", "250_OK\r\n", "25\r\n", "\r\n",
        "050 OK\r\n",
        "250 OK\n", "250 O\rK\r\n", "250 \0\r\n", "250-a\r\n251 b\r\n", "\u{16}\u{3}\u{1}",
    ])
    func refusesWhatIsNotTheProtocol(text: String) {
        for chunk in [1, Int.max] {
            #expect(throws: ControlProtocolError.malformedLine) { try Self.parse(Array(text.utf8), chunk: chunk) }
        }
    }

    @Test func staysFailed() {
        var parser = ControlReplyParser()
        #expect(throws: ControlProtocolError.malformedLine) { try parser.received([0x0A].span) { _ in } }
        #expect(throws: ControlProtocolError.malformedLine) {
            try parser.received(Array("250 OK\r\n".utf8).span) { _ in }
        }
    }

    private static let next = Array("250 next\r\n".utf8)

    /// Whether the reply is whole, and not too long; the one behind it always is.
    private func isWhole(_ bytes: [UInt8], chunk: Int = .max) throws -> Bool {
        let outputs = try Self.outputs(bytes + Self.next, chunk: chunk)
        #expect(outputs.count == 2 && outputs.last == .reply(.init(status: 250, lines: [.init("next")])))
        if case .reply = outputs.first { return true }
        #expect(outputs.first == .tooLong(status: 250))
        return false
    }

    @Test("A line that is too long costs its reply, and nothing else", arguments: [4_096, Int.max])
    func limitsALine(chunk: Int) throws {
        let longest = [UInt8](repeating: 0x61, count: ControlReplyParser.maximumLineByteCount - 4)
        #expect(try isWhole(Array("250 ".utf8) + longest + [13, 10], chunk: chunk))
        #expect(try !isWhole(Array("250 ".utf8) + longest + [0x61, 13, 10], chunk: chunk))
        let inside = Array("a\r\n250+b\r\n250 c\r\n.\r\n250 OK\r\n".utf8)
        #expect(try !isWhole(Array("250-".utf8) + longest + inside, chunk: chunk))
        let data = Array("aaaaa\r\n..\r\n.\r\n250 OK\r\n".utf8)
        #expect(try !isWhole(Array("250+b\r\n".utf8) + longest + data, chunk: chunk))
    }

    @Test("A reply of too many lines is dropped while it is read")
    func limitsTheLinesOfAReply() throws {
        let line = Array("250-\r\n".utf8)
        let most = Array(repeatElement(line, count: ControlReplyParser.maximumLineCount - 1).joined())
        #expect(try isWhole(most + Array("250 \r\n".utf8)))
        #expect(try !isWhole(most + line + Array("250 \r\n".utf8)))
        let data = Array("250+circuit-status=\r\n".utf8) + most + most + Array(".\r\n250 OK\r\n".utf8)
        #expect(try !isWhole(data, chunk: 1_000))
    }

    @Test("A reply of too many bytes is dropped while it is read")
    func limitsTheBytesOfAReply() throws {
        let line = Array("250-".utf8) + [UInt8](repeating: 0x61, count: 65_532) + [13, 10]
        let most = Array(repeatElement(line, count: 15).joined())
        let last = Array("250 ".utf8) + [UInt8](repeating: 0x61, count: 65_532) + [13, 10]
        #expect(try isWhole(most + last))
        #expect(try !isWhole(most + line + Array("250 \r\n".utf8)))
    }

    @Test func survivesRandomBytes() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let bytes = (0..<64).map { _ in UInt8.random(in: 0...255, using: &generator) }
            _ = try? Self.parse(Array("250".utf8) + bytes)
        }
    }
}
