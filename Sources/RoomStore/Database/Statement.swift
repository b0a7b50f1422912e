internal import CSQLite

/// A prepared statement of SQLite.
@safe struct Statement: ~Copyable {
    private let handle: OpaquePointer
    private let database: OpaquePointer

    /// The handles, of which the statement's is owned from now on.
    init(owning handle: OpaquePointer, of database: OpaquePointer) {
        unsafe self.handle = handle
        unsafe self.database = database
    }

    deinit {
        unsafe sqlite3_finalize(handle)
    }

    /// Executes the statement, and reads what it gives row by row.
    func run(
        _ bind: (borrowing Binding) throws(StoreError) -> Void = { _ throws(StoreError) in },
        row: (borrowing Row) throws(StoreError) -> Void = { _ throws(StoreError) in }
    ) throws(StoreError) {
        defer { unsafe sqlite3_reset(handle) }
        try bind(unsafe Binding(handle: handle, database: database))
        while true {
            switch unsafe sqlite3_step(handle) {
            case SQLITE_ROW: try row(unsafe Row(handle: handle))
            case SQLITE_DONE: return
            case let code: throw unsafe StoreError(sqlite: code, errno: sqlite3_system_errno(database))
            }
        }
    }

    /// Where the parameters of a statement are set, counted from 1.
    @safe struct Binding: ~Copyable {
        fileprivate let handle: OpaquePointer
        fileprivate let database: OpaquePointer

        /// - Precondition: at most ``StoreLimits/highestNumber`` and one.
        func set(_ index: Int32, _ number: UInt64) throws(StoreError) {
            try check(unsafe sqlite3_bind_int64(handle, index, Int64(number)))
        }

        func set(_ index: Int32, _ bytes: [UInt8]) throws(StoreError) {
            try check(
                unsafe bytes.withUnsafeBufferPointer { bytes in
                    // The address of no bytes is nil, which would be bound as NULL.
                    bytes.isEmpty
                        ? unsafe sqlite3_bind_zeroblob(handle, index, 0)
                        : unsafe sqlite3_bind_blob64(
                            handle, index, bytes.baseAddress, UInt64(bytes.count), Self.transient)
                })
        }

        private func check(_ code: Int32) throws(StoreError) {
            guard code == SQLITE_OK else {
                throw unsafe StoreError(sqlite: code, errno: sqlite3_system_errno(database))
            }
        }

        /// SQLITE_TRANSIENT: the bytes are copied.
        private static var transient: sqlite3_destructor_type {
            unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        }
    }

    /// One row of a result; columns are counted from 0.
    @safe struct Row: ~Copyable {
        fileprivate let handle: OpaquePointer

        /// Nil for what is no number, or a negative one.
        func number(_ column: Int32) -> UInt64? {
            guard unsafe sqlite3_column_type(handle, column) == SQLITE_INTEGER else { return nil }
            return UInt64(exactly: unsafe sqlite3_column_int64(handle, column))
        }

        /// Nil for what is no blob, or a longer one.
        func bytes(_ column: Int32, atMost limit: Int) -> [UInt8]? {
            guard unsafe sqlite3_column_type(handle, column) == SQLITE_BLOB else { return nil }
            let count = Int(unsafe sqlite3_column_bytes(handle, column))
            guard count <= limit else { return nil }
            guard count > 0, let start = unsafe sqlite3_column_blob(handle, column) else { return [] }
            return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
        }

        /// Any value as text.
        func text(_ column: Int32) -> String {
            guard let start = unsafe sqlite3_column_text(handle, column) else { return "" }
            return unsafe String(cString: start)
        }
    }
}
