/// How often a member follows a host that says that the room has moved: each time costs tor a circuit, to wherever it says.
struct MoveLimit {
    static let interval = Duration.seconds(60)

    private var last: Duration?

    /// Whether to follow now. What is said too soon is left alone.
    mutating func allows(at now: Duration) -> Bool {
        guard last.map({ now - $0 >= Self.interval }) != false else { return false }
        last = now
        return true
    }
}
