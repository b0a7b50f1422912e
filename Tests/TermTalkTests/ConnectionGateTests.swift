import Testing

@testable import TermTalk

@Suite struct ConnectionGateTests {
    @Test("So many handshakes are answered at once, and no more; those with an invite are counted apart")
    func bursts() {
        let limits = ConnectionGate.Limits()
        var gate = ConnectionGate(limits: limits, now: .zero)
        var counts = (open: 0, invited: 0)
        while gate.admitsOpen(now: .zero) { counts.open += 1 }
        while gate.admitsInvited(now: .zero) { counts.invited += 1 }
        #expect(Double(counts.open) == limits.openBurst && Double(counts.invited) == limits.inviteBurst)
        let later = [gate.admitsInvited(now: .seconds(1)), gate.admitsOpen(now: .seconds(1))]
        #expect(later == [true, true])
    }
}
