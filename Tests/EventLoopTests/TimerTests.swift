import EventLoop
import Testing

@Suite struct TimerTests {
    @Test func fireInOrderOfTheirTimes() throws {
        var order: [Int] = []
        try LoopTest.run { test in
            let loop = test.loop
            for delay in [60, 20, 40] {
                loop.schedule(after: .milliseconds(delay)) {
                    order.append(delay)
                    if order.count == 3 { loop.stop() }
                }
            }
        }
        #expect(order == [20, 40, 60])
    }

    @Test(arguments: [0, 1, 3, 7, 25]) func neverEarly(milliseconds: Int) throws {
        var early: Duration?
        try LoopTest.run { test in
            let loop = test.loop
            let due = loop.now + .milliseconds(milliseconds)
            loop.schedule(after: .milliseconds(milliseconds)) {
                if loop.now < due { early = due - loop.now }
                loop.stop()
            }
        }
        #expect(early == nil)
    }

    /// libevent counts from the beginning of a turn, this from `now`, which is read when it is first asked for.
    @Test func neverEarlyInALongTurn() throws {
        var early: Duration?
        try LoopTest.run { test in
            let loop = test.loop
            let (left, right) = try test.streams(.unix)
            test.record(left)
            left.write("x")
            test.record(right).onReceived = { _ in
                let start = ContinuousClock.now
                while start.duration(to: .now) < .milliseconds(20) {}
                let due = loop.now + .milliseconds(20)
                loop.schedule(after: .milliseconds(20)) {
                    if loop.now < due { early = due - loop.now }
                    loop.stop()
                }
            }
        }
        #expect(early == nil)
    }

    @Test func negativeIsNow() throws {
        try LoopTest.run { test in
            test.loop.schedule(after: .seconds(Int64.min)) { test.loop.stop() }
        }
    }

    @Test func cancelledTimersStaySilent() throws {
        var fired: [String] = []
        var handle: TimerHandle?
        try LoopTest.run { test in
            let loop = test.loop
            handle = loop.schedule(after: .milliseconds(2)) { fired.append("cancelled") }
            let never = loop.schedule(after: .seconds(Int64.max)) { fired.append("never") }
            loop.schedule(after: .milliseconds(1)) {
                fired.append("first")
                handle?.cancel()
                handle?.cancel()
                never.cancel()
                loop.schedule(after: .milliseconds(10)) { loop.stop() }
            }
        }
        #expect(fired == ["first"])
    }

    @Test func cancelInsideOwnBodyIsHarmless() throws {
        var count = 0
        try LoopTest.run { test in
            var handle: TimerHandle?
            handle = test.loop.schedule(after: .zero) {
                count += 1
                handle?.cancel()
                test.loop.schedule(after: .milliseconds(1)) { test.loop.stop() }
            }
        }
        #expect(count == 1)
    }

    @Test func cancelledByAnotherTimerOfTheSameTurn() throws {
        var fired = 0
        try LoopTest.run { test in
            let loop = test.loop
            var handles: [TimerHandle] = []
            for _ in 0..<2 {
                handles.append(
                    loop.schedule(after: .zero) {
                        fired += 1
                        for handle in handles { handle.cancel() }
                        loop.schedule(after: .milliseconds(5)) { loop.stop() }
                    })
            }
        }
        #expect(fired == 1)
    }
}
