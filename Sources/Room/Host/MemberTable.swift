internal import Chat

/// What a room knows of each member, by id, in one array without much room to spare: a dictionary of large values is half
/// empty, at best. Its order depends on nothing but what was done with it.
struct MemberTable<Value> {
    /// Room to spare: an eighth, and so many.
    private static var spareCount: Int { 8 }

    private var rows: [Value?] = []
    private var ids: [MemberID] = []
    private var rowOf: [MemberID: UInt32] = [:]

    var count: Int { rows.count }
    var isEmpty: Bool { rows.isEmpty }
    var keys: [MemberID] { ids }
    var values: some Collection<Value> { rows.lazy.compactMap(\.self) }

    subscript(id: MemberID) -> Value? {
        // Where it is inlined, a field alone is read, and not the whole value.
        @inline(__always) get { rowOf[id].flatMap { rows[Int($0)] } }
        _modify {
            let row = rowOf[id].map { Int($0) }
            var value: Value?
            // Taken out, so that what it holds is changed where it is.
            if let row { swap(&value, &rows[row]) }
            defer {
                if let row {
                    if value != nil { swap(&value, &rows[row]) } else { remove(id, at: row) }
                } else if let value {
                    add(value, for: id)
                }
            }
            yield &value
        }
    }

    /// Changes the value, if there is one, at less cost than by the subscript: what that yields outlives the call, and takes memory.
    mutating func change<Answer>(_ id: MemberID, _ body: (inout Value) -> Answer) -> Answer? {
        guard let row = rowOf[id].map({ Int($0) }), var value = rows[row].take() else { return nil }
        defer { rows[row] = value }
        return body(&value)
    }

    /// Returns what was there before.
    @discardableResult
    mutating func updateValue(_ value: Value, forKey id: MemberID) -> Value? {
        let before = self[id]
        self[id] = value
        return before
    }

    mutating func removeValue(forKey id: MemberID) -> Value? {
        let before = self[id]
        if before != nil { self[id] = nil }
        return before
    }

    private mutating func add(_ value: Value, for id: MemberID) {
        if rows.count == rows.capacity {
            let count = rows.count + rows.count / 8 + Self.spareCount
            rows.reserveCapacity(count)
            ids.reserveCapacity(count)
        }
        rowOf[id] = UInt32(rows.count)
        rows.append(value)
        ids.append(id)
    }

    /// The last one takes its place.
    private mutating func remove(_ id: MemberID, at row: Int) {
        rowOf[id] = nil
        let last = rows.count - 1
        if row != last {
            rows.swapAt(row, last)
            ids.swapAt(row, last)
            rowOf[ids[row]] = UInt32(row)
        }
        rows.removeLast()
        ids.removeLast()
    }
}

extension MemberTable: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral elements: (MemberID, Value)...) {
        for (id, value) in elements { self[id] = value }
    }
}

extension MemberTable: Sequence {
    func makeIterator() -> AnyIterator<(key: MemberID, value: Value)> {
        var pairs = zip(ids, rows).makeIterator()
        return AnyIterator {
            while let (id, value) = pairs.next() {
                if let value { return (id, value) }
            }
            return nil
        }
    }
}
