import Testing

@testable import Transport

@Suite struct IPAddressTests {
    @Test(
        arguments: [
            ("0.0.0.0", .unspecified), ("127.9.9.9", .loopback), ("169.254.1.1", .linkLocal), ("10.0.0.1", .privateUse),
            ("172.15.255.255", .global), ("172.16.0.0", .privateUse), ("172.31.255.255", .privateUse),
            ("172.32.0.0", .global), ("192.168.0.1", .privateUse), ("192.169.0.1", .global), ("100.63.0.1", .global),
            ("100.64.0.1", .carrier), ("100.127.255.255", .carrier), ("100.128.0.0", .global),
            ("224.0.0.1", .multicast),
            ("8.8.8.8", .global), ("::", .unspecified), ("::1", .loopback), ("::2", .global),
            ("fe80::1%eth0", .linkLocal), ("febf::1", .linkLocal), ("fec0::1", .global), ("fc00::1", .privateUse),
            ("fdff::1", .privateUse), ("ff02::fb", .multicast), ("2001:db8::1", .global),
            ("::ffff:127.0.0.1", .loopback), ("::ffff:8.8.8.8", .global),
        ] as [(String, IPAddress.Scope)])
    func scopes(text: String, scope: IPAddress.Scope) {
        #expect(IPAddress(text)?.scope == scope)
        #expect(IPAddress(text)?.description == text)
    }

    @Test(arguments: ["", "name", "1.2.3", "1.2.3.4%eth0", "[::1]", "::1 ", "01.2.3.4", "1::2::3", "%eth0"])
    func noAddresses(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func thisMachineHasLoopback() {
        #expect(LocalInterface.all().contains { $0.isLoopback && $0.address == IPAddress("127.0.0.1") })
    }

    @Test func networks() throws {
        func isIn(_ text: String, _ network: String, _ prefix: Int) throws -> Bool {
            let own = LocalInterface(
                name: "eth0", address: try #require(IPAddress(network)), prefixLength: prefix, isLoopback: false,
                isPointToPoint: false, isMulticast: true)
            return own.contains(try #require(IPAddress(text)))
        }
        #expect(try isIn("192.168.7.200", "192.168.7.1", 24) && !isIn("192.168.8.1", "192.168.7.1", 24))
        #expect(try isIn("10.127.0.1", "10.64.0.1", 10) && !isIn("10.128.0.1", "10.64.0.1", 10))
        #expect(try isIn("fe80::2%eth0", "fe80::1%eth0", 64) && !isIn("fe80::2%eth1", "fe80::1%eth0", 64))
        #expect(try !isIn("::1", "10.0.0.1", 8))
    }
}
