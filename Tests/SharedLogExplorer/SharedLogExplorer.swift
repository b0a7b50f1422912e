import Glibc
import SharedLog
import SharedLogModel
import TestSupport

/// `shared-log-explorer`: visits all states of three hosts and a store within a budget of faults; or, with `seeds=`, runs at random; or,
/// with `timed=`, in made-up time.
@main
struct SharedLogExplorer {
    static func main() {
        var budget = World.Budget()
        var explorer = Explorer()
        var hosts = 3
        var seeds = 0
        var firstSeed = 1
        var timed = 0
        var steps = 400
        var omission: ReplicaOmission?
        var storeOmission: MadeUpRedis.Omission?
        for argument in CommandLine.arguments.dropFirst() {
            let parts = argument.split(separator: "=")
            if parts.count == 2, parts[0] == "without" {
                omission = ReplicaOmission.allCases.first { "\($0)" == parts[1] }
                storeOmission = MadeUpRedis.Omission.allCases.first { "\($0)" == parts[1] }
                guard omission != nil || storeOmission != nil else { return complain(argument) }
                continue
            }
            guard parts.count == 2, let value = Int(parts[1]) else { return complain(argument) }
            switch parts[0] {
            case "hosts": hosts = value
            case "inputs": budget.inputs = value
            case "drops": budget.drops = value
            case "late": budget.late = value
            case "crashes": budget.crashes = value
            case "hangs": budget.hangs = value
            case "restarts": budget.restarts = value
            case "flushes": budget.flushes = value
            case "splits": budget.splits = value
            case "snapshots": budget.snapshots = value
            case "judged": explorer.judged = value
            case "states": explorer.limit = value
            case "seeds": seeds = value
            case "timed": timed = value
            case "seed": firstSeed = value
            case "steps": steps = value
            default: return complain(argument)
            }
        }
        if timed > 0 { return runTimed(firstSeed..<firstSeed + timed, omission, storeOmission) }
        var world = World(hosts: hosts, omission: omission, of: storeOmission)
        if let violation = world.violation { return fail(violation) }
        if seeds > 0 { return run(world, budget, seeds: firstSeed..<firstSeed + seeds, steps: steps) }
        world.budget = budget
        let report = explorer.explore(world) { report in
            guard report.states.isMultiple(of: 1 << 20) else { return }
            print("… \(report.states) states, \(report.steps) steps, depth \(report.deepest)")
            fflush(nil)
        }
        print(
            "\(report.states) states, \(report.steps) steps, depth \(report.deepest),",
            report.isComplete ? "complete" : "not complete")
        if let finding = report.finding { fail(finding.description) }
    }

    private static func run(_ world: World, _ budget: World.Budget, seeds: Range<Int>, steps: Int) {
        var count = 0
        for seed in seeds {
            var random = SeededRandom(seed: UInt64(seed))
            let run = RandomRun(world, budget: budget, steps: steps, using: &random)
            count += run.actions.count
            if run.violation != nil, seeds.count == 1 {
                var again = world
                again.budget = budget
                for action in run.actions {
                    again.perform(action)
                    print(action)
                    print(again.summary)
                }
            }
            if let violation = run.violation {
                return fail(
                    ([violation, "seed \(seed)", run.world.summary] + run.actions.map { "  \($0)" }).joined(
                        separator: "\n"))
            }
        }
        print("\(seeds.count) seeds, \(count) steps, nothing found")
    }

    private static func runTimed(
        _ seeds: Range<Int>, _ omission: ReplicaOmission?, _ storeOmission: MadeUpRedis.Omission?
    ) {
        var (inputs, lost) = (0, 0)
        for seed in seeds {
            let run = TimedRun(seed: UInt64(seed), omission: omission, of: storeOmission)
            inputs += run.inputs
            lost += run.storeLostCount
            if run.violation != nil { return fail((["seed \(seed)"] + run.trace).joined(separator: "\n")) }
        }
        print("\(seeds.count) seeds, \(inputs) inputs, store-lost \(lost), nothing found")
    }

    private static func complain(_ argument: String) {
        print("shared-log-explorer: \(argument) is none of inputs, drops, late, crashes, … =NUMBER")
        exit(64)
    }

    private static func fail(_ what: String) {
        print(what)
        exit(1)
    }
}
