/// Spans of time in words: `90 seconds`, `15 minutes`, `2 hours`, `1 day 6 hours`.
package enum DurationText {
    /// Up to two units; short spans to the second.
    package static func words(seconds: Int64) -> String {
        let seconds = max(0, seconds)
        switch seconds {
        case ..<120: return unit(seconds, "second")
        case ..<3_600: return joined(seconds, 60, "minute", 1, "second")
        case ..<172_800: return joined(seconds, 3_600, "hour", 60, "minute")
        default: return joined(seconds, 86_400, "day", 3_600, "hour")
        }
    }

    /// Seconds of the smallest unit of ``short(seconds:)``.
    static let shortestShort: Int64 = 60

    /// The largest unit alone, in five columns at most: `1m`, `59m`, `23h`, `99d`.
    static func short(seconds: Int64) -> String {
        switch max(0, seconds) {
        case ..<3_600: "\(max(0, seconds) / shortestShort)m"
        case ..<86_400: "\(seconds / 3_600)h"
        default: "\(min(seconds / 86_400, 9_999))d"
        }
    }

    private static func joined(_ seconds: Int64, _ large: Int64, _ name: String, _ small: Int64, _ smallName: String)
        -> String
    {
        let rest = seconds % large / small
        return unit(seconds / large, name) + (rest > 0 ? " " + unit(rest, smallName) : "")
    }

    private static func unit(_ count: Int64, _ name: String) -> String {
        "\(count) \(name)\(count == 1 ? "" : "s")"
    }
}
