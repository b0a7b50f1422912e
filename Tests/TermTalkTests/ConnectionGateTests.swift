import Testing

@testable import TermTalk

@Suite struct ConnectionGateTests {
    /// How many first messages with an invite are let through at once.
    private func burst(secrets: Int) -> Int {
        var gate = ConnectionGate(limits: .init(), now: .zero)
        var count = 0
        while gate.admits(pattern: 0x02, secrets: secrets, now: .zero) { count += 1 }
        return count
    }

    @Test("The more secrets there are to try, the fewer messages are tried", arguments: [(1, 300), (9, 150), (97, 23)])
    func secretsCost(secrets: Int, count: Int) {
        #expect(burst(secrets: secrets) == count)
    }

    @Test("Even with all secrets that may be tried, somebody gets in")
    func most() {
        #expect(burst(secrets: InviteTable.maximum + InviteTable.maximumHeld) >= 20)
    }
}
