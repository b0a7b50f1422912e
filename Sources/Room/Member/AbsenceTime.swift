/// How long ago something was said that a member reads after an absence.
///
/// The room tells its own age then. It is compared with the member's clock that nobody sets, as of the time at which the
/// member came in, so that neither clock has to be right.
struct AbsenceTime {
    /// What was said within this time counts as said now: clocks show minutes, and ways take seconds.
    static let shortest: Int64 = 60

    /// When the room began.
    private var began: Duration = .zero
    /// When the member was last told something without a delay.
    private var lastHeard: Duration = .zero

    /// The member comes in; the room is so many seconds old.
    mutating func entered(roomAge: UInt32, now: Duration) {
        began = now - .seconds(Int64(roomAge))
        lastHeard = now
    }

    /// Something has come that was said now.
    mutating func heard(now: Duration) { lastHeard = now }

    /// Seconds since the room was so old; nil where that is as good as now. Whatever the room says of its age, nothing that is
    /// new was said before the last that was heard.
    func secondsAgo(roomAge: UInt32, now: Duration) -> Int64? {
        let said = max(began + .seconds(Int64(roomAge)), lastHeard)
        let seconds = (now - said).components.seconds
        return seconds >= Self.shortest ? seconds : nil
    }
}
