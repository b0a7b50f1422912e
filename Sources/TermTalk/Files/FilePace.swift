internal import Chat

/// When people and scripts hear how far a transfer has come, and how fast it goes.
struct FilePace {
    /// More often nobody looks.
    private static let interval = Duration.seconds(1)

    private var bytes: UInt64?
    private var at: Duration = .zero
    private var rate: Double = 0
    private var tenths: UInt64 = 0

    /// So much is there now; nil when it is too soon to say so.
    mutating func progress(_ now: UInt64, of size: UInt64, member: MemberID?, at time: Duration) -> FileNews.Progress? {
        guard let before = bytes else {
            bytes = now
            at = time
            tenths = size == 0 ? 0 : now / max(1, size / 10)
            // What is there from before was not fetched now.
            return now == 0 ? nil : .init(bytes: now, rate: 0, member: member, isMilestone: now < size)
        }
        guard time - at >= Self.interval else { return nil }
        let lately = Double(now - min(before, now)) / ((time - at) / .seconds(1))
        rate = rate == 0 ? lately : 0.7 * rate + 0.3 * lately
        bytes = now
        at = time
        let reached = size == 0 ? 10 : now / max(1, size / 10)
        defer { tenths = reached }
        return .init(bytes: now, rate: UInt64(rate), member: member, isMilestone: reached > tenths)
    }
}
