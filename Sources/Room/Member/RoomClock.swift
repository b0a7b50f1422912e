internal import Chat

/// A member's clocks, and the room's own age by them.
struct RoomClock {
    /// The time of what happens next, since any fixed origin.
    var now: Duration = .zero
    /// The same in seconds since 1970, for what people are told.
    var wallTime: Int64 = 0
    /// Whether what comes may have waited for this program, which stood still.
    var isLate = false
    /// When the room began, in seconds since 1970.
    private var roomBegan: Int64 = 0
    private var absenceTime = AbsenceTime()

    /// The member comes in; the room is so many seconds old.
    mutating func entered(roomAge: UInt32) {
        roomBegan = wallTime - Int64(roomAge)
        absenceTime.entered(roomAge: roomAge, now: now)
    }

    /// Something has come, to a member that is away or not.
    mutating func heard(isAway: Bool) {
        if !isAway, !isLate { absenceTime.heard(now: now) }
    }

    /// When the room was so many seconds old, in seconds since 1970.
    func time(ofAge age: UInt32) -> Int64 { roomBegan + Int64(age) }

    /// When what comes now was said, in seconds since 1970: of what is read after an absence or a standstill; nil where it is as good
    /// as now.
    func saidAt(age: UInt32, isAway: Bool) -> Int64? {
        guard isAway || isLate, let seconds = absenceTime.secondsAgo(roomAge: age, now: now) else { return nil }
        return wallTime - seconds
    }
}
