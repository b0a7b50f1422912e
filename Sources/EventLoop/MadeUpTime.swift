/// What a loop asks in place of the clock: tests make its time up (`SimulatedTime`).
package protocol MadeUpTime: AnyObject {
    var now: MonotonicTime { get }

    func add(_ timer: TimerHandle)

    /// Nothing happens for a timer that is not there.
    func remove(_ timer: TimerHandle)

    /// Begins a turn, and returns the timers that are due, in order; nil ends the loop. With `hasWork` the loop has something
    /// to do at once; without, time goes on to the next timer.
    func beginTurn(hasWork: Bool) -> [TimerHandle]?
}
