import Testing

@testable import TorController

@Suite struct TorProxyTests {
    @Test(
        arguments: [
            ("socks5://127.0.0.1:1080", ["Socks5Proxy 127.0.0.1:1080"]),
            ("http://[::1]:3128", ["HTTPSProxy [::1]:3128"]),
            (
                "socks5://name:p@ss:word@proxy.example:1080",
                [
                    "Socks5Proxy proxy.example:1080", "Socks5ProxyUsername name", "Socks5ProxyPassword p@ss:word",
                ]
            ),
            ("http://n:p@192.0.2.1:80", ["HTTPSProxy 192.0.2.1:80", "HTTPSProxyAuthenticator n:p"]),
        ])
    func reads(_ text: String, lines: [String]) throws {
        let proxy = try TorProxy(parsing: text)
        #expect(proxy.configuration == lines)
        #expect(proxy.hasPassword == text.contains("@") && !proxy.shown.contains("@"))
    }

    @Test(
        arguments: [
            ("", .scheme), ("127.0.0.1:1080", .scheme), ("socks4://h:1", .scheme), ("socks5://h", .address),
            ("socks5://:1", .address), ("socks5://h:0", .address), ("socks5://h:65536", .address),
            ("socks5://h:1\nLog debug file /tmp/x:1", .address), ("http://a b:1", .address),
            ("http://n@h:1", .credentials),
            ("http://:p@h:1", .credentials), ("http://n:@h:1", .credentials), ("http://n:p\nLog x@h:1", .credentials),
            ("http://n:p#x@h:1", .credentials), ("http://n:ü@h:1", .credentials),
        ] as [(String, TorProxy.ParseError)])
    func refuses(_ text: String, error: TorProxy.ParseError) {
        #expect(throws: error) { try TorProxy(parsing: text) }
    }

    @Test func partsAtTheLimitAndPastIt() throws {
        let longest = String(repeating: "x", count: 255)
        #expect(try TorProxy(parsing: "http://\(longest):\(longest)@h:1").hasPassword)
        #expect(throws: TorProxy.ParseError.credentials) { try TorProxy(parsing: "http://\(longest)x:p@h:1") }
        #expect(throws: TorProxy.ParseError.credentials) { try TorProxy(parsing: "http://n:\(longest)x@h:1") }
        let host = String(repeating: "h", count: TorProxy.maximumByteCount - "http://:1".utf8.count)
        #expect(try TorProxy(parsing: "http://\(host):1").shown.hasSuffix(":1"))
        #expect(throws: TorProxy.ParseError.scheme) { try TorProxy(parsing: "http://h\(host):1") }
    }
}
