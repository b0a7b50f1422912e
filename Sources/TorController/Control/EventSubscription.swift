/// Asks tor for events, as a value: for all together, and when it refuses that, as a filter in front of it may for one of
/// them, for each alone and then for those it gave.
struct EventSubscription {
    enum Output: Equatable {
        /// Send SETEVENTS with these names; the answer goes to ``EventSubscription/answered(isPositive:)``.
        case ask([String])
        /// These events come from now on.
        case settled(Set<String>)
    }

    private enum State {
        case asking
        /// The first of `rest` was asked for alone.
        case probing(rest: ArraySlice<String>, given: [String])
        /// Those given one by one were asked for together.
        case joining([String])
        case settled
    }

    private let names: [String]
    private var state = State.asking

    init(_ names: [String]) {
        self.names = names
    }

    var first: Output { .ask(names) }

    mutating func answered(isPositive: Bool) -> Output? {
        switch state {
        case .asking: return isPositive ? settle(names) : probe(names[...], given: [])
        case .probing(let rest, let given):
            return probe(rest.dropFirst(), given: isPositive ? given + rest.prefix(1) : given)
        case .joining(let given): return settle(isPositive ? given : [])
        case .settled: return nil
        }
    }

    private mutating func probe(_ rest: ArraySlice<String>, given: [String]) -> Output {
        if let name = rest.first {
            state = .probing(rest: rest, given: given)
            return .ask([name])
        }
        guard !given.isEmpty else { return settle([]) }
        state = .joining(given)
        return .ask(given)
    }

    private mutating func settle(_ given: [String]) -> Output {
        state = .settled
        return .settled(Set(given))
    }
}
