import Testing

@testable import Discovery

@Suite struct ResolutionQueueTests {
    private typealias Queue = ResolutionQueue<Int>

    @Test func inOrderAndSoManyAtOnce() {
        var queue = Queue()
        for number in 0...Queue.runningLimit { queue.heard(of: number) }
        #expect((0..<Queue.runningLimit).map { _ in queue.next() } == (0..<Queue.runningLimit).map { $0 })
        #expect(queue.next() == nil, "the limit are running")
        queue.ended()
        #expect(queue.next() == Queue.runningLimit)
        queue.ended()
        #expect(queue.next() == nil, "nothing waits")
    }

    @Test func waitingAtTheLimitAndPastIt() {
        var queue = Queue()
        for number in 0..<Queue.waitingLimit { queue.heard(of: number) }
        #expect(queue.waitingCount == Queue.waitingLimit)
        queue.heard(of: -1)
        #expect(queue.waitingCount == Queue.waitingLimit)
        var seen: [Int] = []
        while let number = queue.next() {
            seen.append(number)
            queue.ended()
        }
        #expect(seen == Array(0..<Queue.waitingLimit), "what came past the limit is left out, and nothing else")
        queue.heard(of: -2)
        #expect(queue.next() == -2)
    }
}
