/// A table of numbered values, each sealed for its number.
struct RecordTable: ~Copyable {
    private let kind: RowSeal.Kind
    private let select: Statement
    private let put: Statement
    private let remove: Statement

    init(_ database: borrowing Database, _ kind: RowSeal.Kind) throws(StoreError) {
        let table = Self.name(kind)
        let select = try database.prepare(
            "SELECT number, value FROM \(table) WHERE number>=? AND number<? ORDER BY number")
        let put = try database.prepare("INSERT INTO \(table) VALUES(?,?)")
        let remove = try database.prepare("DELETE FROM \(table) WHERE number>=? AND number<?")
        self.kind = kind
        self.select = select
        self.put = put
        self.remove = remove
    }

    private static func name(_ kind: RowSeal.Kind) -> String { kind == .input ? "inputs" : "entries" }

    private func damaged(_ number: UInt64) -> StoreError { .damaged(kind == .input ? .input(number) : .entry(number)) }

    func insert(_ record: NumberedBytes, _ seal: borrowing RowSeal) throws(StoreError) {
        let sealed = seal.seal(record.bytes, kind, record.number)
        try put.run({ row throws(StoreError) in
            try row.set(1, record.number)
            try row.set(2, sealed)
        })
    }

    func delete(_ numbers: Range<UInt64>) throws(StoreError) {
        try remove.run({ row throws(StoreError) in
            try row.set(1, numbers.lowerBound)
            try row.set(2, numbers.upperBound)
        })
    }

    func read(_ number: UInt64, _ seal: borrowing RowSeal) throws(StoreError) -> [UInt8]? {
        try read(number..<number + 1, seal).first?.bytes
    }

    /// All values of these numbers.
    ///
    /// - Throws: ``StoreError/damaged(_:)`` when one is missing or not what was written.
    func read(_ numbers: Range<UInt64>, _ seal: borrowing RowSeal) throws(StoreError) -> [NumberedBytes] {
        var records: [NumberedBytes] = []
        var next = numbers.lowerBound
        try select.run(
            { row throws(StoreError) in
                try row.set(1, numbers.lowerBound)
                try row.set(2, numbers.upperBound)
            },
            row: { row throws(StoreError) in
                guard row.number(0) == next,
                    let sealed = row.bytes(1, atMost: StoreLimits.recordByteCount + RowSeal.addedByteCount),
                    let bytes = seal.open(sealed, kind, next)
                else { throw damaged(next) }
                records.append(NumberedBytes(next, bytes))
                next += 1
            })
        guard next == numbers.upperBound else { throw damaged(next) }
        return records
    }

    /// The numbers from the lowest that the table has up to `first`, which are no longer part of the room.
    ///
    /// - Throws: ``StoreError/damaged(_:)`` for numbers that were never given.
    func leftovers(_ database: borrowing Database, below first: UInt64) throws(StoreError) -> Range<UInt64> {
        var lowest: UInt64? = first
        try database.prepare("SELECT min(number) FROM \(Self.name(kind)) WHERE number<\(first)").run(
            row: { row throws(StoreError) in
                if row.text(0) != "" { lowest = row.number(0) }
            })
        guard let lowest else { throw .damaged(.database) }
        return lowest..<first
    }
}
