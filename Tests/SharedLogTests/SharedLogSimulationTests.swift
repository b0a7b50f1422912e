import SharedLogModel
import TestSupport
import Testing

/// Long times with many faults, each from a seed.
struct SharedLogSimulationTests {
    /// Two at once and more: everything, and in one part of the runs a store that splits in two.
    static let budget = World.Budget(
        inputs: 8, drops: 3, late: 2, crashes: 2, hangs: 2, restarts: 3, flushes: 2, snapshots: 3)

    @Test("Three hosts and a store that loses its tail", arguments: 0..<8)
    func runs(part: Int) {
        let start = World(hosts: 3)
        #expect(start.violation == nil)
        let count = runCount(2_000) / 8
        var budget = Self.budget
        if part == 0 { budget.splits = 1 }
        for seed in part * count..<(part + 1) * count {
            var random = SeededRandom(seed: UInt64(seed))
            let run = RandomRun(start, budget: budget, steps: 240, using: &random)
            #expect(run.violation == nil, "seed \(seed)\n\(run.trace)")
            if run.violation != nil { return }
        }
    }
}
