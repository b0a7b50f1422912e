internal import Chat

/// What to make of a host's static key.
enum HostKeyPolicy: Sendable {
    /// The key is known, and the handshake fails with any other.
    case pinned(ChatEvent.Trust)
    /// The onion address says who the host is; its key is reported as ``MemberEvent/newHostKey(_:)``, so that a later stay
    /// notices another.
    case onionAddress
    /// A key that was never seen is taken and reported as ``MemberEvent/newHostKey(_:)``.
    case acceptNew
    /// A key that was never seen is refused: host-key-unknown.
    case strict
}
