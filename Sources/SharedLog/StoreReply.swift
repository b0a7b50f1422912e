/// What the store answers.
package enum StoreReply: Hashable, Sendable {
    case status(StoreStatus)
    /// Entries in order, and the id of the last one that the store was given, which may be trimmed.
    case entries([StoredEntry], last: LogPosition)
    /// Nil when there is none.
    case snapshot([UInt8]?)
    /// What ``StoreCommand/open(_:)`` or ``StoreCommand/keep(token:epochHead:position:snapshot:trimming:)`` asked for was done.
    case done
    /// The store is not what the command was meant for.
    case refused
    /// The store cannot do it now: it loads, is full, only a replica, or does not permit it.
    case failed
}

/// What a store is and holds.
package struct StoreStatus: Hashable, Sendable {
    package let token: StoreToken
    /// Nil when there is nothing of the room.
    let holding: StoreHolding?
    /// Whether the epoch was opened in this life of the store.
    let isBound: Bool
    /// Which hosts have reported in this round, and how far they have come.
    /// The round, if it has a name.
    let round: OpeningRound?
    let reports: [WriterID: HostReport]

    package init(
        token: StoreToken, holding: StoreHolding?, isBound: Bool, round: OpeningRound?, reports: [WriterID: HostReport]
    ) {
        self.token = token
        self.holding = holding
        self.isBound = isBound
        self.round = round
        self.reports = reports
    }
}
