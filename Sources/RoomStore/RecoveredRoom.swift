/// What a store kept: the room is its snapshot, the entries of its log, and the inputs since.
package struct RecoveredRoom: Equatable, Sendable {
    /// Nil when there was no checkpoint yet.
    package var snapshot: [UInt8]?
    /// The log, without gaps: all entries that were there at the snapshot and are not deleted.
    package var entries: [NumberedBytes]
    /// All inputs after the snapshot, without gaps; the first has the number 1 when there is no snapshot.
    package var inputs: [NumberedBytes]
    /// The number that the next input must have.
    package var nextInput: UInt64
    /// What the host's own participant has received in the room's order, as far as it was noted.
    package var received: UInt64 = 0
}
