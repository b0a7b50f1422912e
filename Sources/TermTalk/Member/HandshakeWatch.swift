internal import SecureSession

/// What becomes of connections on which the host says nothing: a value that knows no I/O.
struct HandshakeWatch {
    /// A busy host closes as soon as it has heard the first message; one that does not take the invite is silent for its
    /// ``SessionProtocol/responderDeadline``.
    static let busyTime = SessionProtocol.responderDeadline / 2
    /// How long the person is told nothing.
    static let patience = Duration.seconds(5)
    /// A host that hangs is waited for that long, and tried so often, before a member gives its room up.
    static let reopenedTime = Duration.seconds(300)
    static let reopenedTries = 8

    private(set) var connectedAt = Duration.zero
    private var silentSince: Duration?
    private var silentTries = 0

    mutating func connected(now: Duration) { connectedAt = now }

    /// The host has answered, or cannot be reached at all.
    mutating func isOver() {
        silentSince = nil
        silentTries = 0
    }

    /// The connection has ended without a word. Returns whether the host let the time pass; if not, it was busy.
    mutating func ended(now: Duration) -> Bool {
        guard now - connectedAt >= Self.busyTime else { return false }
        silentSince = silentSince ?? connectedAt
        silentTries += 1
        return true
    }

    /// Whether a host that knew the invite does not know it any more, as far as silence can say it.
    func isReopened(now: Duration) -> Bool {
        silentTries >= Self.reopenedTries && silentSince.map { now - $0 >= Self.reopenedTime } == true
    }
}
