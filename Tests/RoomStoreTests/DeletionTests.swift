import Foundation
import Testing

@testable import RoomStore

/// What was deleted is in no file any more.
@Suite struct DeletionTests {
    private let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    /// The nonces of all values that are in the tables: marks by which their ciphertext is found.
    private func marks() throws -> [String: Data] {
        let database = try Database(path: fixture.database)
        var marks: [String: Data] = [:]
        for table in ["inputs", "entries", "state"] {
            let key = table == "state" ? "id" : "number"
            for row in try database.rows(
                "SELECT '\(table) ' || \(key), hex(substr(value,1,24)) FROM \(table)", columnCount: 2)
            {
                let columns = row.split(separator: "\t")
                let digits = Array(columns[1].utf8)
                let bytes = stride(from: 0, to: digits.count, by: 2).map { index in
                    UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) ?? 0
                }
                marks[String(columns[0])] = Data(bytes)
            }
        }
        return marks
    }

    private func found(_ marks: [String: Data]) -> Set<String> {
        let files = Array(fixture.contents().filter { $0.key != Ballast.name }.values)
        return Set(marks.filter { mark in files.contains { $0.range(of: mark.value) != nil } }.keys)
    }

    @Test(arguments: [false, true])
    func deletedValuesAreGone(whileOpen: Bool) throws {
        let first = try fixture.create()
        try first.append(inputs(1...2_000))
        try first.append(
            [], then: checkpoint(300, String(repeating: "old", count: 5_000), entries: entries(1...1_000), firstKept: 1)
        )
        try first.close(within: .seconds(60))
        let all = try marks()
        #expect(all.count == 2_702)
        #expect(found(all) == Set(all.keys))

        let (store, _) = try fixture.open()
        try store.append([], then: checkpoint(1_900, String(repeating: "new", count: 5_000), firstKept: 900))
        let kept = Set((1_901...2_000).map { "inputs \($0)" } + (900...1_000).map { "entries \($0)" })
        if whileOpen {
            // Reading the file here takes SQLite's own locks off it; the folder's is not touched.
            let deadline = ContinuousClock.now + .seconds(60)
            while found(all) != kept, ContinuousClock.now < deadline { sched_yield() }
            #expect(found(all) == kept)
        }
        try store.close(within: .seconds(60))
        #expect(found(all) == kept)
        #expect(try fixture.recovered().inputs == inputs(1_901...2_000))
    }

    /// What is deleted makes the files shorter, and a room that goes on does not make them longer and longer.
    @Test func filesDoNotGrow() throws {
        let store = try fixture.create()
        var sizes: [Int] = []
        for round: UInt64 in 0..<30 {
            let first = round * 500 + 1
            try store.append(inputs(first...first + 499))
            try store.append(
                [], then: checkpoint(first + 499, entries: entries(first...first + 499), firstKept: first + 400))
            try fixture.reports.waitForCheckpoint(first + 499)
            sizes.append(fixture.contents().values.reduce(0) { $0 + $1.count })
        }
        #expect(sizes.max() ?? 0 < 2 * Ballast.minimumByteCount + (8 << 20))
        try store.close(within: .seconds(60))
        let size = fixture.contents().filter { $0.key != Ballast.name }.values.reduce(0) { $0 + $1.count }
        #expect(size < 1 << 20)
    }
}
