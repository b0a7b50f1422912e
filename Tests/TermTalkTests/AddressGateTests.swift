import EventLoop
import Testing

@testable import TermTalk

struct PeerNetworkTests {
    private static func network(_ address: String) -> PeerNetwork? { PeerNetwork(.ip(address, port: 1)) }

    @Test func anAddressIsANetworkOfItsOwn() {
        #expect(Self.network("192.0.2.1") == Self.network("192.0.2.1"))
        #expect(Self.network("192.0.2.1") != Self.network("192.0.2.2"))
        #expect(Self.network("::ffff:192.0.2.1") == Self.network("192.0.2.1"))
        #expect(Self.network("0.0.0.0") != nil && Self.network("::") != nil)
    }

    @Test func whoHasOneAddressOfASlash64HasThemAll() {
        #expect(Self.network("2001:db8::1") == Self.network("2001:db8:0:0:ffff::2"))
        #expect(Self.network("2001:db8::1") != Self.network("2001:db8:0:1::1"))
        // Within one local network they are people.
        #expect(Self.network("fe80::1%eth0") != Self.network("fe80::2%eth0"))
        #expect(Self.network("fd00::1") != Self.network("fd00::2"))
    }

    @Test(arguments: ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "localhost", ""])
    func thisMachineAndNonsenseAreNone(address: String) {
        #expect(Self.network(address) == nil)
        #expect(PeerNetwork(.unix(path: "/run/x")) == nil)
    }
}

struct AddressGateTests {
    private final class Gate {
        private var gate: AddressGate

        init(_ limits: AddressGate.Limits = .init()) { gate = AddressGate(limits: limits) }

        func admits(_ host: String, isMemberAway: Bool = false, at now: Duration = .zero) -> Bool {
            guard let network = PeerNetwork(.ip(host, port: 1)) else { return false }
            return gate.admits(network, isMemberAway: isMemberAway, now: now)
        }

        var addressCount: Int { gate.addressCount }

        func count(_ host: String, at now: Duration) -> Int {
            var count = 0
            while count < 1_000, admits(host, at: now) { count += 1 }
            return count
        }
    }

    @Test("Five may be there from one address, and of more members each may still be on its way back")
    func places() {
        let gate = AddressGate()
        #expect([0, 1, 4, 5, 9].map(gate.placesAtDoor) == [5, 4, 1, 1, 1])
        #expect(gate.mayJoin(members: 4) && !gate.mayJoin(members: 5))
    }

    @Test func tenMayArriveInAMinute() {
        let gate = Gate()
        #expect(gate.count("192.0.2.1", at: .zero) == 10)
        #expect(gate.count("192.0.2.1", at: .milliseconds(5_999)) == 0)
        #expect(gate.count("192.0.2.1", at: .milliseconds(6_001)) == 1)
        #expect(gate.count("192.0.2.1", at: .seconds(600)) == 10)
        #expect(gate.count("192.0.2.2", at: .zero) == 10)
    }

    @Test("A neighbour that floods does not keep a member from coming back")
    func membersThatAreAway() {
        let gate = Gate()
        _ = gate.count("192.0.2.1", at: .zero)
        #expect(!gate.admits("192.0.2.1"))
        #expect(gate.admits("192.0.2.1", isMemberAway: true))
        #expect(!gate.admits("192.0.2.1"))
    }

    @Test func addressesRememberedAreBounded() {
        var limits = AddressGate.Limits()
        limits.addresses = 3
        let gate = Gate(limits)
        #expect(gate.count("192.0.2.1", at: .zero) == 10)
        for host in 2...3 { #expect(gate.admits("192.0.2.\(host)", at: .seconds(1))) }
        #expect(!gate.admits("192.0.2.1", at: .seconds(2)))
        #expect(gate.addressCount == 3)
        // One more: one that was quiet for longest is forgotten, and not the one that tries again and again.
        #expect(gate.admits("192.0.2.4", at: .seconds(3)))
        #expect(gate.addressCount == 3)
        #expect(!gate.admits("192.0.2.1", at: .seconds(3)))
        // After a minute an address has its whole allowance again, and need not be remembered.
        #expect(gate.admits("192.0.2.5", at: .seconds(70)))
        #expect(gate.addressCount == 1)
    }
}
