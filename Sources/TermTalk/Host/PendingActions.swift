internal import Room

/// What a room wants and is not done yet. Doing it can make the room want more, which comes after all that it wanted before, so
/// that everybody hears of everything in the room's order.
struct PendingActions {
    private static let keptCapacity = 64

    private var actions: [RoomAction] = []
    private var done = 0
    private var isRunning = false

    /// Returns whether they are to be taken by ``next()`` now: not when somebody does that already.
    mutating func add(_ more: [RoomAction]) -> Bool {
        actions += more
        defer { isRunning = true }
        return !isRunning
    }

    /// Nil when all is done.
    mutating func next() -> RoomAction? {
        guard done < actions.count else {
            actions.removeAll(keepingCapacity: actions.count <= Self.keptCapacity)
            done = 0
            isRunning = false
            return nil
        }
        defer { done += 1 }
        return actions[done]
    }

    /// What is not done yet is not wanted any more.
    mutating func forget() { actions.removeLast(actions.count - done) }
}
