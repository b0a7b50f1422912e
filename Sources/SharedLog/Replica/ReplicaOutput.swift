/// What a replica wants done, in order.
package enum ReplicaOutput: Hashable, Sendable {
    /// To be sent to the store. The next one comes after its answer, or after another connection.
    case send(StoreCommand)
    /// The connection is of no use any more: to be closed, and another to be opened in a while.
    case reconnect
    /// All the room knows is to be replaced: by its snapshot, or by what a room begins with.
    case adopted(room: [UInt8]?)
    /// The next input of the room's order. That a writer is gone means: so are all that came through it.
    case applied(WrittenEntry, at: LogPosition)
    /// What was applied since some point is not part of the room's history any more: the store has lost it while this host could not
    /// give it back. What this host had written of it is written again, and gets other numbers.
    case storeLost
    /// The room's snapshot as of now is needed: ``LogReplica/snapshotTaken(_:trimming:coding:)``.
    case snapshotNeeded
    /// The store shows others another log than this host, or entries that nobody has made. This host ends.
    case tampered
}
