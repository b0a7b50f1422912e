internal import Room
internal import RoomStore

/// Brings a kept room to the disk: the entries of its log one by one, and, whenever the room changed in another way than by
/// them, a snapshot together with those of that turn.
///
/// Entry `n` of the log is input, or entry, `n + 1` of the store.
final class RoomJournal {
    /// Bytes of entries that stand in the store one by one, before a snapshot takes their place; half of what the log keeps, if that
    /// is less.
    private static let checkpointByteCount = 8 << 20
    /// Bytes that may wait for the disk before nothing more is read from members.
    private static let congestedByteCount = 4 << 20
    /// Bytes of snapshots a second, beyond which changes of the room, and what is said behind them, wait: whoever changes something
    /// again and again wears out no memory card. One of a small room takes some 30 ms of that.
    static let snapshotByteRate = 4 << 20

    private let store: RoomStore
    private let snapshot: () -> [UInt8]
    /// The number of the first entry that the store has not got.
    private var next: UInt64
    /// The same of the latest checkpoint.
    private var checkpointed: UInt64
    private var byteCount = 0
    private var mustCheckpoint = true
    /// No snapshot is made before.
    private var pausedUntil = Duration.zero
    /// The number of the latest snapshot.
    private var serial: UInt64 = 0
    /// What the host's own participant has received, and what of it the store was told.
    private var received: UInt64 = 0
    private var noted: UInt64 = 0
    /// What waits for the next snapshot, and what for one that is being written.
    private var unrecorded: [() -> Void] = []
    private var unwritten: [(serial: UInt64, body: () -> Void)] = []

    /// - Parameters:
    ///   - next: the number of the first entry that the store has not got.
    ///   - checkpointed: the same of its latest checkpoint.
    ///   - snapshot: makes a snapshot of the room as it is.
    init(_ store: RoomStore, next: UInt64, checkpointed: UInt64, snapshot: @escaping () -> [UInt8]) {
        self.store = store
        self.snapshot = snapshot
        self.next = next
        self.checkpointed = checkpointed
    }

    /// Bytes that wait for the disk.
    var waitingByteCount: Int { store.waitingByteCount }

    /// Whether so much waits for the disk that no more should be read.
    var isCongested: Bool { store.waitingByteCount > Self.congestedByteCount }

    /// The room changed in a way that is not, or not only, an entry.
    func stateChanged() { mustCheckpoint = true }

    /// Does that once the room as it is now is on the disk.
    func whenKept(_ body: @escaping () -> Void) {
        mustCheckpoint = true
        unrecorded.append(body)
    }

    /// The host's own participant has received all up to this number of the room's order.
    func hostReceived(upTo number: UInt64) { received = max(received, number) }

    /// Whether the store was not told of that yet: it is with what comes next, or when nothing does for a second.
    var owesNote: Bool { received > noted }

    /// The snapshot of that serial number is on the disk. Returns what waited for it.
    func written(serial: UInt64) -> [() -> Void] {
        let written = unwritten.prefix { $0.serial <= serial }
        unwritten.removeFirst(written.count)
        return written.map(\.body)
    }

    /// Hands over what the log has got, and a snapshot if it is time for one.
    ///
    /// - Parameter now: nil for at once, however much was written just now.
    /// - Returns: when to ask again, if it is too soon for a snapshot.
    /// - Throws: what the store does not take. ``StoreError/overloaded`` is over when it has written something.
    func record(_ log: borrowing RoomLog, now: Duration?) throws(StoreError) -> Duration? {
        if owesNote {
            store.note(received: received)
            noted = received
        }
        // Entries that were dropped before the store could take them are in no snapshot either.
        let dropped = next..<max(next, log.start)
        if !dropped.isEmpty { mustCheckpoint = true }
        var number = next
        let inputs = (dropped.map { _ in [] } + log.encodedEntries(from: next)).map { bytes in
            number += 1
            return NumberedBytes(number, bytes)
        }
        let added = inputs.reduce(0) { $0 + $1.bytes.count }
        // How far members have received is in snapshots alone: what comes after one must fit into the log with what they had not then.
        if mustCheckpoint || byteCount + added > min(Self.checkpointByteCount, log.byteLimit / 2) {
            if let now, now < pausedUntil { return pausedUntil }
            let snapshot = snapshot()
            let first = max(checkpointed, log.start)
            var entry = first
            let entries = log.encodedEntries(from: first).map { bytes in
                entry += 1
                return NumberedBytes(entry, bytes)
            }
            try store.append(
                inputs,
                then: StoreCheckpoint(
                    input: number, snapshot: snapshot, entries: entries, firstKeptEntry: log.start + 1,
                    serial: serial + 1))
            serial += 1
            if let now { pausedUntil = now + .seconds(1) * (Double(snapshot.count) / Double(Self.snapshotByteRate)) }
            checkpointed = number
            byteCount = 0
            mustCheckpoint = false
            unwritten += unrecorded.map { (serial, $0) }
            unrecorded = []
        } else {
            guard !inputs.isEmpty else { return nil }
            try store.append(inputs)
            byteCount += added
        }
        next = number
        return nil
    }
}
