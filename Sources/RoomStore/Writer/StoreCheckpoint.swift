/// The room at one moment, which takes the place of the inputs that led to it.
package struct StoreCheckpoint: Equatable, Sendable {
    /// The number of the last input that the snapshot includes.
    var input: UInt64
    /// The room's state without the entries of its log.
    var snapshot: [UInt8]
    /// The entries of the log since the checkpoint before, numbered from 1, in order and without gaps. Entries that were written before are
    /// allowed; those below ``firstKeptEntry`` are not written.
    var entries: [NumberedBytes]
    /// Entries with lower numbers are deleted.
    var firstKeptEntry: UInt64
    /// What ``StoreReport/checkpointed(input:serial:)`` names it by: two in a row may have the same input.
    var serial: UInt64

    package init(
        input: UInt64, snapshot: [UInt8], entries: [NumberedBytes], firstKeptEntry: UInt64, serial: UInt64 = 0
    ) {
        self.serial = serial
        self.input = input
        self.snapshot = snapshot
        self.entries = entries
        self.firstKeptEntry = firstKeptEntry
    }

    /// What this one and then `later` amount to.
    func followed(by later: StoreCheckpoint) -> StoreCheckpoint {
        let next = later.entries.first?.number ?? .max
        var result = later
        result.firstKeptEntry = max(firstKeptEntry, later.firstKeptEntry)
        result.entries = entries.filter { $0.number < next && $0.number >= result.firstKeptEntry } + later.entries
        return result
    }
}
