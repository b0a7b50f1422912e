package import EventLoop

/// Whether a service has been without some of its introduction points for longer than tor needs to make new ones.
///
/// When the hosting tor's guard, or several relays at once, go away, tor tries to reach the same introduction points again,
/// four times each in as many seconds, and then others, until it has used up what it grants a service in five minutes
/// (28 circuits). If not enough of them were built by then it publishes nothing until the five minutes are over, and nobody
/// new finds the service. One that is removed and added again has its allowance anew; streams that exist are not touched.
package struct IntroductionWatch {
    /// How often to count.
    package static let interval = Duration.seconds(15)
    /// So many counts in a row that are too low mean that tor has given up. It replaces one that is lost in some seconds; but
    /// a relay that could not reach another one does not try again for a minute, and before that new ones fail just so.
    static let lowCounts = 5
    /// A service is not added again and again, tor's limit has its reason: each pause is twice as long as the one before,
    /// until the service has its introduction points again.
    static let leastPause = Duration.seconds(120)
    /// Three for each of two descriptors; tor uploads one only when it has all three. Any more are tor's spare ones, which it
    /// drops again.
    static let enough = 6
    static let longestPause = Duration.seconds(960)

    private var most = 0
    private var low = 0
    private var pause = leastPause
    private var notBefore: MonotonicTime?

    package init() {}

    /// - Parameter count: introduction points that are established now.
    /// - Returns: whether to publish the service anew; it counts as done then.
    package mutating func counted(_ count: Int, now: MonotonicTime) -> Bool {
        most = max(most, count)
        guard count < min(most, Self.enough) else {
            low = 0
            pause = Self.leastPause
            return false
        }
        low += 1
        guard low >= Self.lowCounts, notBefore.map({ now >= $0 }) ?? true else { return false }
        notBefore = now + pause
        pause = min(pause * 2, Self.longestPause)
        low = 0
        return true
    }

    /// How many introduction points of the service `status`, tor's `circuit-status`, names as established.
    ///
    ///     14 BUILT $2B1D…~relay3,$9F1C…~relay0 … PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_ESTABLISHED REND_QUERY=ac2m…zdad
    package static func count(in status: String, of address: OnionAddress) -> Int {
        status.split(separator: "\n").count { line in
            let words = line.split(separator: " ")
            return words.contains("PURPOSE=HS_SERVICE_INTRO") && words.contains("HS_STATE=HSSI_ESTABLISHED")
                && words.contains("REND_QUERY=\(address.serviceID)")
        }
    }
}
