internal import Chat
internal import Sodium

/// The static key of a stay's host, and what is known of it. Whoever it was at first, it stays the same one: also a key that nobody
/// checked is pinned for the stay.
struct HostPin {
    enum Verdict {
        case known
        /// It is taken without being known.
        case new
        /// It was never seen, and only one that was is wanted.
        case unknown
        /// It is not that of before.
        case another
    }

    private let policy: HostKeyPolicy
    /// The one that the host showed.
    private(set) var key: X25519.PublicKey?
    private(set) var trust = ChatEvent.Trust.none

    init(_ policy: HostKeyPolicy) { self.policy = policy }

    /// Whether the key was taken without being known.
    var isNew: Bool { trust == .new || trust == .none }

    mutating func showed(_ peer: X25519.PublicKey) -> Verdict {
        if let key, key != peer { return .another }
        key = peer
        switch policy {
        case .pinned(let known):
            trust = known
            return .known
        case .onionAddress:
            trust = .none
            return .new
        case .acceptNew:
            trust = .new
            return .new
        case .strict:
            return .unknown
        }
    }
}
