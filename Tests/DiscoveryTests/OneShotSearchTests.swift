import TestSupport
import Testing

@testable import Discovery

@Suite struct OneShotSearchTests {
    /// What Avahi 0.8 answers to the first question, of a room "room" that is shown as "Kitchen".
    static let answer =
        (try? bytes(
            hex:
                """
                123484000001000400000000095f7465726d74616c6b045f746370056c6f63616c00000c0001c00c000c00010000000a0033\
                30623733646531376462323832623637353763653463663232383739393266383337663337303230653362363734643662c0\
                0cc032001000010000000a001506723d726f6f6d096e3d4b69746368656e03763d31c032002100010000000a001900000000\
                30391034346235653134613063383634636662c01bc098000100010000000a0004c0a80701
                """)) ?? []
    private static let name = "b73de17db282b6757ce4cf2287992f837f37020e3b674d6b"
    private static let strings = ["r=room", "n=Kitchen", "v=1"].map { Array($0.utf8) }

    private static func search(_ isWanted: @escaping (String) -> Bool = { _ in true }) -> OneShotSearch {
        OneShotSearch(type: "_termtalk._tcp", interface: 2, number: 0x1234, isWanted: isWanted)
    }

    /// A record of an answer, with names that are not shortened.
    private static func record(_ owner: String, _ kind: UInt16, _ content: [UInt8]) -> [UInt8] {
        name(owner) + [0, UInt8(kind), 0x80, 1, 0, 0, 0, 120, UInt8(content.count >> 8), UInt8(content.count & 255)]
            + content
    }

    private static func name(_ text: String) -> [UInt8] {
        text.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    private static func message(_ records: [[UInt8]], flags: UInt8 = 0x84, number: [UInt8] = [0x12, 0x34]) -> [UInt8] {
        number + [flags, 0, 0, 0, UInt8(records.count >> 8), UInt8(records.count & 255), 0, 0, 0, 0] + records.joined()
    }

    private static func pointer(_ service: String) -> [UInt8] {
        record("_termtalk._tcp.local", 12, name("\(service)._termtalk._tcp.local"))
    }

    private static func server(_ service: String, port: UInt8, host: String) -> [UInt8] {
        record("\(service)._termtalk._tcp.local", 33, [0, 0, 0, 0, 0, port] + name("\(host).local"))
    }

    private static func text(_ service: String) -> [UInt8] {
        record("\(service)._termtalk._tcp.local", 16, [3] + Array("v=1".utf8))
    }

    @Test("What Avahi answers is a room, and it is told once")
    func whatAvahiAnswers() throws {
        var search = Self.search()
        let (found, questions) = try search.received(Self.answer)
        #expect(
            found == [
                FoundService(
                    name: Self.name, interface: 2, address: "192.168.7.1", port: 12_345, strings: Self.strings)
            ])
        #expect(questions.isEmpty)
        let again = try search.received(Self.answer).found
        #expect(again.isEmpty)
        let announcement = try #require(RoomAnnouncement(name: Self.name, strings: Self.strings))
        #expect(announcement.shown == .init(name: "Kitchen", room: "room"))
    }

    /// Where names of a long answer continue takes more than a byte (RFC 1035, 4.1.4).
    @Test("A name that continues with what stands behind the first 256 bytes")
    func farNames() throws {
        let filler = Self.record("y._termtalk._tcp.local", 16, [UInt8](repeating: 0, count: 300))
        let pointer = Self.pointer("x")
        let start = 12 + filler.count + pointer.count - Self.name("x._termtalk._tcp.local").count
        #expect(start > 256)
        let far = [0xC0 | UInt8(start >> 8), UInt8(start & 255)]
        let behind = Self.name("x._termtalk._tcp.local").count
        let server = far + Self.server("x", port: 7, host: "h").dropFirst(behind)
        let text = far + Self.text("x").dropFirst(behind)
        let address = Self.record("h.local", 1, [192, 168, 7, 9])
        var search = Self.search()
        let found = try search.received(Self.message([filler, pointer, Array(server), Array(text), address])).found
        #expect(found.map(\.address) == ["192.168.7.9"])
    }

    /// Python: the question of a DNS message with number 0x1234, for PTR of _termtalk._tcp.local, class IN.
    @Test func theQuestion() {
        #expect(
            Self.search().questions.map { hex($0) }
                == ["123400000001000000000000095f7465726d74616c6b045f746370056c6f63616c00000c0001"])
    }

    @Test("What an answer leaves out is asked for, at once and each time again")
    func piecemeal() throws {
        var search = Self.search()
        let first = try search.received(Self.message([Self.pointer("x")]))
        #expect(first.found.isEmpty && first.questions.count == 1)
        #expect(search.questions.first?.count == (first.questions.first?.count ?? 0) + 26)
        let second = try search.received(Self.message([Self.server("X", port: 7, host: "h"), Self.text("x")]))
        #expect(second.found.isEmpty && second.questions.first?.contains(1) == true)
        let third = try search.received(Self.message([Self.record("h.local", 1, [10, 0, 0, 1])]))
        #expect(third.found.map(\.address) == ["10.0.0.1"] && third.questions.isEmpty)
        let fourth = try search.received(
            Self.message([Self.record("h.local", 28, [0xFE, 0x80] + [UInt8](repeating: 0, count: 13) + [9])]))
        #expect(fourth.found.map(\.address) == ["fe80::9"])
    }

    @Test(
        "Nothing is taken from what was not asked for",
        arguments: [
            message([pointer("x")], number: [0x12, 0x35]), message([pointer("x")], flags: 0),
            message([record("_http._tcp.local", 12, name("x._termtalk._tcp.local"))]),
            message([record("_termtalk._tcp.local", 12, name("x._http._tcp.local"))]), message([pointer("unwanted")]),
            message([server("x", port: 1, host: "h"), text("x"), record("h.local", 1, [10, 0, 0, 1])]),
        ])
    func notAsked(packet: [UInt8]) throws {
        var search = Self.search { $0 != "unwanted" }
        let (found, questions) = try search.received(packet)
        #expect(found.isEmpty && questions.isEmpty && search.questions.count == 1)
    }

    @Test("Each beginning of an answer is malformed, or there is nothing in it")
    func tooShort() {
        for count in 0..<Self.answer.count {
            var search = Self.search()
            #expect(throws: DNSError.malformed) { try search.received(Array(Self.answer.prefix(count))) }
        }
    }

    @Test(
        "Names that lead back to themselves, on and on, or are too long",
        arguments: [
            [0xC0, 0x0C], [1, 0x61, 0xC0, 0x0C], [0xC0, 0xFF], [0x80, 0], [0x40, 0],
            Array(repeating: [[63], [UInt8](repeating: 0x61, count: 63)].flatMap { $0 }, count: 4).flatMap { $0 } + [0],
        ] as [[UInt8]])
    func badNames(name: [UInt8]) {
        var search = Self.search()
        let packet = Self.message([name + [0, 12, 0, 1, 0, 0, 0, 0, 0, 0]])
        #expect(throws: DNSError.malformed) { try search.received(packet) }
    }

    @Test func servicesAtTheLimitAndPastIt() throws {
        var search = Self.search()
        let count = OneShotSearch.serviceLimit
        for number in 0...count { _ = try search.received(Self.message([Self.pointer("s\(number)")])) }
        func isKnown(_ number: Int) throws -> Bool {
            let packet = Self.message([
                Self.server("s\(number)", port: 1, host: "h"), Self.text("s\(number)"),
                Self.record("h.local", 1, [10, 0, 0, 1]),
            ])
            return try !search.received(packet).found.isEmpty
        }
        let last = try isKnown(count - 1)
        let past = try isKnown(count)
        #expect(last && !past)
    }

    @Test func serversAndAddressesAtTheLimitAndPastIt() throws {
        var search = Self.search()
        _ = try search.received(Self.message([Self.pointer("x"), Self.text("x")]))
        let servers = (0...OneShotSearch.serverLimit).map { Self.server("x", port: UInt8($0 + 1), host: "h") }
        _ = try search.received(Self.message(servers))
        let addresses = (0...OneShotSearch.addressLimit).map { Self.record("h.local", 1, [10, 0, 0, UInt8($0)]) }
        let found = try search.received(Self.message(addresses)).found
        #expect(found.count == OneShotSearch.serverLimit * OneShotSearch.addressLimit)
        #expect(!found.contains { $0.address == "10.0.0.\(OneShotSearch.addressLimit)" })
    }
}
