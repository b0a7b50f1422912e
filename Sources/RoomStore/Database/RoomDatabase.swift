/// The tables of a store, for one thread at a time: what is written, read and deleted, each in one transaction.
///
/// Rows below the ledger's first numbers are left over: no longer part of the room, and deleted a few at a time
/// (``deleteLeftovers(atMost:)``), so that no commit is long and none needs much space.
struct RoomDatabase: ~Copyable {
    /// The rows of `state`.
    private enum StateRow {
        static let ledger: UInt64 = 0
        static let snapshot: UInt64 = 1
    }

    /// "TeTa"; tells the file from other programs'.
    private static let applicationID = 0x5465_5461
    private static let schema = [
        "CREATE TABLE state(id INTEGER PRIMARY KEY, value BLOB NOT NULL)",
        "CREATE TABLE inputs(number INTEGER PRIMARY KEY, value BLOB NOT NULL)",
        "CREATE TABLE entries(number INTEGER PRIMARY KEY, value BLOB NOT NULL)",
    ]

    private let database: Database
    private let seal: RowSeal
    private let begin: Statement
    private let commit: Statement
    private let putState: Statement
    private let inputs: RecordTable
    private let entries: RecordTable
    private var ledger = StoreLedger()
    private var leftoverInputs: Range<UInt64>
    private var leftoverEntries: Range<UInt64>

    // MARK: Opening

    /// Fills an empty file. What is there afterwards is on the disk.
    static func create(path: String, seal: consuming RowSeal) throws(StoreError) {
        let database = try Database(path: path)
        // Has to come before the first table.
        try database.execute("PRAGMA auto_vacuum=INCREMENTAL; PRAGMA page_size=4096")
        try configure(database, isNew: true)
        try database.execute("PRAGMA application_id=\(applicationID)")
        for table in schema { try database.execute(table) }
        let tables = try RoomDatabase(database, seal: seal, ledger: StoreLedger())
        try tables.inTransaction { () throws(StoreError) in try tables.put(StoreLedger()) }
        try tables.truncateLog()
    }

    /// Opens a file, and writes nothing to it: ``recover(reserve:)`` comes next.
    ///
    /// - Throws: ``StoreError/damaged(_:)``, ``StoreError/readOnly``, and others.
    static func open(path: String, seal: consuming RowSeal) throws(StoreError) -> RoomDatabase {
        let database = try Database(path: path)
        try configure(database, isNew: false)
        guard try database.rows("PRAGMA application_id") == ["\(applicationID)"],
            try database.rows("SELECT sql FROM sqlite_schema ORDER BY rowid") == schema,
            try database.rows("PRAGMA quick_check(1)") == ["ok"]
        else { throw .damaged(.database) }
        let ledger = try readLedger(database, seal)
        return try RoomDatabase(database, seal: seal, ledger: ledger)
    }

    private static func configure(_ database: borrowing Database, isNew: Bool) throws(StoreError) {
        guard try database.rows("PRAGMA locking_mode=EXCLUSIVE") == ["exclusive"],
            // Setting the mode would write to a file that has another one.
            try database.rows("PRAGMA journal_mode\(isNew ? "=WAL" : "")") == ["wal"]
        else { throw .damaged(.database) }
        // The log is written back by `writeBackLog`, after what is in it was acknowledged.
        try database.execute(
            """
            PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON;
            PRAGMA wal_autocheckpoint=0; PRAGMA mmap_size=0
            """)
    }

    private static func readLedger(
        _ database: borrowing Database, _ seal: borrowing RowSeal
    ) throws(StoreError) -> StoreLedger {
        guard let bytes = try readState(StateRow.ledger, limit: 1 << 10, database),
            let opened = seal.open(bytes, .ledger, 0), let ledger = try? StoreLedger(decoding: opened)
        else { throw .damaged(.ledger) }
        return ledger
    }

    private static func readState(
        _ row: UInt64, limit: Int, _ database: borrowing Database
    ) throws(StoreError) -> [UInt8]? {
        var bytes: [UInt8]?
        try database.prepare("SELECT value FROM state WHERE id=\(row)").run(row: { row throws(StoreError) in
            bytes = row.bytes(0, atMost: limit)
        })
        return bytes
    }

    private init(
        _ database: consuming Database, seal: consuming RowSeal, ledger: StoreLedger
    ) throws(StoreError) {
        let begin = try database.prepare("BEGIN IMMEDIATE")
        let commit = try database.prepare("COMMIT")
        let putState = try database.prepare("REPLACE INTO state VALUES(?,?)")
        let inputs = try RecordTable(database, .input)
        let entries = try RecordTable(database, .entry)
        let leftoverInputs = try inputs.leftovers(database, below: ledger.firstInput)
        let leftoverEntries = try entries.leftovers(database, below: ledger.firstEntry)
        self.database = database
        self.seal = seal
        self.begin = begin
        self.commit = commit
        self.putState = putState
        self.inputs = inputs
        self.entries = entries
        self.ledger = ledger
        self.leftoverInputs = leftoverInputs
        self.leftoverEntries = leftoverEntries
    }

    /// All that is there. Only when all of it is good, the file is written to: what is returned is on the disk then, whether or
    /// not the process that wrote it had come that far.
    ///
    /// - Parameter reserve: what is released when there is not enough space to copy the log back.
    /// - Throws: ``StoreError/damaged(_:)``, and others.
    func recover(reserve: Ballast) throws(StoreError) -> RecoveredRoom {
        let room = try read()
        try reserve.folder.sync(StoreFolder.logName)
        let truncate = { (tables: borrowing RoomDatabase) throws(StoreError) in
            try isSpaceEnough { () throws(StoreError) in try tables.truncateLog() }
        }
        if try !truncate(self), reserve.release() { _ = try truncate(self) }
        return room
    }

    private func read() throws(StoreError) -> RecoveredRoom {
        var snapshot: [UInt8]?
        if ledger.hasSnapshot {
            let limit = StoreLimits.snapshotByteCount + RowSeal.addedByteCount
            guard let bytes = try Self.readState(StateRow.snapshot, limit: limit, database),
                let opened = seal.open(bytes, .snapshot, ledger.firstInput - 1)
            else { throw .damaged(.snapshot) }
            snapshot = opened
        }
        return RecoveredRoom(
            snapshot: snapshot, entries: try entries.read(ledger.firstEntry..<ledger.nextEntry, seal),
            inputs: try inputs.read(ledger.firstInput..<ledger.nextInput, seal), nextInput: ledger.nextInput,
            received: ledger.received)
    }

    // MARK: Writing

    /// Writes all of the batch, or none of it. What was written is on the disk.
    ///
    /// - Returns: the number of the last input that is there now.
    /// - Throws: ``StoreError/noSpace``, after which it may be tried again; ``StoreError/outOfOrder(_:)``,
    ///   ``StoreError/conflicting(_:)``; after any other error the database is not to be used any more.
    mutating func write(_ batch: StoreBatch) throws(StoreError) -> UInt64 {
        var ledger = self.ledger
        try inTransaction { () throws(StoreError) in
            if let checkpoint = batch.checkpoint { try put(checkpoint, &ledger) }
            for input in batch.inputs where input.number >= ledger.firstInput {
                try put(input, in: inputs, next: &ledger.nextInput)
            }
            ledger.received = max(ledger.received, batch.received)
            try put(ledger)
        }
        leftoverInputs = leftoverInputs.lowerBound..<max(leftoverInputs.upperBound, ledger.firstInput)
        leftoverEntries = leftoverEntries.lowerBound..<max(leftoverEntries.upperBound, ledger.firstEntry)
        self.ledger = ledger
        return ledger.nextInput - 1
    }

    private func put(_ checkpoint: StoreCheckpoint, _ ledger: inout StoreLedger) throws(StoreError) {
        guard checkpoint.input >= ledger.firstInput - 1 else { throw .outOfOrder(checkpoint.input) }
        ledger.hasSnapshot = true
        ledger.firstInput = checkpoint.input + 1
        ledger.nextInput = max(ledger.nextInput, ledger.firstInput)
        ledger.firstEntry = max(ledger.firstEntry, checkpoint.firstKeptEntry)
        ledger.nextEntry = max(ledger.nextEntry, ledger.firstEntry)
        let sealed = seal.seal(checkpoint.snapshot, .snapshot, checkpoint.input)
        try putState.run({ row throws(StoreError) in
            try row.set(1, StateRow.snapshot)
            try row.set(2, sealed)
        })
        for entry in checkpoint.entries where entry.number >= ledger.firstEntry {
            try put(entry, in: entries, next: &ledger.nextEntry)
        }
    }

    private func put(
        _ record: NumberedBytes, in table: borrowing RecordTable, next: inout UInt64
    ) throws(StoreError) {
        if record.number < next {
            guard try table.read(record.number, seal) == record.bytes else { throw .conflicting(record.number) }
        } else {
            guard record.number == next else { throw .outOfOrder(record.number) }
            try table.insert(record, seal)
            next += 1
        }
    }

    private func put(_ ledger: StoreLedger) throws(StoreError) {
        let sealed = seal.seal(ledger.encoded, .ledger, 0)
        try putState.run({ row throws(StoreError) in
            try row.set(1, StateRow.ledger)
            try row.set(2, sealed)
        })
    }

    private func inTransaction(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        try begin.run()
        do throws(StoreError) {
            try body()
            try commit.run()
        } catch {
            // Most errors have ended it already.
            if database.isInTransaction { try? database.execute("ROLLBACK") }
            throw error
        }
    }

    // MARK: Deleting

    var hasLeftovers: Bool { !leftoverInputs.isEmpty || !leftoverEntries.isEmpty }

    /// Deletes up to `count` rows of each table that are no longer part of the room.
    mutating func deleteLeftovers(atMost count: UInt64) throws(StoreError) {
        let inputs = leftoverInputs.prefix(count)
        let entries = leftoverEntries.prefix(count)
        try inTransaction { () throws(StoreError) in
            if !inputs.isEmpty { try self.inputs.delete(inputs) }
            if !entries.isEmpty { try self.entries.delete(entries) }
        }
        leftoverInputs = inputs.upperBound..<leftoverInputs.upperBound
        leftoverEntries = entries.upperBound..<leftoverEntries.upperBound
    }

    /// The pages that were written to the log since this was asked last.
    func takeWrittenPageCount() -> Int { database.takeWrittenPageCount() }

    /// Copies the write-ahead log into the database file, after which it is filled from its start again.
    func writeBackLog() throws(StoreError) {
        _ = try database.rows("PRAGMA wal_checkpoint(PASSIVE)")
    }

    /// The same, and gives the log's space, and what is free in the database file, back: nothing that was deleted or replaced is
    /// left in either.
    func truncateLog() throws(StoreError) {
        try database.execute("PRAGMA incremental_vacuum(\(Self.vacuumedPageCount))")
        guard try database.rows("PRAGMA wal_checkpoint(TRUNCATE)").first == "0" else { throw .locked }
    }

    /// At most so many free pages are given back at once, 4 MiB: moving them is work, and most will be needed again.
    private static let vacuumedPageCount = 1_024
}

extension Range<UInt64> {
    /// The first `count` numbers.
    fileprivate func prefix(_ count: UInt64) -> Range<UInt64> {
        lowerBound..<(upperBound - lowerBound > count ? lowerBound + count : upperBound)
    }
}
