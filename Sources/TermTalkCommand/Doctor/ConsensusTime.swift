internal import Chat
import Glibc
internal import Room

/// Whether the clock of this machine fits what tor's network agreed on.
enum ConsensusTime {
    /// A consensus is used for a day after its end (path-spec, "reasonably live"); whoever is later than that has another time.
    static let tolerance: Int64 = 24 * 3600
    /// Clocks of the authorities differ by this much without harm.
    static let slack: Int64 = 60

    /// The seconds since 1970 of `2026-11-24 03:00:00`, in UTC; nil for anything else.
    static func seconds(_ text: String) -> Int64? {
        let numbers = text.split { $0 == "-" || $0 == " " || $0 == ":" }.map { Int32($0) }
        guard numbers.count == 6, let year = numbers[0], let month = numbers[1], let day = numbers[2],
            let hour = numbers[3], let minute = numbers[4], let second = numbers[5]
        else { return nil }
        var time = unsafe tm()
        unsafe (time.tm_year, time.tm_mon, time.tm_mday) = (year - 1900, month - 1, day)
        unsafe (time.tm_hour, time.tm_min, time.tm_sec) = (hour, minute, second)
        return Int64(unsafe timegm(&time))
    }

    static func finding(now: Int64, validAfter: String?, validUntil: String?) -> Finding {
        guard let after = validAfter.flatMap(seconds), let until = validUntil.flatMap(seconds) else {
            return .ok("clock", "tor accepts it; it does not say by how much it may be wrong")
        }
        if now < after - slack {
            return wrong("behind by \(minutes(after - now)) or more")
        }
        if now > until + tolerance {
            return wrong("ahead by \(minutes(now - until)) or more, or tor has no fresh view of its network")
        }
        return .ok("clock", "it fits the time of tor's network")
    }

    private static func wrong(_ how: String) -> Finding {
        .fail(
            "clock",
            .init(
                .torBootstrapStalled, "the clock of this machine is wrong: \(how)",
                hint: "sudo timedatectl set-ntp true; check the time zone, too: timedatectl"))
    }

    private static func minutes(_ seconds: Int64) -> String {
        seconds < 7200 ? "\(seconds / 60) min" : "\(seconds / 3600) h"
    }
}
