import TestSupport
import Testing

@testable import SharedLog

struct RESPReaderTests {
    private static let example = Array(
        "+OK\r\n-ERR no\r\n:-12\r\n$5\r\na\r\nbc\r\n$-1\r\n*-1\r\n*3\r\n$0\r\n\r\n*1\r\n:7\r\n+x\r\n".utf8)
    private static let values: [RESPValue] = [
        .text(Array("OK".utf8)), .error(Array("ERR no".utf8)), .integer(-12), .bytes(Array("a\r\nbc".utf8)),
        .bytes(nil),
        .array(nil), .array([.bytes([]), .array([.integer(7)]), .text(Array("x".utf8))]),
    ]

    @Test("Whole, byte by byte, and in pieces")
    func pieces() throws {
        for size in [1, 2, 3, 7, Self.example.count] {
            var reader = RESPReader()
            var values: [RESPValue] = []
            for start in stride(from: 0, to: Self.example.count, by: size) {
                values += try reader.received(Array(Self.example[start..<min(start + size, Self.example.count)]))
            }
            #expect(values == Self.values)
            #expect(reader.bufferedByteCount == 0)
        }
    }

    @Test(
        "What is none of RESP2",
        arguments: ["x\r\n", "$-2\r\n", "$1\r\nab\r\n", "*-2\r\n", ":a\r\n", "+a\rb\r\n", "$ 1\r\na\r\n"])
    func malformed(text: String) {
        var reader = RESPReader()
        #expect(throws: RESPError.malformed) { try reader.received(Array(text.utf8)) }
    }

    @Test("Limits: one is taken, one more is not")
    func limits() throws {
        func read(_ text: String) throws -> [RESPValue] {
            var reader = RESPReader()
            return try reader.received(Array(text.utf8))
        }
        let line = String(repeating: "a", count: RESPReader.lineLimit)
        #expect(try read("+\(line.dropLast())\r\n").count == 1)
        #expect(throws: RESPError.tooLong) { try read("+\(line)a") }
        #expect(try read("*\(RESPReader.elementLimit)\r\n").isEmpty)
        #expect(throws: RESPError.tooLong) { try read("*\(RESPReader.elementLimit + 1)\r\n") }
        #expect(throws: RESPError.tooLong) { try read("*1\r\n*\(RESPReader.elementLimit)\r\n") }
        #expect(try read("$\(RESPReader.byteLimit - 16)\r\n").isEmpty)
        #expect(throws: RESPError.tooLong) { try read("$\(RESPReader.byteLimit)\r\n") }
        let nested = String(repeating: "*1\r\n", count: RESPReader.depthLimit)
        #expect(try read(nested + ":1\r\n").count == 1)
        #expect(throws: RESPError.tooLong) { try read("*1\r\n" + nested + ":1\r\n") }
    }

    @Test("Nothing that a Redis answers traps", arguments: 0..<4)
    func anything(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let alphabet = Array("+-:$*0123459\r\nOKREFUSED.".utf8)
        for _ in 0..<2_000 {
            var (session, _) = RedisSession.begin(room: "r", user: nil, password: nil)
            let hash = String(repeating: "ab", count: 20)
            let hashes = RedisScript.allCases.map { _ in "$40\r\n\(hash)\r\n" }.joined()
            #expect((try? session.received(Array(hashes.utf8))) == [.ready])
            let commands: [StoreCommand] = [.status, .load, .read(after: .origin, limit: 1)]
            _ = session.send(commands[random.below(3)])
            var bytes = (0..<random.below(40)).map { _ in alphabet[random.below(alphabet.count)] }
            if random.below(2) == 0 { bytes = Array("*5\r\n$3\r\na:b\r\n$3\r\n1-\(random.below(10))\r\n".utf8) + bytes }
            _ = try? session.received(bytes)
        }
    }

    @Test("A wrong password, and an answer to nothing")
    func refusals() throws {
        var (session, bytes) = RedisSession.begin(room: "r", user: "u", password: Array("p".utf8))
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n"))
        #expect(throws: RedisError.refused(Array("WRONGPASS".utf8))) {
            try session.received(Array("-WRONGPASS\r\n".utf8))
        }
        var (other, _) = RedisSession.begin(room: "r", user: nil, password: nil)
        #expect(throws: RedisError.unexpected) { try other.received(Array(":1\r\n".utf8)) }
    }
}
