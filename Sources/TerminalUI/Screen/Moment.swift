/// A point of time as a screen shows it: the model has no clock and no time zone of its own.
package struct Moment: Hashable, Sendable {
    /// Seconds since 1970, UTC.
    var seconds: Int64
    /// The date where the person is, `2026-11-24`.
    package var date: String
    /// The name of its day of the week.
    package var weekday: String
    /// The time of day where the person is, `09:05`.
    package var time: String

    package init(seconds: Int64, date: String, weekday: String, time: String) {
        self.seconds = seconds
        self.date = date
        self.weekday = weekday
        self.time = time
    }
}
