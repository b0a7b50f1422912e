import Testing

@testable import TorController

@Suite struct EventSubscriptionTests {
    /// What a tor that has `known` is asked for, and what comes of it.
    private func subscribe(_ names: [String], known: Set<String>) -> (asked: [[String]], given: Set<String>?) {
        var subscription = EventSubscription(names)
        var asked: [[String]] = []
        var output: EventSubscription.Output? = subscription.first
        while case .ask(let names) = output {
            asked.append(names)
            output = subscription.answered(isPositive: known.isSuperset(of: names))
        }
        guard case .settled(let given) = output else { return (asked, nil) }
        let more = subscription.answered(isPositive: true)
        #expect(more == nil)
        return (asked, given)
    }

    @Test("All at once, and when that is refused each alone and then those that are left")
    func subscribes() {
        #expect(subscribe(["A", "B"], known: ["A", "B", "C"]).asked == [["A", "B"]])
        #expect(subscribe(["A", "B"], known: ["A", "B"]).given == ["A", "B"])
        let (asked, given) = subscribe(["A", "B", "C"], known: ["A", "C"])
        #expect(asked == [["A", "B", "C"], ["A"], ["B"], ["C"], ["A", "C"]])
        #expect(given == ["A", "C"])
        #expect(subscribe(["A", "B"], known: []).given == [])
    }
}
