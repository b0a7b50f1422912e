/// Why a text is not a lifetime.
package enum TimeToLiveError: Error, Equatable, Sendable {
    /// Not a number with one of the units `s`, `m`, `h`, `d`, and not `none`.
    case malformed
    /// Less than `TimeToLive.minimumSeconds`.
    case tooShort
    /// More than `TimeToLive.maximumSeconds`.
    case tooLong
}

/// How long a room lives, as written on the command line: `300` and `90s` are seconds, `15m`, `2h`, `1d`; `none` is
/// without end.
package struct TimeToLive: Hashable, Sendable {
    /// A room that is over at once helps nobody.
    static let minimumSeconds: Int64 = 1

    /// 30 days: what should live longer is asked for with `none`.
    static let maximumSeconds: Int64 = 30 * 86_400

    /// How long a room lives when nobody says anything: five minutes, as it is written.
    package static let standard = "300"

    /// Seconds; nil for a room without end.
    package let seconds: Int64?

    private init(seconds: Int64?) {
        self.seconds = seconds
    }

    /// The lifetime written as `text`.
    package init(parsing text: String) throws(TimeToLiveError) {
        guard text != "none" else {
            self.init(seconds: nil)
            return
        }
        var digits = Array(text.utf8)
        let unit: Int64
        switch digits.last {
        case UInt8(ascii: "s"): unit = 1
        case UInt8(ascii: "m"): unit = 60
        case UInt8(ascii: "h"): unit = 3600
        case UInt8(ascii: "d"): unit = 86_400
        default: unit = 0
        }
        if unit != 0 { digits.removeLast() }
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { throw .malformed }
        let seconds = try Self.seconds(of: digits, unit: max(unit, 1))
        guard seconds >= Self.minimumSeconds else { throw .tooShort }
        self.init(seconds: seconds)
    }

    private static func seconds(of digits: [UInt8], unit: Int64) throws(TimeToLiveError) -> Int64 {
        var value: Int64 = 0
        for digit in digits {
            value = value * 10 + Int64(digit - 0x30)
            guard value * unit <= maximumSeconds else { throw .tooLong }
        }
        return value * unit
    }
}
