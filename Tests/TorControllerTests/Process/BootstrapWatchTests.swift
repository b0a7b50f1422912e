import EventLoop
import Testing

@testable import TorController

/// What is asked of it can be part of an expectation.
private final class Watch {
    private var value: BootstrapWatch

    init(stallTimeout: Duration, isOwn: Bool = false, goesByPrograms: Bool = false) {
        value = BootstrapWatch(stallTimeout: stallTimeout, isOwn: isOwn, goesByPrograms: goesByPrograms)
    }

    var nextDeadline: MonotonicTime? { value.nextDeadline }
    func began(now: MonotonicTime, random: UInt32) { value.began(now: now, random: random) }
    func progressed(to progress: Int, now: MonotonicTime) -> Bool { value.progressed(to: progress, now: now) }
    func arrived() { value.arrived() }
    func lost() { value.lost() }
    func woke(now: MonotonicTime) { value.woke(now: now) }
    func networkChanged(now: MonotonicTime) { value.networkChanged(now: now) }
    func timePassed(now: MonotonicTime) -> [BootstrapWatch.Output] { value.timePassed(now: now) }
}

struct BootstrapWatchTests {
    private static let start = MonotonicTime(nanoseconds: 1_000_000_000_000)
    private static let stall = Duration.seconds(600)

    private static func after(_ seconds: Int64) -> MonotonicTime { start + .seconds(seconds) }

    /// When tor is started again by a watch that hears `progress` at once after each start, in seconds since the start before.
    private static func pauses(
        _ watch: Watch, progress: Int?, count: Int, random: UInt32 = 0
    ) throws -> [Int64] {
        var now = start
        var pauses: [Int64] = []
        watch.began(now: now, random: random)
        while pauses.count < count {
            if let progress { _ = watch.progressed(to: progress, now: now) }
            let last = now
            while true {
                now = try #require(watch.nextDeadline)
                if watch.timePassed(now: now).contains(.startAgain) { break }
            }
            pauses.append((now - last).components.seconds)
            watch.began(now: now, random: random)
        }
        return pauses
    }

    @Test(
        "An own tor that stands still is started again at growing intervals, one that has a connection later",
        arguments: [
            (nil, false, 0, [30, 60, 120, 240, 300, 300]), (14, false, 0, [30, 60, 120, 240, 300, 300]),
            (15, false, 0, [60, 60, 120, 240, 300, 300]), (14, true, 0, [120, 240, 300, 300]),
            (14, false, .max, [15, 30, 60, 120, 150, 150]),
        ] as [(Int?, Bool, UInt32, [Int64])])
    func startsAgain(progress: Int?, byPrograms: Bool, random: UInt32, expected: [Int64]) throws {
        let watch = Watch(stallTimeout: Self.stall, isOwn: true, goesByPrograms: byPrograms)
        #expect(try Self.pauses(watch, progress: progress, count: expected.count, random: random) == expected)
    }

    @Test func growsNoMoreAfterItHasArrived() throws {
        let watch = Watch(stallTimeout: Self.stall, isOwn: true)
        #expect(try Self.pauses(watch, progress: 5, count: 2) == [30, 60])
        watch.arrived()
        #expect(watch.nextDeadline == nil && watch.timePassed(now: Self.after(10_000)) == [])
        #expect(try Self.pauses(watch, progress: 5, count: 2) == [30, 60])
    }

    @Test func whatComesOnIsLeftAlone() {
        let watch = Watch(stallTimeout: .seconds(60), isOwn: true)
        watch.began(now: Self.start, random: 0)
        for step in 0..<100 as Range<Int64> {
            #expect(watch.progressed(to: Int(step), now: Self.after(step * 29)))
            #expect(watch.timePassed(now: Self.after(step * 29 + 28)) == [])
        }
    }

    @Test("That it stands still is told once, however often it is started again, until it has been in its network")
    func tells() {
        let watch = Watch(stallTimeout: .seconds(60), isOwn: true)
        watch.began(now: Self.start, random: 0)
        #expect(watch.progressed(to: 14, now: Self.start))
        #expect(watch.timePassed(now: Self.after(30)) == [.startAgain])
        watch.began(now: Self.after(31), random: 0)
        // No further than before.
        #expect(!watch.progressed(to: 5, now: Self.after(31)))
        #expect(!watch.progressed(to: 14, now: Self.after(31)))
        #expect(watch.nextDeadline == Self.after(60))
        #expect(watch.timePassed(now: Self.after(59)) == [])
        #expect(watch.timePassed(now: Self.after(60)) == [.stalled])
        // Nor when it comes on a little.
        #expect(watch.progressed(to: 15, now: Self.after(61)))
        #expect(watch.timePassed(now: Self.after(1_000)) == [.startAgain])
        watch.began(now: Self.after(1_001), random: 0)
        #expect(watch.progressed(to: 50, now: Self.after(1_002)))
        watch.arrived()
        watch.lost()
        watch.began(now: Self.after(2_000), random: 0)
        #expect(watch.progressed(to: 0, now: Self.after(2_000)))
        #expect(watch.timePassed(now: Self.after(2_060)) == [.stalled, .startAgain])
    }

    @Test func progressPutsTheStallOff() {
        let watch = Watch(stallTimeout: .seconds(60))
        watch.began(now: Self.start, random: 0)
        // That it answers at all is waited for elsewhere.
        #expect(watch.nextDeadline == nil)
        #expect(watch.progressed(to: 0, now: Self.after(10)))
        #expect(watch.progressed(to: 5, now: Self.after(69)))
        #expect(!watch.progressed(to: 5, now: Self.after(100)))
        #expect(watch.timePassed(now: Self.after(128)) == [])
        #expect(watch.timePassed(now: Self.after(129)) == [.stalled])
    }

    @Test("A tor that is not ours is not started again; while there is none, it does not stand still")
    func ofTheSystem() {
        let watch = Watch(stallTimeout: .seconds(60))
        watch.began(now: Self.start, random: 0)
        #expect(watch.progressed(to: 14, now: Self.start))
        watch.woke(now: Self.after(1))
        watch.lost()
        #expect(watch.nextDeadline == nil)
        watch.began(now: Self.after(500), random: 0)
        #expect(!watch.progressed(to: 14, now: Self.after(500)))
        #expect(watch.timePassed(now: Self.after(560)) == [.stalled])
        #expect(watch.nextDeadline == nil)
    }

    @Test("One of our own that ends again and again stands still, too")
    func endsAgainAndAgain() {
        let watch = Watch(stallTimeout: .seconds(60), isOwn: true)
        for second in 0..<6 as Range<Int64> {
            watch.began(now: Self.after(second * 10), random: 0)
            _ = watch.progressed(to: 0, now: Self.after(second * 10))
            watch.lost()
        }
        #expect(watch.timePassed(now: Self.after(60)) == [.stalled])
    }

    @Test func afterASleepItIsStartedAgainAtOnce() throws {
        let watch = Watch(stallTimeout: .seconds(6_000), isOwn: true)
        #expect(try Self.pauses(watch, progress: 5, count: 4) == [30, 60, 120, 240])
        watch.woke(now: Self.after(5_000))
        #expect(watch.timePassed(now: Self.after(5_000)) == [.startAgain])
        watch.began(now: Self.after(5_001), random: 0)
        #expect(watch.nextDeadline == Self.after(5_031))
        watch.arrived()
        watch.woke(now: Self.after(5_500))
        #expect(watch.nextDeadline == nil)
    }

    @Test("Where the network changes, who has no connection is started again, not too often; who has one is left alone")
    func networkChanges() throws {
        let watch = Watch(stallTimeout: .seconds(6_000), isOwn: true)
        #expect(try Self.pauses(watch, progress: 5, count: 4) == [30, 60, 120, 240])
        watch.networkChanged(now: Self.after(455))
        watch.networkChanged(now: Self.after(456))
        #expect(watch.nextDeadline == Self.after(460))
        #expect(watch.timePassed(now: Self.after(460)) == [.startAgain])
        watch.began(now: Self.after(460), random: 0)
        #expect(watch.nextDeadline == Self.after(490))
        watch.networkChanged(now: Self.after(475))
        #expect(watch.timePassed(now: Self.after(475)) == [.startAgain])
        watch.began(now: Self.after(476), random: 0)
        #expect(watch.progressed(to: 15, now: Self.after(477)))
        let later = watch.nextDeadline
        watch.networkChanged(now: Self.after(490))
        #expect(watch.nextDeadline == later)
        watch.arrived()
        watch.networkChanged(now: Self.after(500))
        #expect(watch.nextDeadline == nil)
    }
}
