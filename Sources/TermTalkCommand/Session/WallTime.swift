internal import Chat
import Glibc
internal import TerminalUI

/// The wall clock, for what people and scripts see; nothing is timed by it.
enum WallTime {
    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    static var milliseconds: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    static var seconds: Int64 { milliseconds / 1_000 }

    /// Now, in the time zone of the person.
    static var moment: Moment { moment(seconds) }

    /// When what the event tells of happened.
    static func moment(of event: ChatEvent) -> Moment { event.saidAt.map(moment) ?? moment }

    /// A time in the time zone of the person, as people read it.
    static func text(_ seconds: Int64) -> String {
        let moment = moment(seconds)
        return "\(moment.time) on \(moment.weekday), \(moment.date)"
    }

    /// A time in the time zone of the person.
    static func moment(_ seconds: Int64) -> Moment {
        var time = time_t(seconds)
        var local = unsafe tm()
        unsafe localtime_r(&time, &local)
        let (year, month, day) = unsafe (1900 + Int(local.tm_year), local.tm_mon + 1, local.tm_mday)
        let (hour, minute, weekday) = unsafe (local.tm_hour, local.tm_min, Int(local.tm_wday))
        return Moment(
            seconds: seconds, date: "\(year)-\(twoDigits(month))-\(twoDigits(day))",
            weekday: weekdays.indices.contains(weekday) ? weekdays[weekday] : "",
            time: "\(twoDigits(hour)):\(twoDigits(minute))")
    }

    private static func twoDigits(_ number: Int32) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
