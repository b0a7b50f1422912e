/// Steps of the protocol that a test leaves out, to see that it finds what each of them prevents.
package enum ReplicaOmission: CaseIterable, Hashable, Sendable {
    /// A host without a state opens an epoch on an empty store.
    case blankNeverOpens
    /// A host on another history than the store's goes on with its own.
    case adoptForeignHistory
    /// The next epoch is opened without waiting for the hosts that live.
    case awaitLivingHosts
    /// An epoch is opened by a host that has read less than another.
    case awaitFurthestHost
    /// A second lease stands for all who have come further, not for one of them.
    case awaitEachFurtherHost
    /// A host that has slept believes to know who lives.
    case sleeperWaits
    /// Leases that passed before the store lost all once more count.
    case noticeOtherRound
    /// The store's tail is not given back.
    case restoreTail
    /// What a host has written is not written again after it was lost.
    case rewriteLost
    /// What is under way twice counts twice.
    case countOnce
    /// A host tells its members what it has read before the others know of it.
    case confirmBeforeTelling
    /// A host that was declared gone goes on under its old name.
    case renewWhenGone
}
