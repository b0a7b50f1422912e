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

    static func parse(_ bytes: [UInt8], chunk: Int = .max) throws(ControlProtocolError) -> [ControlReply] {
        var parser = ControlReplyParser()
        var replies: [ControlReply] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(chunk))
            rest = rest.dropFirst(chunk)
            try parser.received(piece.span) { replies.append($0) }
        }
        return replies
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

    @Test func limitsALine() throws {
        let longest = [UInt8](repeating: 0x61, count: ControlReplyParser.maximumLineByteCount - 4)
        #expect(try Self.parse(Array("250 ".utf8) + longest + [13, 10]).count == 1)
        #expect(throws: ControlProtocolError.lineTooLong) { try Self.parse(Array("250 ".utf8) + longest + [0x61]) }
    }

    @Test func limitsTheLinesOfAReply() throws {
        let line = Array("250-\r\n".utf8)
        let most = Array(repeatElement(line, count: ControlReplyParser.maximumLineCount - 1).joined())
        #expect(try Self.parse(most + Array("250 \r\n".utf8)).count == 1)
        #expect(throws: ControlProtocolError.tooManyLines) { try Self.parse(most + line + Array("250 \r\n".utf8)) }
    }

    @Test func limitsTheBytesOfAReply() throws {
        let line = Array("250-".utf8) + [UInt8](repeating: 0x61, count: 65_532) + [13, 10]
        let most = Array(repeatElement(line, count: 15).joined())
        let last = Array("250 ".utf8) + [UInt8](repeating: 0x61, count: 65_532) + [13, 10]
        #expect(try Self.parse(most + last + last).count == 2)
        #expect(throws: ControlProtocolError.replyTooLong) { try Self.parse(most + line + Array("250 \r\n".utf8)) }
    }

    @Test func survivesRandomBytes() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let bytes = (0..<64).map { _ in UInt8.random(in: 0...255, using: &generator) }
            _ = try? Self.parse(Array("250".utf8) + bytes)
        }
    }
}
