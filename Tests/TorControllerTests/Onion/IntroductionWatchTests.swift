import EventLoop
import Testing

@testable import TorController

private func seconds(_ time: Int) -> MonotonicTime { MonotonicTime(nanoseconds: UInt64(time) * 1_000_000_000) }

private final class Points {
    private(set) var watch = IntroductionWatch()

    /// With so many at the beginning.
    init(_ count: Int) {
        for circuit in 0..<count { established(circuit, at: 0) }
    }

    func established(_ circuit: Int, at time: Int) { watch.established("\(circuit)", now: seconds(time)) }
    func addedAgain() { watch.addedAgain() }
    func closed(_ circuit: Int, at time: Int) { watch.closed("\(circuit)", now: seconds(time)) }

    /// The seconds at which the service is to be published anew.
    func renewals(from start: Int, to end: Int) -> [Int] {
        var result: [Int] = []
        for time in start...end where watch.timePassed(now: seconds(time)) { result.append(time) }
        return result
    }
}

@Suite struct IntroductionWatchTests {
    @Test("A count that stays low means that the service is to be published anew; one that is higher begins afresh")
    func low() {
        var points = Points(0)
        // What it has not had yet it does not miss.
        #expect(points.renewals(from: 0, to: 200).isEmpty && points.watch.nextDeadline == nil)
        points = Points(9)
        // tor's spare ones.
        for circuit in 0..<3 { points.closed(circuit, at: 10) }
        points.closed(99, at: 10)
        #expect(points.watch.count == 6 && points.watch.nextDeadline == nil)
        points.closed(3, at: 20)
        #expect(points.renewals(from: 20, to: 94).isEmpty)
        points.established(10, at: 94)
        #expect(points.renewals(from: 94, to: 300).isEmpty)
        points.closed(4, at: 300)
        points.closed(5, at: 370)
        #expect(points.renewals(from: 300, to: 376) == [375])
    }

    @Test("While that does not help the next time is after two minutes, then four, eight, and sixteen")
    func pause() {
        let points = Points(6)
        points.closed(1, at: 0)
        #expect(points.renewals(from: 0, to: 3_000) == [75, 195, 435, 915, 1_875, 2_835])
        points.established(1, at: 3_001)
        points.closed(1, at: 3_002)
        // Two minutes again, after the sixteen are over.
        #expect(points.renewals(from: 3_002, to: 4_000) == [3_795, 3_915])
    }

    @Test("When all were gone and the first is back, the service is published anew: clients were refused meanwhile")
    func allWereGone() {
        let points = Points(6)
        for circuit in 0..<5 { points.closed(circuit, at: 10) }
        #expect(points.renewals(from: 10, to: 20).isEmpty)
        points.closed(5, at: 20)
        #expect(points.renewals(from: 20, to: 50).isEmpty)
        points.established(6, at: 50)
        for circuit in 7..<12 { points.established(circuit, at: 52) }
        #expect(points.renewals(from: 50, to: 53).isEmpty)
        #expect(points.renewals(from: 54, to: 54) == [54])
        points.addedAgain()
        for circuit in 12..<18 { points.established(circuit, at: 56) }
        #expect(points.watch.nextDeadline == nil)
    }

    @Test("Those of the service that was removed are none that it misses")
    func addedAgain() {
        let points = Points(6)
        for circuit in 0..<6 { points.closed(circuit, at: 0) }
        points.established(6, at: 1)
        #expect(points.renewals(from: 1, to: 5) == [5])
        points.addedAgain()
        points.closed(6, at: 5)
        for circuit in 10..<16 { points.established(circuit, at: 6) }
        #expect(points.watch.nextDeadline == nil)
        // Not more often than twice a minute.
        for circuit in 10..<16 { points.closed(circuit, at: 7) }
        points.established(20, at: 8)
        #expect(points.renewals(from: 8, to: 36) == [35])
    }

    @Test("A service that has not had enough yet is left to tor")
    func beginning() {
        let points = Points(2)
        for circuit in 0..<2 { points.closed(circuit, at: 1) }
        for circuit in 2..<8 { points.established(circuit, at: 2) }
        #expect(points.watch.nextDeadline == nil)
    }

    @Test("If none comes back it is published anew too")
    func noneComesBack() {
        let points = Points(6)
        for circuit in 0..<6 { points.closed(circuit, at: 10) }
        #expect(points.renewals(from: 10, to: 300) == [85, 205])
    }

    @Test("No more circuits are remembered than a service can have")
    func limit() {
        #expect(Points(IntroductionWatch.maximumCount).watch.count == IntroductionWatch.maximumCount)
        #expect(Points(IntroductionWatch.maximumCount + 1).watch.count == IntroductionWatch.maximumCount)
    }
}
