import SharedLog
import Testing

@Suite struct RedisCommandSessionTests {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("Nothing is sent before the password was taken, and answers come in order")
    func authentication() throws {
        var (session, hello) = RedisCommandSession.begin(user: "u", password: Self.bytes("p"), byteLimit: 100)
        #expect(hello == Self.bytes("*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n"))
        #expect(!session.isReady)
        #expect(try session.received(Self.bytes("+OK\r\n")).isEmpty)
        #expect(session.isReady)
        #expect(session.send([Self.bytes("GET"), Self.bytes("k")]) == Self.bytes("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"))
        _ = session.send([Self.bytes("PING")])
        #expect(try session.received(Self.bytes("$1\r\nv\r\n+PO")) == [.bytes(Self.bytes("v"))])
        #expect(try session.received(Self.bytes("NG\r\n")) == [.text(Self.bytes("PONG"))])
        #expect(throws: RedisError.unexpected) { try session.received(Self.bytes("+PONG\r\n")) }
        #expect(!session.isReady)
    }

    @Test("A password that is not taken")
    func refused() {
        var (session, _) = RedisCommandSession.begin(user: nil, password: Self.bytes("p"), byteLimit: 100)
        #expect(throws: RedisError.refused(Self.bytes("WRONGPASS no"))) {
            try session.received(Self.bytes("-WRONGPASS no\r\n"))
        }
    }

    @Test("An answer of the most bytes, and a longer one")
    func limit() throws {
        for (count, fits) in [(93, true), (96, false)] {
            var (session, hello) = RedisCommandSession.begin(user: nil, password: nil, byteLimit: 100)
            #expect(hello.isEmpty)
            _ = session.send([Self.bytes("GET"), Self.bytes("k")])
            let answer = Self.bytes("$\(count)\r\n") + Array(repeating: 7, count: count) + Self.bytes("\r\n")
            if fits {
                #expect(try session.received(answer) == [.bytes(Array(repeating: 7, count: count))])
            } else {
                #expect(throws: RedisError.malformed(.tooLong)) { try session.received(answer) }
            }
        }
    }
}
