package import EventLoop

/// Time that jumps from timer to timer, so that hours pass in no time and in the same way each time.
package final class SimulatedTime: MadeUpTime {
    package private(set) var now: MonotonicTime

    /// How many turns may be taken, so that what goes round in circles comes to an end, too.
    fileprivate var turnsLeft = Int.max

    /// With how many there were before, and this one: those for the same time fire as they were asked for.
    fileprivate var timers: [(timer: TimerHandle, number: Int)] = []
    private var timerCount = 0

    fileprivate init(from start: MonotonicTime) {
        now = start
    }

    package func add(_ timer: TimerHandle) {
        timerCount += 1
        timers.append((timer, timerCount))
    }

    package func remove(_ timer: TimerHandle) {
        timers.removeAll { $0.timer === timer }
    }

    package func beginTurn(hasWork: Bool) -> [TimerHandle]? {
        guard turnsLeft > 0 else { return nil }
        turnsLeft -= 1
        if !hasWork {
            guard let next = timers.map(\.timer.deadline).min() else { return nil }
            now = max(now, next)
        }
        return timers.filter { $0.timer.deadline <= now }
            .sorted { ($0.timer.deadline, $0.number) < ($1.timer.deadline, $1.number) }
            .map(\.timer)
    }

    fileprivate func skip(_ time: Duration) { now += time }
}

extension EventLoop {
    package convenience init(simulatedFrom start: MonotonicTime) throws(EventLoopError) {
        try self.init(in: SimulatedTime(from: start))
    }

    package var simulatedTurnsLeft: Int {
        get { simulatedTime.turnsLeft }
        set { simulatedTime.turnsLeft = newValue }
    }

    package var waitingTimerCount: Int { simulatedTime.timers.count }

    /// Lets time pass in which nothing runs, as when the process is stopped.
    package func skip(_ time: Duration) { simulatedTime.skip(time) }

    private var simulatedTime: SimulatedTime {
        guard let time = madeUpTime as? SimulatedTime else { preconditionFailure("only made-up time can be changed") }
        return time
    }
}
