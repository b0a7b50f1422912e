import SharedLog
import SharedLogModel
import TestSupport
import Testing

/// What each step of the protocol prevents is found when it is left out, in the replica or in the store.
struct OmissionTests {
    /// By visiting states. One fault, or one fault and one host that dies, is enough.
    @Test(
        "Found among all states",
        arguments: [
            (ReplicaOmission.adoptForeignHistory, World.Budget(inputs: 1, crashes: 1, restarts: 1)),
            (.awaitLivingHosts, World.Budget(inputs: 1, crashes: 1, restarts: 1)),
            (.awaitFurthestHost, World.Budget(inputs: 1, crashes: 1, restarts: 1)),
            (.restoreTail, World.Budget(inputs: 1, crashes: 1, restarts: 1)),
            (.countOnce, World.Budget(inputs: 1, drops: 1, late: 1)),
            (.renewWhenGone, World.Budget(hangs: 1, restarts: 1)),
        ])
    func foundAmongStates(omission: ReplicaOmission, budget: World.Budget) {
        expectFinding(World(hosts: 2, omission: omission), budget)
    }

    @Test(
        "A store's omissions are found among all states",
        arguments: [
            (MadeUpRedis.Omission.comparesOpenings, World.Budget(inputs: 1, crashes: 1, restarts: 1)),
            (.keepsNewerSnapshot, World.Budget(inputs: 1, snapshots: 2)),
        ])
    func foundAmongStates(omission: MadeUpRedis.Omission, budget: World.Budget) {
        expectFinding(World(hosts: 2, of: omission), budget)
    }

    private func expectFinding(_ start: World, _ budget: World.Budget) {
        var world = start
        // It may show already when the hosts come together.
        guard world.violation == nil else { return }
        world.budget = budget
        #expect(Explorer(limit: 40_000, judging: 4).explore(world).finding != nil)
    }

    /// At random, from a seed on. The same seeds find nothing in the whole protocol.
    @Test(
        "Found at random",
        arguments: [
            (ReplicaOmission.blankNeverOpens, 0), (.sleeperWaits, 0), (.noticeOtherRound, 0), (.rewriteLost, 0),
            (.confirmBeforeTelling, 0), (.awaitEachFurtherHost, 500),
        ])
    func foundAtRandom(omission: ReplicaOmission, seed: Int) {
        expectFinding(World(hosts: 3, omission: omission), UInt64(seed))
    }

    @Test(
        "A store's omissions are found at random",
        arguments: [
            (MadeUpRedis.Omission.fencesAppends, 0), (.forgetsReports, 0), (.reportsInLife, 0), (.comparesRounds, 650),
        ])
    func foundAtRandom(omission: MadeUpRedis.Omission, seed: Int) {
        expectFinding(World(hosts: 3, of: omission), UInt64(seed))
    }

    private static let budget = World.Budget(
        inputs: 8, drops: 3, late: 2, crashes: 2, hangs: 2, restarts: 3, flushes: 2, snapshots: 3)

    private func run(_ start: World, _ seed: UInt64) -> RandomRun {
        var random = SeededRandom(seed: seed)
        return RandomRun(start, budget: Self.budget, steps: 240, using: &random)
    }

    private func expectFinding(_ start: World, _ first: UInt64) {
        guard start.violation == nil else { return }
        let seed = (first..<first + 200).first { run(start, $0).violation != nil }
        #expect(seed != nil)
        if let seed { #expect(run(World(hosts: 3), seed).violation == nil) }
    }
}
