/// Visits every state that a world can come into, within its budget, and looks at each how it would end if nothing more happened.
package struct Explorer {
    package struct Finding: Sendable, CustomStringConvertible {
        package let violation: String
        /// What led to it.
        package let actions: [World.Action]

        package var description: String {
            ([violation] + actions.map { "  \($0)" }).joined(separator: "\n")
        }
    }

    package struct Report: Sendable {
        package var states = 0
        package var steps = 0
        package var deepest = 0
        /// Whether there was nothing more to visit.
        package var isComplete = false
        package var finding: Finding?
    }

    /// How many states are visited at most.
    package var limit = Int.max
    /// One state in so many is brought to rest and judged.
    package var judged = 1

    package init(limit: Int = .max, judging judged: Int = 1) {
        self.limit = limit
        self.judged = judged
    }

    private struct Frame {
        let world: World
        let actions: [World.Action]
        var next = 0
    }

    /// Depth first. States are told apart by a hash of 64 bits.
    package func explore(_ start: World, progress: (Report) -> Void = { _ in }) -> Report {
        var report = Report()
        var visited: Set<Int> = [start.hashValue]
        var stack = [Frame(world: start, actions: start.actions)]
        while var frame = stack.popLast() {
            guard frame.next < frame.actions.count else { continue }
            let action = frame.actions[frame.next]
            frame.next += 1
            stack.append(frame)
            var world = frame.world
            world.perform(action)
            report.steps += 1
            guard visited.insert(world.hashValue).inserted else { continue }
            report.states += 1
            report.deepest = max(report.deepest, stack.count)
            if report.states.isMultiple(of: 1 << 16) { progress(report) }
            let violation =
                world.violation ?? (report.states.isMultiple(of: judged) ? world.verdictAtRest : nil)
            if let violation {
                report.finding = Finding(
                    violation: violation, actions: stack.map { $0.actions[$0.next - 1] })
                return report
            }
            guard report.states < limit else { return report }
            stack.append(Frame(world: world, actions: world.actions))
        }
        report.isComplete = true
        return report
    }
}
