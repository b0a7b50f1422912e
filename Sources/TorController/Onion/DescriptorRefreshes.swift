package import EventLoop

/// How often a service's descriptor may be fetched anew, besides when tor does so by itself.
///
/// Tor asks none of a service's directories (six, or some more) twice within a quarter of an hour. Whoever has asked all
/// of them can find nobody for so long.
package struct DescriptorRefreshes {
    static let period = Duration.seconds(900)
    package static let limit = 4
    /// A hosting tor that is started again needs some time to publish.
    package static let leastPause = Duration.seconds(25)

    private var latest: [MonotonicTime] = []

    package init() {}

    /// Whether one may be made now; it counts then.
    package mutating func mayFetch(now: MonotonicTime) -> Bool {
        latest.removeAll { now - $0 >= Self.period }
        guard latest.count < Self.limit, latest.last.map({ now - $0 >= Self.leastPause }) ?? true else { return false }
        latest.append(now)
        return true
    }
}
