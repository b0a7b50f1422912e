import EventLoop
import Testing

@testable import TorController

struct ControlArgumentsTests {
    @Test func readsWordsNamesAndQuotes() throws {
        let arguments = try ControlArguments(
            #"STATUS_CLIENT WARN  BOOTSTRAP PROGRESS=5 SUMMARY="Connecting to \"a\" relay" EMPTY= "a word" $AB=x"#)
        #expect(arguments.positional == ["STATUS_CLIENT", "WARN", "BOOTSTRAP", "a word", "$AB=x"])
        #expect(arguments[name: "PROGRESS"] == "5")
        #expect(arguments[name: "SUMMARY"] == #"Connecting to "a" relay"#)
        #expect(arguments[name: "EMPTY"] == "")
        #expect(arguments[name: "TAG"] == nil)
        #expect(try ControlArguments("A=1 A=2")[name: "A"] == "1")
        #expect(try ControlArguments("").positional.isEmpty)
    }

    @Test(arguments: [#"A="open"#, #"A="x"y"#, #"A="x\"#, #""a"b"#, #"A="\8""#, #"A="\777""#, #"A="\xg0""#])
    func refusesBrokenQuotes(text: String) {
        #expect(throws: ControlProtocolError.malformedArguments) { try ControlArguments(text) }
    }

    /// What the quoted string stands for; throws when quotes or escapes are not complete.
    private func unescape(_ text: String) throws(ControlProtocolError) -> [UInt8] {
        guard text.utf8.first == UInt8(ascii: "\"") else { throw .malformedArguments }
        var rest = Array(text.utf8.dropFirst())[...]
        let result = try QuotedString.takeContent(&rest)
        guard rest.isEmpty else { throw .malformedArguments }
        return result
    }

    @Test(arguments: [
        (#""""#, [UInt8]()), (#""a b""#, Array("a b".utf8)), (#""\\\"\'\n\r\t""#, [0x5C, 0x22, 0x27, 10, 13, 9]),
        (#""\1012\0\377\x41""#, [0x41, 0x32, 0, 255, 0x41]),
    ])
    func unescapes(text: String, bytes: [UInt8]) throws {
        #expect(try unescape(text) == bytes)
    }

    @Test func escapesWhatItUnescapes() throws {
        let all = (0...255).map { UInt8($0) }
        #expect(try unescape(QuotedString.escape(all)) == all)
        #expect(QuotedString.escape(Array("a\"\\é".utf8)) == #""a\"\\\303\251""#)
        #expect(throws: ControlProtocolError.malformedArguments) { try unescape("x") }
        #expect(throws: ControlProtocolError.malformedArguments) { try unescape(#""a" "#) }
    }

    @Test func findsListeners() {
        let (socket, port) = (SocketAddress.unix(path: "/run/tor/socks"), SocketAddress.ip("127.0.0.1", port: 9050))
        #expect(SocketAddress.listeners(in: #""unix:/run/tor/socks" "127.0.0.1:9050""#) == [port, socket])
        #expect(SocketAddress.listeners(in: #""unix:/run/tor/socks""#) == [socket])
        #expect(SocketAddress.listeners(in: #""0.0.0.0:9050""#) == [port])
        #expect(SocketAddress.listeners(in: #""[::]:9050""#) == [.ip("::1", port: 9050)])
        #expect(SocketAddress.listeners(in: "").isEmpty)
        #expect(SocketAddress.listeners(in: "\"open").isEmpty)
        // Streams go to no other machine in plain text.
        #expect(SocketAddress.listeners(in: #""192.0.2.1:9050" "[2001:db8::1]:9050" "127.0.0.1:9050""#) == [port])
        let many = (1...SocketAddress.maximumListenerCount + 1).map { "\"127.0.0.1:\($0)\"" }
        #expect(SocketAddress.listeners(in: many.joined(separator: " ")).count == SocketAddress.maximumListenerCount)
        #expect(
            SocketAddress.listeners(in: many.dropLast().joined(separator: " ")).count
                == SocketAddress.maximumListenerCount)
    }

    @Test(arguments: [
        ("127.0.0.1:9051", SocketAddress.ip("127.0.0.1", port: 9051)), ("localhost:1", .ip("127.0.0.1", port: 1)),
        ("[::1]:65535", .ip("::1", port: 65535)), ("/run/tor/control", .unix(path: "/run/tor/control")),
        ("unix:control", .unix(path: "control")),
    ])
    func readsEndpoints(text: String, address: SocketAddress) {
        #expect(SocketAddress(torEndpoint: text) == address)
    }

    @Test(arguments: [
        "", "9051", "host:9051", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:+1", "127.0.0.1:", "::1:9051", "[x]:1",
        "unix:", "unix:/" + String(repeating: "a", count: 107), ":1",
    ])
    func refusesOtherEndpoints(text: String) {
        #expect(SocketAddress(torEndpoint: text) == nil)
    }
}
