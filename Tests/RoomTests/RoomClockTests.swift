import Testing

@testable import Room

/// When things were said, by a member's clocks.
@Suite struct RoomClockTests {
    @Test("What is read after an absence or a standstill has its time, and what is said now has none")
    func absence() {
        var clock = RoomClock()
        clock.now = .seconds(1_000)
        clock.wallTime = 50_000
        clock.entered(roomAge: 100)
        #expect(clock.time(ofAge: 130) == 50_030)
        clock.now += .seconds(600)
        clock.wallTime += 600
        clock.heard(isAway: true)
        #expect(clock.saidAt(age: 130, isAway: true) == 50_030 && clock.saidAt(age: 130, isAway: false) == nil)
        clock.isLate = true
        #expect(clock.saidAt(age: 130, isAway: false) == 50_030)
        // As good as now.
        #expect(clock.saidAt(age: 690, isAway: true) == nil)
        clock.isLate = false
        clock.heard(isAway: false)
        #expect(clock.saidAt(age: 130, isAway: true) == nil)
    }
}
