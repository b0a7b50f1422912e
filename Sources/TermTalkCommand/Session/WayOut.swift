internal import EventLoop

/// What becomes of a wish to leave: where the room ends with it for others too, the person is asked once more. A value.
struct WayOut {
    /// The same wish within this time is the answer.
    static let patience = Duration.seconds(30)

    enum Step: Equatable {
        case leave
        /// So many others are there.
        case ask(others: Int)
    }

    private var askedAt: MonotonicTime?

    /// The person wants to leave, and so many others lose the room by it.
    mutating func wanted(others: Int, now: MonotonicTime) -> Step {
        guard others > 0, askedAt.map({ now - $0 > Self.patience }) != false else { return .leave }
        askedAt = now
        return .ask(others: others)
    }

    static func question(others: Int, rooms: Int, key: String) -> String {
        let people = others == 1 ? "1 other loses" : "\(others) others lose"
        let what = rooms == 1 ? ("this room", "it") : ("their rooms", "them")
        return "\(people) \(what.0) when you leave: \(key) again ends \(what.1)"
    }
}
