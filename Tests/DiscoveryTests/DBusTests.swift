import TestSupport
import Testing

@testable import Discovery

@Suite struct DBusTests {
    /// Python: Gio.DBusMessage.new_method_call(…, "ResolveService") with NO_AUTO_START, serial 7, to_blob(0); and an answer to
    /// it by ":1.3", serial 9.
    private static let call =
        (try? bytes(
            hex:
                """
                6c01020138000000070000007f00000001016f00010000002f00000000000000020173001c0000006f72672e667265656465736b746f702e41\
                766168692e5365727665720000000006017300150000006f72672e667265656465736b746f702e417661686900000008016700076969737373\
                697500000000030173000e0000005265736f6c7665536572766963650000020000000000000001000000780000000e0000005f7465726d7461\
                6c6b2e5f7463700000050000006c6f63616c0000000100000000000000
                """)) ?? []
    static let answer =
        (try? bytes(
            hex:
                """
                6c0201016c000000090000003000000007017300040000003a312e3300000000080167000d6969737373736973716161797500000000000005\
                01750007000000020000000000000001000000780000000e0000005f7465726d74616c6b2e5f7463700000050000006c6f63616c0000000700\
                0000682e6c6f63616c00000000000b0000003139322e3136382e372e3100393000001000000003000000763d310004000000743d6162050000\
                00
                """)) ?? []

    private static func resolveCall() -> DBusMessage {
        var call = DBusMessage(
            to: "org.freedesktop.Avahi", "/", "org.freedesktop.Avahi.Server", "ResolveService")
        call.serial = 7
        call.signature = "iisssiu"
        var body = DBusWriter()
        body.write(Int32(2))
        body.write(Int32(0))
        for text in ["x", "_termtalk._tcp", "local"] { body.write(text) }
        body.write(Int32(1))
        body.write(UInt32(0))
        call.body = body.bytes
        return call
    }

    @Test func readsWhatGLibWrites() throws {
        #expect(try DBusMessage.byteCount(of: Self.call[...]) == Self.call.count)
        #expect(try DBusMessage(decoding: Self.call[...]) == Self.resolveCall())
        let answer = try DBusMessage(decoding: Self.answer[...])
        #expect(answer.kind == .reply && answer.replySerial == 7 && answer.signature == "iissssisqaayu")
    }

    @Test func readsWhatItWrites() throws {
        for message in [Self.resolveCall(), try DBusMessage(decoding: Self.answer[...])] {
            let bytes = message.encoded
            #expect(try DBusMessage.byteCount(of: bytes[...]) == bytes.count)
            #expect(try DBusMessage(decoding: bytes[...]) == message)
        }
    }

    @Test("Each beginning of a message is one, and no message is read from it")
    func tooShort() throws {
        for count in 0..<Self.answer.count {
            let whole = try DBusMessage.byteCount(of: Self.answer[..<count])
            #expect(whole == (count < DBusMessage.prefixByteCount ? nil : Self.answer.count))
            #expect(throws: DBusError.malformed) { try DBusMessage(decoding: Self.answer[..<count]) }
        }
    }

    @Test func lengthAtTheLimitAndPastIt() throws {
        func prefix(body: Int) -> [UInt8] {
            var writer = DBusWriter()
            writer.append([UInt8(ascii: "l"), 4, 0, 1])
            writer.write(UInt32(body))
            writer.write(UInt32(1))
            writer.write(UInt32(0))
            return writer.bytes
        }
        let most = DBusMessage.byteLimit - DBusMessage.prefixByteCount
        #expect(try DBusMessage.byteCount(of: prefix(body: most)[...]) == DBusMessage.byteLimit)
        for body in [most + 1, Int(UInt32.max)] {
            #expect(throws: DBusError.tooLong) { try DBusMessage.byteCount(of: prefix(body: body)[...]) }
        }
        #expect(throws: DBusError.malformed) {
            try DBusMessage.byteCount(of: [UInt8(ascii: "B")] + prefix(body: 0)[1...])
        }
    }

    @Test func theBusTakesUs() throws {
        var session = DBusSession(userID: 1000)
        #expect(session.takeOutput() == [0] + Array("AUTH EXTERNAL 31303030\r\n".utf8))
        var messages: [DBusMessage] = []
        #expect(try !session.received(Array("OK 0123".utf8).span, messages: &messages))
        #expect(try session.received(Array("4567\r\n".utf8).span, messages: &messages))
        let output = session.takeOutput()
        #expect(output.starts(with: Array("BEGIN\r\n".utf8)))
        let hello = try DBusMessage(decoding: output.dropFirst(7))
        #expect(hello.member == "Hello" && hello.serial == 1 && messages.isEmpty)
    }

    @Test func theBusRejectsUs() {
        var session = DBusSession(userID: 0)
        var messages: [DBusMessage] = []
        #expect(throws: DBusError.rejected) {
            try session.received(Array("REJECTED EXTERNAL\r\n".utf8).span, messages: &messages)
        }
        var endless = DBusSession(userID: 0)
        #expect(throws: DBusError.tooLong) {
            try endless.received([UInt8](repeating: 65, count: 1_024).span, messages: &messages)
        }
    }
}
