import SharedLog
import SharedLogModel
import Testing

/// Hosts with their own pace on a made-up Redis in made-up time, which delays, breaks, repeats, loses its end, refuses; hosts die and
/// sleep. `make explore BUDGET=timed=20000` for more.
struct TimedSimulationTests {
    @Test("Three hosts in made-up time", arguments: 0..<8)
    func runs(part: Int) {
        let count = runCount(2_000) / 8
        for seed in part * count..<(part + 1) * count {
            let run = TimedRun(seed: UInt64(seed))
            #expect(run.violation == nil, "seed \(seed)\n\(run.trace.joined(separator: "\n"))")
            if run.violation != nil { return }
        }
    }

    /// From a seed on. The same seed finds nothing in the whole protocol.
    @Test(
        "What a step of the protocol prevents is found when it is left out",
        arguments: [
            (ReplicaOmission.blankNeverOpens, 0), (.adoptForeignHistory, 0), (.awaitLivingHosts, 0),
            (.awaitFurthestHost, 0), (.restoreTail, 0), (.countOnce, 0), (.confirmBeforeTelling, 200),
            (.renewWhenGone, 0), (.rewriteLost, 0),
        ])
    func found(omission: ReplicaOmission, first: Int) {
        expectFinding(from: first) { TimedRun(seed: $0, omission: omission) }
    }

    @Test(
        "A store's omissions are found",
        arguments: [(MadeUpRedis.Omission.fencesAppends, 50), (.comparesOpenings, 0), (.forgetsReports, 0)])
    func found(omission: MadeUpRedis.Omission, first: Int) {
        expectFinding(from: first) { TimedRun(seed: $0, of: omission) }
    }

    private func expectFinding(from first: Int, _ run: (UInt64) -> TimedRun) {
        let seed = (first..<first + 100).lazy.map { UInt64($0) }.first { run($0).violation != nil }
        #expect(seed != nil)
        if let seed { #expect(TimedRun(seed: seed).violation == nil) }
    }
}
