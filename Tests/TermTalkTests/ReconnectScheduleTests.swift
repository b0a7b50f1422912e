import Testing

@testable import TermTalk

@Suite struct ReconnectScheduleTests {
    @Test("Pauses double up to the longest, and half as much is left to chance")
    func doubling() {
        var schedule = ReconnectSchedule()
        schedule.lost(now: .zero)
        let full: [Duration] = (0..<6).map { ReconnectSchedule.firstPause * (1 << $0) } + [.seconds(10), .seconds(10)]
        for (index, full) in full.enumerated() {
            let pause = schedule.nextPause(now: .seconds(index), random: UInt32(index * 997))
            #expect(pause >= full / 2 && pause < full * 3 / 2)
            #expect(schedule.attempt == index + 1)
        }
        #expect(schedule.nextPause(now: .zero, random: 0) == .seconds(5))
        #expect(schedule.nextPause(now: .zero, random: 1_500) == .seconds(10))
        // After long, less often.
        #expect(schedule.nextPause(now: ReconnectSchedule.longAway, random: 500) == .seconds(60))
    }

    @Test("After a connection that lasted it is tried at once, after each that did not a little later")
    func stability() {
        var schedule = ReconnectSchedule()
        var now = Duration.zero
        schedule.lost(now: now)
        for _ in 0..<4 { _ = schedule.nextPause(now: now, random: 500) }
        for short in 1...3 {
            schedule.connected(now: now)
            #expect(!schedule.isLost)
            now += ReconnectSchedule.stableAfter - .nanoseconds(1)
            schedule.lost(now: now)
            #expect(schedule.attempt == 0)
            #expect(schedule.nextPause(now: now, random: 500) == .milliseconds(250) * (1 << short))
        }
        schedule.connected(now: now)
        now += ReconnectSchedule.stableAfter
        schedule.lost(now: now)
        #expect(schedule.nextPause(now: now, random: 500) == .milliseconds(250))
    }
}

@Suite struct SleepDetectorTests {
    private func reading(awake: Double, elapsed: Double, wall: Double) -> SleepDetector.Reading {
        func time(_ seconds: Double) -> Duration { .milliseconds(Int((seconds * 1_000).rounded())) }
        return .init(awake: time(awake), elapsed: time(elapsed), wall: time(wall))
    }

    @Test("Sleep is what one clock counts and the other does not")
    func sleep() {
        var detector = SleepDetector()
        #expect(detector.read(reading(awake: 10, elapsed: 500, wall: 1_000)) == nil)
        #expect(detector.read(reading(awake: 15, elapsed: 505, wall: 1_005)) == nil)
        #expect(detector.read(reading(awake: 20, elapsed: 514.9, wall: 1_014.9)) == nil)
        #expect(detector.read(reading(awake: 25, elapsed: 524.9, wall: 1_024.9)) == .seconds(5))
        #expect(detector.read(reading(awake: 30, elapsed: 4_129.9, wall: 4_629.9)) == .seconds(3_600))
        #expect(detector.read(reading(awake: 35, elapsed: 4_134.9, wall: 4_634.9)) == nil)
    }

    @Test("A process that was stopped for long has not slept")
    func stopped() {
        var detector = SleepDetector()
        #expect(detector.read(reading(awake: 0, elapsed: 0, wall: 0)) == nil)
        #expect(detector.read(reading(awake: 600, elapsed: 600, wall: 600)) == nil)
    }

    @Test(
        "A virtual machine that stood still finds the time of day far ahead; a clock set by a little, or back, is nothing"
    )
    func wall() {
        var detector = SleepDetector()
        #expect(detector.read(reading(awake: 0, elapsed: 0, wall: 0)) == nil)
        #expect(detector.read(reading(awake: 5, elapsed: 5, wall: 34.9)) == nil)
        #expect(detector.read(reading(awake: 10, elapsed: 10, wall: 69.9)) == .seconds(30))
        #expect(detector.read(reading(awake: 15, elapsed: 15, wall: -100)) == nil)
    }
}
