internal import CSQLite

/// A connection to an SQLite file that exists, for one thread at a time.
@safe struct Database: ~Copyable {
    private let handle: OpaquePointer

    /// - Throws: ``StoreError/readOnly``, ``StoreError/distrusted(_:_:)`` for a symbolic link anywhere on the way, and others.
    init(path: String) throws(StoreError) {
        var opened: OpaquePointer?
        let flags =
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW
            | SQLITE_OPEN_PRIVATECACHE
        let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        let isReadOnly = unsafe code == SQLITE_OK && sqlite3_db_readonly(opened, "main") != 0
        guard code == SQLITE_OK, !isReadOnly, let opened = unsafe opened else {
            let error = isReadOnly ? .readOnly : unsafe StoreError(sqlite: code, errno: sqlite3_system_errno(opened))
            // A failed open leaves a handle.
            unsafe sqlite3_close_v2(opened)
            throw error
        }
        // Closing must not write into a file that turned out to be damaged.
        unsafe store_set_option(opened, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        unsafe store_set_option(opened, SQLITE_DBCONFIG_DEFENSIVE, 1)
        unsafe store_set_option(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        unsafe sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, Int32(StoreLimits.snapshotByteCount + 4096))
        unsafe handle = opened
    }

    deinit {
        unsafe sqlite3_close_v2(handle)
    }

    /// Executes statements that give nothing.
    func execute(_ sql: String) throws(StoreError) {
        let code = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw unsafe StoreError(sqlite: code, errno: sqlite3_system_errno(handle)) }
    }

    func prepare(_ sql: String) throws(StoreError) -> Statement {
        var statement: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement = unsafe statement else {
            throw unsafe StoreError(sqlite: code, errno: sqlite3_system_errno(handle))
        }
        return unsafe Statement(owning: statement, of: handle)
    }

    /// All rows of a query as text, columns separated by a tab.
    func rows(_ sql: String, columnCount: Int32 = 1) throws(StoreError) -> [String] {
        var rows: [String] = []
        try prepare(sql).run(row: { row throws(StoreError) in
            rows.append((0..<columnCount).map { row.text($0) }.joined(separator: "\t"))
        })
        return rows
    }

    /// Whether a transaction is under way.
    var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

    /// The pages that were written since this was asked last.
    func takeWrittenPageCount() -> Int {
        var current: Int32 = 0
        var highest: Int32 = 0
        unsafe sqlite3_db_status(handle, SQLITE_DBSTATUS_CACHE_WRITE, &current, &highest, 1)
        return Int(current)
    }
}
