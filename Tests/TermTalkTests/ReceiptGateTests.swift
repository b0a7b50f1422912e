import Testing

@testable import TermTalk

@Suite struct ReceiptGateTests {
    @Test func allIsClearWhenTheConsoleHasTakenAll() {
        var gate = ReceiptGate()
        #expect(gate.clear(7, nil) == 7)
        #expect(gate.clear(8, .init(told: 100, taken: 100)) == 8)
    }

    /// A reader that never catches up gets on all the same.
    @Test func aSlowReaderGetsOnStepByStep() {
        var gate = ReceiptGate()
        #expect(gate.clear(3, .init(told: 30, taken: 30)) == 3)
        #expect(gate.clear(5, .init(told: 50, taken: 31)) == 3)
        #expect(gate.clear(9, .init(told: 90, taken: 49)) == 3)
        #expect(gate.clear(9, .init(told: 90, taken: 50)) == 5)
        #expect(gate.clear(12, .init(told: 120, taken: 89)) == 5)
        #expect(gate.clear(12, .init(told: 120, taken: 90)) == 9)
        #expect(gate.clear(12, .init(told: 120, taken: 120)) == 12)
    }

    @Test func whatWasWaitingBeforeAnythingCameHoldsNothingBack() {
        var gate = ReceiptGate()
        #expect(gate.clear(0, .init(told: 10, taken: 0)) == 0)
        #expect(gate.clear(1, .init(told: 20, taken: 15)) == 0)
        #expect(gate.clear(1, .init(told: 20, taken: 20)) == 1)
    }
}
