import EventLoop
import Testing

@Suite struct EventLoopTests {
    @Test func endOfTurnComesAfterEverythingThatIsReady() throws {
        var order: [String] = []
        try LoopTest.run { test in
            let loop = test.loop
            let pairs = try (0..<3).map { _ in try test.streams(.unix) }
            for (number, pair) in pairs.enumerated() {
                test.record(pair.0)
                test.record(pair.1).onReceived = { _ in
                    order.append("ready")
                    loop.atEndOfTurn { order.append("end \(number)") }
                }
                pair.0.write("x")
            }
            loop.schedule(after: .milliseconds(1)) {
                if order.count >= 6 { loop.stop() }
                loop.schedule(after: .zero) { loop.stop() }
            }
        }
        #expect(order == ["ready", "ready", "ready", "end 0", "end 1", "end 2"])
    }

    @Test func endOfTurnInsideEndOfTurnLetsTimersIn() throws {
        var rounds = 0
        var hasFired = false
        try LoopTest.run { test in
            let loop = test.loop
            func again() {
                rounds += 1
                if hasFired { loop.stop() } else { loop.atEndOfTurn(again) }
            }
            loop.atEndOfTurn(again)
            loop.schedule(after: .milliseconds(20)) { hasFired = true }
        }
        #expect(hasFired)
        #expect(rounds > 1)
    }

    @Test func timeStandsStillDuringATurn() throws {
        var times: [MonotonicTime] = []
        try LoopTest.run { test in
            let loop = test.loop
            loop.schedule(after: .milliseconds(1)) {
                times.append(loop.now)
                let start = ContinuousClock.now
                while start.duration(to: .now) < .milliseconds(2) {}
                times.append(loop.now)
                loop.atEndOfTurn { times.append(loop.now) }
                loop.schedule(after: .milliseconds(1)) {
                    times.append(loop.now)
                    loop.stop()
                }
            }
        }
        try #require(times.count == 4)
        #expect(times[0] == times[1] && times[1] == times[2])
        #expect(times[3] >= times[0] + .milliseconds(1))
    }

    @Test func timeMovesBeforeTheLoopRuns() throws {
        let loop = try EventLoop()
        let before = loop.now
        while loop.now == before {}
        #expect(loop.now > before)
    }

    @Test func afterStopOnlyTheEndOfTheTurnRuns() throws {
        var order: [String] = []
        try LoopTest.run { test in
            let loop = test.loop
            loop.atEndOfTurn {
                loop.schedule(after: .zero) {
                    loop.atEndOfTurn { order.append("end") }
                    loop.stop()
                    order.append("stopped")
                    loop.schedule(after: .zero) { order.append("late timer") }
                }
                loop.schedule(after: .zero) { order.append("second timer") }
            }
        }
        #expect(order == ["stopped", "end"])
    }

    @Test func stopBeforeRunReturnsAtOnce() throws {
        var hasFired = false
        try LoopTest.run { test in
            test.loop.schedule(after: .zero) { hasFired = true }
            test.loop.stop()
        }
        #expect(!hasFired)
    }

    @Test func nothingOutlivesTheLoop() throws {
        final class Witness {}
        weak var witness: Witness?
        weak var weakLoop: EventLoop?
        do {
            let loop = try EventLoop()
            let captured = Witness()
            witness = captured
            weakLoop = loop
            loop.schedule(after: .seconds(3600)) { _ = (captured, loop) }
            loop.watchReadable(-1) { _ = (captured, loop) }
            loop.connect(to: .ip("127.0.0.1", port: 1), timeout: .seconds(3600)) { _ in _ = (captured, loop) }
            loop.offload({ 1 }, then: { _ in _ = (captured, loop) })
            loop.stop()
            loop.run()
            loop.atEndOfTurn { _ = (captured, loop) }
            loop.schedule(after: .zero) { _ = (captured, loop) }
        }
        #expect(witness == nil)
        #expect(weakLoop == nil)
    }
}
