import EventLoop
import Testing

@Suite struct MonotonicTimeTests {
    private let time = MonotonicTime(nanoseconds: 5_000_000_000)

    @Test func arithmetic() {
        #expect(
            time + Duration(secondsComponent: 0, attosecondsComponent: 1) == MonotonicTime(nanoseconds: 5_000_000_001))
        #expect(time + .seconds(2) == MonotonicTime(nanoseconds: 7_000_000_000))
        #expect(time + .seconds(-2) == MonotonicTime(nanoseconds: 3_000_000_000))
        #expect(time - .milliseconds(1500) == MonotonicTime(nanoseconds: 3_500_000_000))
        #expect((time + .seconds(2)) - time == .seconds(2))
        #expect(time - (time + .seconds(2)) == .seconds(-2))
        #expect(time < time + .nanoseconds(1))
        var moved = time
        moved += .nanoseconds(1)
        #expect(moved.nanoseconds == 5_000_000_001)
    }

    @Test func saturates() {
        let last = MonotonicTime(nanoseconds: .max)
        let first = MonotonicTime(nanoseconds: 0)
        #expect(last + .seconds(1) == last)
        #expect(time - .seconds(6) == first)
        #expect(time + .seconds(Int64.max) > time)
        #expect(time + .seconds(Int64.min) == first)
        #expect(time - .seconds(Int64.min) > time)
        #expect(last - first == .nanoseconds(Int64.max))
        #expect(first - last == .nanoseconds(-Int64.max))
    }
}
