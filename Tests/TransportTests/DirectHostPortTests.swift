import Testing
import Transport

@Suite struct DirectHostPortTests {
    @Test(
        arguments: [
            ("1.2.3.4:5", "1.2.3.4", 5), ("[::1]:5", "::1", 5), ("name:65535", "name", 65535),
            ("a-b.example.org:0", "a-b.example.org", 0), ("[fe80::1%eth0]:80", "fe80::1%eth0", 80),
        ] as [(String, String, UInt16)])
    func good(text: String, host: String, port: UInt16) throws {
        let parsed = try HostPort(parsing: text)
        #expect(parsed == HostPort(host: host, port: port))
        #expect(parsed.description == text)
    }

    @Test(
        arguments: [
            ("", .missingPort), ("name", .missingPort), ("name:", .missingPort), ("[::1]", .missingPort),
            ("::1", .missingBrackets), ("::1:80", .missingBrackets), ("a:b:80", .missingBrackets),
            ("name:65536", .invalidPort), ("name:-1", .invalidPort), ("name:+1", .invalidPort),
            ("name:8o", .invalidPort),
            ("name: 80", .invalidPort), ("name:000080", .invalidPort), ("name:٣", .invalidPort),
            (":80", .invalidHost), ("[]:80", .invalidHost), ("[name]:80", .invalidHost), ("[::1:80", .invalidHost),
            ("[::1]x:80", .invalidHost), ("na me:80", .invalidHost), ("näme:80", .invalidHost),
            ("a/b:80", .invalidHost),
            ("a\n:80", .invalidHost), ("[::1%e th]:80", .invalidHost),
            ("[fe80::1]:80", .missingZone), ("[FEBF::1]:80", .missingZone), ("[::ffff:1.2.3.4]:80", .mappedIPv4),
        ] as [(String, HostPort.ParseError)])
    func bad(text: String, error: HostPort.ParseError) {
        #expect(throws: error) { try HostPort(parsing: text) }
    }

    @Test(
        arguments: [
            ("name", "name", 7), ("name:80", "name", 80), ("1.2.3.4", "1.2.3.4", 7), ("::1", "::1", 7),
            ("[::1]", "::1", 7),
            ("[::1]:0", "::1", 0),
        ] as [(String, String, UInt16)])
    func withDefaultPort(text: String, host: String, port: UInt16) throws {
        #expect(try HostPort(parsing: text, defaultPort: 7) == HostPort(host: host, port: port))
    }

    @Test(
        arguments: [
            ("", .invalidHost), ("name:", .missingPort), ("name:x", .invalidPort), ("a b", .invalidHost),
            ("[::1", .invalidHost), ("::1]", .missingBrackets), ("::1:80", .missingBrackets), ("fe80::1", .missingZone),
            ("::ffff:1.2.3.4", .mappedIPv4),
        ] as [(String, HostPort.ParseError)])
    func badWithDefaultPort(text: String, error: HostPort.ParseError) {
        #expect(throws: error) { try HostPort(parsing: text, defaultPort: 7) }
    }

    @Test func longestHost() throws {
        let longest = String(repeating: "a", count: HostPort.maximumHostByteCount)
        #expect(try HostPort(parsing: longest + ":1").host == longest)
        #expect(throws: HostPort.ParseError.invalidHost) { try HostPort(parsing: longest + "a:1") }
    }
}
