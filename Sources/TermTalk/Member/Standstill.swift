/// When a program was found to have stood still: what it reads soon afterwards has waited for it.
struct Standstill {
    /// So late nothing is done but by a program that was stopped; and so long afterwards it reads what has waited for it.
    private static let limit = Duration.seconds(5)

    private var noticedAt: Duration?

    /// What was due then is done now.
    mutating func acts(now: Duration, due: Duration) {
        if now - due >= Self.limit { noticedAt = now }
    }

    func isRecent(now: Duration) -> Bool { noticedAt.map { now - $0 < Self.limit } ?? false }
}
