import EventLoop
import Testing

@testable import Discovery

@Suite struct ResolutionQueueTests {
    private typealias Queue = ResolutionQueue<Int>
    private static let start = MonotonicTime(nanoseconds: 1_000_000_000_000)

    /// All that can be begun with now.
    private static func begin(_ queue: inout Queue, after pause: Duration = .zero) -> [Queue.Query] {
        var begun: [Queue.Query] = []
        while let query = queue.next(at: start + pause) { begun.append(query) }
        return begun
    }

    @Test func inOrderAndSoManyAtOnce() throws {
        var queue = Queue(places: 3)
        for number in 0..<5 { queue.heard(of: number, at: 1) }
        let begun = Self.begin(&queue)
        #expect(begun.map(\.service) == [0, 1, 2])
        let hasEnded = [queue.ended(begun[1].number), queue.ended(begun[1].number)]
        #expect(hasEnded == [true, false], "it ends once")
        let fourth = Self.begin(&queue)
        #expect(fourth.map(\.service) == [3] && queue.nextTurn == Self.start + Queue.turn)
        queue.ended(begun[0].number)
        let fifth = Self.begin(&queue)
        #expect(fifth.map(\.service) == [4] && queue.nextTurn == nil, "nothing waits")
    }

    @Test("What does not answer makes room for what waits, and has a second turn after it")
    func turns() {
        var queue = Queue(places: 2)
        for number in 0..<5 { queue.heard(of: number, at: 1) }
        let first = Self.begin(&queue)
        let early = Self.begin(&queue, after: .milliseconds(999))
        let second = Self.begin(&queue, after: .seconds(1))
        #expect(early.isEmpty && second.map(\.service) == [2, 3] && second.map(\.instead) == first.map(\.number))
        let isWaitedFor = queue.ended(first[0].number)
        #expect(!isWaitedFor)
        let later = (2...4).map { Self.begin(&queue, after: .seconds($0)).map(\.service) }
        #expect(later == [[4, 0], [1, 2], [3, 4]])
        let none = Self.begin(&queue, after: .seconds(99))
        #expect(none.isEmpty && queue.waitingCount == 0, "nobody has a third turn")
    }

    @Test("What one network is full of hides nothing of another")
    func interfacesTakeTurns() {
        var queue = Queue(places: 4)
        for number in 0..<100 { queue.heard(of: number, at: 1) }
        queue.heard(of: -1, at: 2)
        let begun = Self.begin(&queue)
        #expect(begun.map(\.service).contains(-1))
    }

    @Test func waitingAtTheLimitAndPastIt() {
        var queue = Queue(places: 1)
        for number in 0..<Queue.waitingLimit { queue.heard(of: number, at: 1) }
        queue.heard(of: -1, at: 1)
        #expect(queue.waitingCount == Queue.waitingLimit)
        queue.heard(of: -2, at: 2)
        #expect(queue.waitingCount == Queue.waitingLimit, "the last of the fullest made room")
        var seen: Set<Int> = []
        while let query = queue.next(at: Self.start) {
            seen.insert(query.service)
            queue.ended(query.number)
        }
        #expect(seen == Set(0..<Queue.waitingLimit - 1).union([-2]))
    }

    @Test("All that can wait has had a turn before a search ends")
    func inTime() throws {
        var queue = Queue(places: 512)
        for number in 0..<Queue.waitingLimit { queue.heard(of: number, at: 1) }
        var seen: Set<Int> = []
        for second in 0..<4 { seen.formUnion(Self.begin(&queue, after: .seconds(second)).map(\.service)) }
        #expect(seen.count == Queue.waitingLimit)
    }
}
