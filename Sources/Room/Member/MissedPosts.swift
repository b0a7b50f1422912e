/// Posts that have come and that this member cannot open, though it was in the room when they were said: their numbers are taken, and
/// the person is told how many there were, several together.
struct MissedPosts {
    private var count = 0
    private var isReturn = false

    /// The member has come in anew, at a place that it had: what was sealed before that and comes after it, it has missed.
    mutating func returned() { isReturn = true }

    /// A post came that was sealed before this member came in. Returns whether it is missed: a newcomer misses nothing by it.
    mutating func passed() -> Bool {
        if isReturn { add() }
        return isReturn
    }

    mutating func add() { count += 1 }

    /// How many the person has not been told of yet; nil for none. From now on it has.
    mutating func take() -> Int? {
        defer { count = 0 }
        return count > 0 ? count : nil
    }
}
