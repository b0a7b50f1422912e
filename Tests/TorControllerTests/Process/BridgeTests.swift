import Testing

@testable import TorController

struct BridgeTests {
    @Test(
        arguments: [
            ("192.0.2.1:443", nil, "192.0.2.1:443"), ("Bridge [2001:db8::1]:9001 0123", nil, "[2001:db8::1]:9001 0123"),
            ("  obfs4  192.0.2.1:443 cert=a+b/c iat-mode=0 ", "obfs4", "obfs4 192.0.2.1:443 cert=a+b/c iat-mode=0"),
            ("bridge snowflake 192.0.2.3:80 url=https://x/", "snowflake", "snowflake 192.0.2.3:80 url=https://x/"),
        ] as [(String, String?, String)])
    func reads(_ text: String, transport: String?, line: String) throws {
        let bridge = try Bridge(parsing: text)
        #expect(bridge.transport == transport && bridge.line == line)
    }

    /// Nothing that is given as a bridge becomes another line of torrc.
    @Test(
        arguments: [
            ("", .empty), ("Bridge", .empty), ("obfs4", .address), ("nonsense here", .address),
            ("192.0.2.1:443\nControlPort 9051", .characters), ("192.0.2.1:443 # x", .characters),
            ("192.0.2.1:443 \u{e9}", .characters),
        ] as [(String, Bridge.ParseError)])
    func refuses(_ text: String, error: Bridge.ParseError) {
        #expect(throws: error) { try Bridge(parsing: text) }
    }

    @Test func length() throws {
        let start = "192.0.2.1:443 "
        let longest = start + String(repeating: "x", count: Bridge.maximumByteCount - start.utf8.count)
        #expect(try Bridge(parsing: longest).line == longest)
        #expect(throws: Bridge.ParseError.tooLong) { try Bridge(parsing: longest + "x") }
    }

    @Test func writesTorrc() throws {
        #expect(try [Bridge]().configuration(isIncludeGiven: false).isEmpty)
        let plain = try [Bridge(parsing: "192.0.2.1:443"), Bridge(parsing: "192.0.2.2:443")]
        #expect(
            try plain.configuration(isIncludeGiven: false)
                == ["UseBridges 1", "Bridge 192.0.2.1:443", "Bridge 192.0.2.2:443"])
        let unknown = try [Bridge(parsing: "carrier_pigeon 192.0.2.1:443")]
        #expect(throws: TorError.bridgeFailed(.unknownTransport("carrier_pigeon"))) {
            try unknown.configuration(isIncludeGiven: false)
        }
        #expect(
            try unknown.configuration(isIncludeGiven: true)
                == ["UseBridges 1", "Bridge carrier_pigeon 192.0.2.1:443"])
    }
}
