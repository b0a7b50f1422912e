/// What a host asks of the store. Each is carried out as a whole or not at all, and one is under way at a time.
package enum StoreCommand: Hashable, Sendable {
    /// What is there? Answered with ``StoreReply/status(_:)``.
    case status
    /// Says how far this host has come, for the host that opens the next epoch. Answered as ``status``. Void unless the store is in that life, holds
    /// that, and no epoch was opened in it.
    case report(token: StoreToken, holding: StoreHolding?, RoundRequest, writer: WriterID, HostReport)
    /// The entries behind a position, at most `limit`. Answered with ``StoreReply/entries(_:last:)``.
    case read(after: LogPosition, limit: Int)
    /// Appends entries to an epoch, then the same as ``read(after:limit:)``. Refused unless that epoch was opened in this life of the
    /// store and is the latest.
    case append(token: StoreToken, epochHead: LogHead, entries: [[UInt8]], after: LogPosition, limit: Int)
    /// The snapshot. Answered with ``StoreReply/snapshot(_:)``.
    case load
    /// Opens an epoch. Refused unless the store is in that life and round, and holds that.
    case open(EpochRequest)
    /// Puts a snapshot in the place of an older one, and drops entries up to `trimming`. Refused as ``append`` is.
    case keep(token: StoreToken, epochHead: LogHead, position: LogPosition, snapshot: [UInt8], trimming: LogPosition?)
}

/// What a store holds of a log.
package struct StoreHolding: Hashable, Sendable {
    /// The id of the last entry, which may be trimmed.
    package let last: LogPosition
    /// The head behind the opening of the epoch that this is in.
    let epochHead: LogHead

    package init(last: LogPosition, epochHead: LogHead) {
        self.last = last
        self.epochHead = epochHead
    }
}

/// The time between two openings, in which hosts report. It has a name of its own, because a store can lose all in one of its lives
/// and be as it was before: what was meant for an earlier round is void.
package struct OpeningRound: Hashable, Sendable {
    /// Who has named it, and how often it had named one.
    let writer: WriterID
    let count: UInt32

    package init(writer: WriterID, count: UInt32) {
        self.writer = writer
        self.count = count
    }
}

/// How far a host has come.
package struct HostReport: Hashable, Sendable {
    package let place: LogPlace
    /// How many rounds the host has begun to wait in: a greater one shows that it lives, and tries.
    let count: UInt32

    package init(place: LogPlace, count: UInt32) {
        self.place = place
        self.count = count
    }
}

/// How a report deals with the round.
package enum RoundRequest: Hashable, Sendable {
    /// The round gets that name if it has none. Nothing is reported yet: a host that was late for one round must not count in the next.
    case naming(OpeningRound)
    /// The report counts in that round.
    case within(OpeningRound)
}

/// How an epoch is opened.
package struct EpochRequest: Hashable, Sendable {
    package enum Base: Hashable, Sendable {
        /// What the store holds is kept; these entries, which it has lost, come behind it.
        case restoring([StoredEntry])
        /// What the store holds is forgotten, the snapshot of that position put in its place.
        case replacing(snapshot: [UInt8], LogPosition)
        /// The room begins.
        case creating
    }

    package let token: StoreToken
    /// What the store has to hold still.
    package let holding: StoreHolding?
    /// The round of the reports that this follows from; nil where a room begins.
    package let round: OpeningRound?
    package let base: Base
    package let opening: StoredEntry
    /// The head behind the opening.
    package let epochHead: LogHead

    package init(
        token: StoreToken, holding: StoreHolding?, round: OpeningRound?, base: Base, opening: StoredEntry,
        epochHead: LogHead
    ) {
        self.token = token
        self.holding = holding
        self.round = round
        self.base = base
        self.opening = opening
        self.epochHead = epochHead
    }
}

/// An entry as it stands in the store.
package struct StoredEntry: Hashable, Sendable {
    package let position: LogPosition
    package let bytes: [UInt8]

    package init(position: LogPosition, bytes: [UInt8]) {
        self.position = position
        self.bytes = bytes
    }
}
