import SharedLog
import SharedLogModel
import TestSupport
import Testing

/// Every state that hosts and a store can come into, within small budgets of faults. `make explore` has larger ones.
struct ExplorerTests {
    @Test(
        "All states of two hosts",
        arguments: [
            World.Budget(inputs: 1), World.Budget(restarts: 1), World.Budget(flushes: 1),
            World.Budget(drops: 1, late: 1),
            World.Budget(hangs: 1),
        ])
    func allStates(budget: World.Budget) {
        var world = World(hosts: 2)
        world.budget = budget
        // Each is judged as it is; how it would end, for each fourth.
        let report = Explorer(judging: 4).explore(world)
        #expect(report.finding.map(\.description) == nil)
        #expect(report.isComplete)
        #expect(report.states > 20)
    }

    @Test("The first states of three hosts with a restart of the store, a crash and an input")
    func firstStates() {
        var world = World(hosts: 3)
        world.budget = World.Budget(inputs: 1, crashes: 1, restarts: 1)
        let report = Explorer(limit: 3_000, judging: 8).explore(world)
        #expect(report.finding.map(\.description) == nil)
        #expect(report.states == 3_000)
    }
}
