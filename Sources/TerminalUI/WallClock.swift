/// Times of day as text: RFC 3339, UTC, with milliseconds.
package enum WallClock {
    /// Years 1 to 9999: all that RFC 3339 can write. Times outside are moved to the nearest.
    private static let writable: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

    /// Appends `2026-01-31T23:59:59.000Z` for so many seconds and milliseconds (0 to 999) since 1970 began.
    static func append(seconds given: Int64, milliseconds: Int64 = 0, to output: inout [UInt8]) {
        let seconds = min(max(given, writable.lowerBound), writable.upperBound)
        let (day, second) = quotientAndRemainder(seconds, 86_400)
        let (year, month, dayOfMonth) = date(ofDay: day)
        append(year, digits: 4, then: UInt8(ascii: "-"), to: &output)
        append(month, digits: 2, then: UInt8(ascii: "-"), to: &output)
        append(dayOfMonth, digits: 2, then: UInt8(ascii: "T"), to: &output)
        append(second / 3600, digits: 2, then: UInt8(ascii: ":"), to: &output)
        append(second / 60 % 60, digits: 2, then: UInt8(ascii: ":"), to: &output)
        append(second % 60, digits: 2, then: UInt8(ascii: "."), to: &output)
        append(milliseconds, digits: 3, then: UInt8(ascii: "Z"), to: &output)
    }

    /// Appends the time so many milliseconds since 1970 began.
    static func append(millisecondsSince1970 time: Int64, to output: inout [UInt8]) {
        let (seconds, milliseconds) = quotientAndRemainder(time, 1000)
        append(seconds: seconds, milliseconds: milliseconds, to: &output)
    }

    /// The text for so many seconds since 1970 began.
    package static func text(seconds: Int64) -> String {
        var bytes: [UInt8] = []
        append(seconds: seconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The text for so many seconds since 1970 began, as people read it.
    static func textForPeople(seconds: Int64) -> String {
        let text = text(seconds: seconds).prefix(19)
        return text.replacing("T", with: " ") + " UTC"
    }

    /// The text for so many milliseconds since 1970 began.
    package static func text(milliseconds: Int64) -> String {
        var bytes: [UInt8] = []
        append(millisecondsSince1970: milliseconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func append(_ value: Int64, digits: Int, then separator: UInt8, to output: inout [UInt8]) {
        var divisor: Int64 = digits == 4 ? 1000 : digits == 3 ? 100 : 10
        while divisor > 0 {
            output.append(UInt8(truncatingIfNeeded: 0x30 + value / divisor % 10))
            divisor /= 10
        }
        output.append(separator)
    }

    /// Division that rounds down: the remainder is never negative.
    private static func quotientAndRemainder(_ value: Int64, _ divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// The Gregorian date so many days after 1970-01-01. Years begin in March here, so that the leap day comes last.
    private static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = quotientAndRemainder(day + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}
