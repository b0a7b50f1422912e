internal import Room

/// The links of a host of a shared room that may have no connection any more, until all that the log holds was read.
struct LinkReview {
    /// Why members of this host may have no connection.
    private enum Reload {
        case none
        /// The log is read anew.
        case sameHistory
        /// It is another one than these members have heard.
        case otherHistory
    }

    /// Links that were let in with no connection behind them: now, or when the log was read before.
    private var unattended: Set<UInt32> = []
    private var reload = Reload.none

    var isDue: Bool { reload != .none || !unattended.isEmpty }

    /// A member is let in over a link that has no connection. If the log is read anew, it may have been a member for long.
    mutating func letIn(_ link: LinkID) { unattended.insert(link.number) }

    /// The log says that the member had a connection.
    mutating func wasOpened(_ link: UInt32) { unattended.remove(link) }

    /// The log is read anew.
    mutating func reloads() {
        unattended = []
        reload = .sameHistory
    }

    /// The store has lost some of what was told here.
    mutating func storeWasLost() { reload = .otherHistory }

    /// What is to be written of those of this host's links that have no connection: whoever is let in and has none loses its place; where
    /// the log was read anew, all are away, and come in anew if they have heard something else.
    mutating func take(_ links: [LinkID]) -> [RoomInput] {
        defer { self = LinkReview() }
        return switch reload {
        case .none: unattended.sorted().map { .cutOff($0) }
        case .sameHistory: links.map(\.number).map { unattended.contains($0) ? .fellBehind($0) : .lost($0) }
        case .otherHistory: links.map { .fellBehind($0.number) }
        }
    }
}
