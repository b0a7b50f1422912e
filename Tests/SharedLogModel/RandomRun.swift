/// A long time with many faults, at random from a seed; the same for the same seed.
package struct RandomRun {
    package private(set) var actions: [World.Action] = []
    package private(set) var world: World

    /// What was wrong, during it or at its end.
    package var violation: String?

    /// `steps` actions out of what the budget allows. Faults come in turns, most things that happen are none.
    package init(_ start: World, budget: World.Budget, steps: Int, using random: inout some RandomNumberGenerator) {
        world = start
        world.budget = budget
        for _ in 0..<steps {
            let all = world.actions
            let faults = all.filter(\.isFault)
            let others = all.filter { !$0.isFault }
            let isFault = others.isEmpty || (!faults.isEmpty && Int.random(in: 0..<12, using: &random) == 0)
            guard let action = (isFault ? faults : others).randomElement(using: &random) else { break }
            actions.append(action)
            world.perform(action)
            if let violation = world.violation {
                self.violation = violation
                return
            }
        }
        world.calmDown()
        violation = world.violation
    }
}

extension World.Action {
    /// Whether it is counted, and seldom.
    var isFault: Bool {
        switch self {
        case .executes, .delivers, .polls, .suspects, .lease: false
        case .says, .drops, .crashes, .hangs, .wakes, .keepsSnapshot, .lateCommand, .restarts, .flushes, .evicts,
            .splits,
            .oldEnds:
            true
        }
    }
}

extension RandomRun {
    /// What happened, and where everybody is.
    package var trace: String { (actions.map { "\($0)" } + [world.summary]).joined(separator: "\n") }
}
