import Testing
import Wire

@testable import Room

@Suite struct HostPlaceTests {
    private static func direct(_ host: String, _ port: UInt16 = 5) throws -> HostPlace {
        .direct(try #require(HostPlace.DirectPlace(host: host, port: port)))
    }

    private static func read(_ body: [UInt8]) throws -> HostMessage {
        try HostMessage(type: HostMessage.hosts([]).encoded.type, body: body)
    }

    @Test func theMessageReadsAsItWasWritten() throws {
        let message = HostMessage.hosts([
            .onion(OnionPlace(key: Array(0..<32), port: 12_345)), try Self.direct("a.example", 258),
        ])
        let encoded = message.encoded
        #expect(encoded.type == 0x41)
        #expect(
            encoded.body == [48, 0] + Array(0..<32) + [0x30, 0x39, 1, 9] + Array("a.example".utf8) + [1, 2])
        #expect(try Self.read(encoded.body) == message)
    }

    @Test("Of the most and the longest places all come, of one more none")
    func limits() throws {
        let long = String(repeating: "a", count: HostPlace.DirectPlace.hostByteLimit)
        var places = try (1...UInt16(HostPlace.listLimit)).map { try Self.direct(long, $0) }
        #expect(try Self.read(HostMessage.hosts(places).encoded.body) == .hosts(places))
        places = try (1...UInt16(HostPlace.listLimit) + 1).map { try Self.direct("a", $0) }
        #expect(throws: RoomError.malformed) { try Self.read(HostMessage.hosts(places).encoded.body) }
        #expect(HostPlace.DirectPlace(host: long + "a", port: 1) == nil)
    }

    @Test("What is no host is none", arguments: ["", "a b", "a/b", "a@b", "fe80::1%eth0", "\u{e9}", "a\n", "[::1]"])
    func noHost(_ host: String) {
        #expect(HostPlace.DirectPlace(host: host, port: 1) == nil)
        let bytes = [1, UInt8(host.utf8.count)] + Array(host.utf8) + [0, 1]
        #expect(throws: RoomError.malformed) { try Self.read([UInt8(bytes.count)] + bytes) }
    }

    @Test("A port of 0, another kind, and what is cut off are malformed")
    func malformed() {
        for bytes: [UInt8] in [[1, 1, 0x61, 0, 0], [2, 1, 0x61, 0, 1], [1, 1, 0x61, 0], [0, 1, 2]] {
            #expect(throws: RoomError.malformed) { try Self.read([UInt8(bytes.count)] + bytes) }
        }
    }

    @Test("No member can say it: the host does not know it as a request")
    func noMemberCanSayIt() {
        let message = HostMessage.hosts([]).encoded
        #expect(throws: RoomError.malformed) { try MemberRequest(type: message.type, body: message.body) }
    }
}
