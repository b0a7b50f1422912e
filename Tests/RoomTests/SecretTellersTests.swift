import Chat
import Testing

@testable import Room

/// Whom a member believes of what a relay's group's secret is.
@Suite struct SecretTellersTests {
    private let alice = MemberID(entropy: 1)
    private let bob = MemberID(entropy: 2)
    private let carol = MemberID(entropy: 3)

    /// Who is believed over a connection, if what all of these tell, one after the other, is in order.
    private func believed(_ tellers: inout SecretTellers, of members: [MemberID]) -> [MemberID] {
        members.filter { member in
            guard tellers.isHeard(member) else { return false }
            tellers.believe(member)
            return true
        }
    }

    @Test("The first one is believed, and nobody after it; what is not in order counts as nothing")
    func first() {
        var tellers = SecretTellers()
        #expect(tellers.isHeard(carol) && tellers.isHeard(carol))
        #expect(believed(&tellers, of: [alice, bob, alice, carol]) == [alice])
    }

    @Test("Who was believed in vain is passed over as long as others tell something, and all are in their turn")
    func inVain() {
        var tellers = SecretTellers()
        for expected in [alice, bob, carol] {
            #expect(believed(&tellers, of: [alice, bob, carol]) == [expected])
            tellers.reconnected()
        }
        // Nobody is left: they begin anew over the connection after this one.
        #expect(believed(&tellers, of: [alice, bob, carol]) == [])
        tellers.reconnected()
        #expect(believed(&tellers, of: [alice, bob, carol]) == [alice])
    }

    @Test("Who alone tells anything is believed every second time, and not sooner where nobody tells anything")
    func alone() {
        var tellers = SecretTellers()
        for expected in [[alice], [], [alice], []] {
            #expect(believed(&tellers, of: [alice]) == expected)
            tellers.reconnected()
        }
        #expect(believed(&tellers, of: [alice]) == [alice])
        for _ in 0..<3 { tellers.reconnected() }
        #expect(believed(&tellers, of: [alice, bob]) == [bob])
    }
}
