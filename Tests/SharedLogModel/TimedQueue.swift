/// What happens later, in made-up time.
package protocol TimedSchedule: AnyObject {
    /// Since some point.
    var time: Duration { get }
    func later(_ delay: Duration, _ body: @escaping () -> Void)
}

/// Made-up time that goes on as fast as it can. What is due at the same time happens in the order in which it was asked for.
package final class TimedQueue: TimedSchedule {
    private struct Item {
        let due: Duration
        let body: () -> Void
    }

    package private(set) var time = Duration.zero
    /// The next one last.
    private var items: [Item] = []

    package init() {}

    package func later(_ delay: Duration, _ body: @escaping () -> Void) {
        let due = time + max(delay, .zero)
        var (low, high) = (0, items.count)
        while low < high {
            let middle = (low + high) / 2
            // Before those of the same time, which come first.
            if items[middle].due <= due { high = middle } else { low = middle + 1 }
        }
        items.insert(Item(due: due, body: body), at: low)
    }

    /// Lets time pass until `isOver`, which is asked after each thing that happens, or that time.
    package func run(until end: Duration, unless isOver: () -> Bool = { false }) {
        while let next = items.last, next.due <= end, !isOver() {
            items.removeLast()
            time = next.due
            next.body()
        }
        if !isOver() { time = max(time, end) }
    }
}
