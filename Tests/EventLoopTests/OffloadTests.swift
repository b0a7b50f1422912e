import EventLoop
import Foundation
import Synchronization
import Testing

@Suite struct OffloadTests {
    @Test func resultsArriveOnTheLoop() throws {
        var results: [Int] = []
        let loopThread = pthread_self()
        try LoopTest.run { test in
            for number in 0..<20 {
                test.loop.offload {
                    (number, pthread_self())
                } then: { (result: Int, thread: pthread_t) in
                    #expect(pthread_equal(thread, loopThread) == 0)
                    #expect(pthread_equal(pthread_self(), loopThread) != 0)
                    results.append(result)
                    if results.count == 20 { test.loop.stop() }
                }
            }
        }
        #expect(results.sorted() == Array(0..<20))
    }

    @Test func noMoreThanTwoAtOnce() throws {
        final class Gauge: Sendable {
            let state = Mutex((now: 0, most: 0))
        }
        let gauge = Gauge()
        var finished = 0
        try LoopTest.run { test in
            for _ in 0..<12 {
                test.loop.offload {
                    gauge.state.withLock { state in
                        state.now += 1
                        state.most = max(state.most, state.now)
                    }
                    usleep(2000)
                    gauge.state.withLock { $0.now -= 1 }
                } then: { _ in
                    finished += 1
                    if finished == 12 { test.loop.stop() }
                }
            }
        }
        #expect((1...2).contains(gauge.state.withLock { $0.most }))
    }

    @Test func workFromInsideAResult() throws {
        var depth = 0
        try LoopTest.run { test in
            func next() {
                test.loop.offload({ 1 }) { one in
                    depth += one
                    if depth == 50 { test.loop.stop() } else { next() }
                }
            }
            next()
        }
        #expect(depth == 50)
    }

    @Test func nothingIsDeliveredAfterStop() throws {
        let state = Mutex((begun: 0, isReleased: false, ended: 0))
        var delivered = 0
        try LoopTest.run { test in
            for _ in 0..<4 {
                test.loop.offload {
                    state.withLock { $0.begun += 1 }
                    while !state.withLock({ $0.isReleased }) { usleep(500) }
                    state.withLock { $0.ended += 1 }
                } then: {
                    delivered += 1
                }
            }
            while state.withLock({ $0.begun }) < 2 { usleep(500) }
            test.loop.stop()
        }
        // What has begun ends by itself; what has not never begins.
        state.withLock { $0.isReleased = true }
        while state.withLock({ $0.ended }) < 2 { usleep(500) }
        #expect(delivered == 0)
        #expect(state.withLock { $0.begun } == 2)
    }

    @Test("Work that hangs is given up at its limit, and keeps no other work from being done")
    func workThatHangs() throws {
        final class Hook: Sendable {
            let isOpen = Mutex(false)
            func hang() { while !isOpen.withLock({ $0 }) { usleep(1_000) } }
        }
        let hook = Hook()
        var given: [Int?] = []
        try LoopTest.run { test in
            for number in 0..<5 {
                test.loop.offload(within: .milliseconds(50)) {
                    hook.hang()
                    return number
                } then: {
                    given.append($0)
                }
            }
            test.loop.schedule(after: .milliseconds(200)) {
                for number in 5..<10 {
                    test.loop.offload(within: .seconds(60)) {
                        number
                    } then: {
                        given.append($0)
                        if given.count == 10 { test.loop.stop() }
                    }
                }
            }
        }
        hook.isOpen.withLock { $0 = true }
        #expect(given.prefix(5).allSatisfy { $0 == nil })
        #expect(given.suffix(5).compactMap(\.self).sorted() == Array(5..<10))
    }
}
