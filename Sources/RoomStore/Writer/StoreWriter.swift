/// What the writer thread of a store does: it alone touches the database. All that waits goes into one transaction, and is
/// reported when that is on the disk; deleting and copying back come after.
struct StoreWriter: ~Copyable {
    /// Whether there is space on the disk.
    private enum Space {
        case enough
        case short(retryAt: ContinuousClock.Instant)
    }

    /// How the writer ended.
    enum Ending {
        case closed(StoreError?)
        case delete
    }

    /// On a full disk, all that waits is tried again this often.
    private static let retryInterval = Duration.seconds(1)
    /// Nothing came for so long: a moment to remove what was deleted from the log too.
    private static let quietInterval = Duration.seconds(1)
    /// When no such moment comes, it is done after this time.
    private static let truncationDelay = Duration.seconds(30)
    /// Pages in the log, 4 MiB, after which it is copied back.
    private static let loggedPageCount = 1_000
    /// Rows that are deleted in one transaction: some milliseconds.
    private static let deletedRowCount: UInt64 = 256
    /// The same on a full disk, to begin with.
    private static let carefullyDeletedRowCount: UInt64 = 16

    private let queue: StoreQueue
    private let ballast: Ballast
    private let report: @Sendable (StoreReport) -> Void
    private var tables: RoomDatabase
    /// What was taken from the queue and is not written yet.
    private var batch = StoreBatch()
    private var space = Space.enough
    private var loggedPageCount = 0
    private var snapshotByteCount: Int
    /// When at the latest the log has to be truncated; nil when nothing was deleted since.
    private var truncateBy: ContinuousClock.Instant?

    init(
        _ tables: consuming RoomDatabase, queue: StoreQueue, ballast: Ballast, snapshotByteCount: Int,
        report: @escaping @Sendable (StoreReport) -> Void
    ) {
        self.queue = queue
        self.ballast = ballast
        self.report = report
        self.snapshotByteCount = snapshotByteCount
        self.tables = tables
    }

    /// Works until it is told to end.
    mutating func work() -> Ending {
        do throws(StoreError) {
            if !ballast.hold(forSnapshot: snapshotByteCount) { stall() }
            while true {
                switch queue.next(&batch, needsCheckpoint: isShort, atMost: timeToWait) {
                case .write: try write()
                case .idle: try tidy()
                case .close:
                    try finish()
                    return .closed(nil)
                case .delete: return .delete
                }
            }
        } catch {
            queue.hasFailed()
            report(.failed(error))
            return queue.waitToEnd() ? .delete : .closed(error)
        }
    }

    private var isShort: Bool { if case .short = space { true } else { false } }

    private var timeToWait: Duration? {
        switch space {
        case .short(let retryAt): max(.zero, ContinuousClock.now.duration(to: retryAt))
        case .enough where tables.hasLeftovers: .zero
        case .enough: truncateBy == nil ? nil : Self.quietInterval
        }
    }

    // MARK: Writing

    private mutating func write() throws(StoreError) {
        // Deleting keeps pace with what comes.
        let rowCount = max(Self.deletedRowCount, 2 * UInt64(batch.inputs.count))
        guard try writeBatch(usingReserve: batch.checkpoint != nil) else { return stall() }
        if isShort { return try relieve() }
        _ = try isSpaceEnough { () throws(StoreError) in
            loggedPageCount += tables.takeWrittenPageCount()
            if loggedPageCount >= Self.loggedPageCount {
                loggedPageCount = 0
                try tables.writeBackLog()
            }
            if tables.hasLeftovers { try deleteLeftovers(atMost: rowCount) }
            if let truncateBy, truncateBy < .now { try truncate() }
        }
    }

    /// Writes what waits and reports it; false when there is no space.
    private mutating func writeBatch(usingReserve: Bool) throws(StoreError) -> Bool {
        var through: UInt64 = 0
        let write = { (tables: inout RoomDatabase, batch: StoreBatch) throws(StoreError) -> Bool in
            try isSpaceEnough { () throws(StoreError) in through = try tables.write(batch) }
        }
        var isWritten = try write(&tables, batch)
        if !isWritten, usingReserve, ballast.release() { isWritten = try write(&tables, batch) }
        guard isWritten else { return false }
        let checkpoint = batch.checkpoint
        batch = StoreBatch()
        queue.hasWritten()
        report(.durable(through: through))
        if let checkpoint {
            report(.checkpointed(input: checkpoint.input, serial: checkpoint.serial))
            snapshotByteCount = checkpoint.snapshot.count
            // What came was written with the reserve, and nothing else has space.
            if !ballast.hold(forSnapshot: snapshotByteCount), !isShort { stall() }
            truncateBy = truncateBy ?? .now + Self.truncationDelay
        }
        return true
    }

    private mutating func deleteLeftovers(atMost count: UInt64) throws(StoreError) {
        truncateBy = truncateBy ?? .now + Self.truncationDelay
        try tables.deleteLeftovers(atMost: count)
    }

    private mutating func truncate() throws(StoreError) {
        try tables.truncateLog()
        truncateBy = nil
        loggedPageCount = 0
    }

    // MARK: When nothing comes

    private mutating func tidy() throws(StoreError) {
        if isShort { return try relieve() }
        let isDone = try isSpaceEnough { () throws(StoreError) in
            if tables.hasLeftovers {
                try deleteLeftovers(atMost: Self.deletedRowCount)
            } else {
                try truncate()
            }
        }
        if !isDone { stall() }
    }

    /// Writes and deletes all that is to be, before the end.
    private mutating func finish() throws(StoreError) {
        if !batch.isEmpty {
            guard try writeBatch(usingReserve: true) else { throw .noSpace }
        }
        if try !deleteAllLeftovers(), ballast.release() { _ = try deleteAllLeftovers() }
        _ = ballast.hold(forSnapshot: snapshotByteCount)
    }

    /// False when there was not enough space for it.
    private mutating func deleteAllLeftovers() throws(StoreError) -> Bool {
        try isSpaceEnough { () throws(StoreError) in
            var count = Self.carefullyDeletedRowCount
            while tables.hasLeftovers {
                try tables.deleteLeftovers(atMost: count)
                count = min(2 * count, Self.deletedRowCount)
                if isShort { try truncate() }
            }
            try truncate()
        }
    }

    // MARK: On a full disk

    private mutating func stall() {
        if !isShort { report(.stalled) }
        space = .short(retryAt: .now)
    }

    /// Makes space by deleting what the room no longer needs, and tries again. Inputs are only written once the reserve is whole:
    /// it is for checkpoints.
    private mutating func relieve() throws(StoreError) {
        space = .short(retryAt: .now + Self.retryInterval)
        if tables.hasLeftovers { _ = ballast.release() }
        _ = try deleteAllLeftovers()
        guard ballast.hold(forSnapshot: snapshotByteCount) else { return }
        if !batch.isEmpty {
            guard try writeBatch(usingReserve: batch.checkpoint != nil),
                ballast.hold(forSnapshot: snapshotByteCount)
            else { return }
        }
        space = .enough
        report(.resumed)
    }
}
