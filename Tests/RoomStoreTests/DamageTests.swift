import Foundation
import TestSupport
import Testing

@testable import RoomStore

/// Files whose bytes are not those that were written: opening says so, changes nothing, and never gives another room.
@Suite struct DamageTests {
    private let fixture: StoreFixture
    private let room: RecoveredRoom

    init() throws {
        fixture = try StoreFixture()
        let store = try fixture.create()
        try store.append(inputs(1...200))
        try store.append(
            [], then: checkpoint(100, String(repeating: "s", count: 9_000), entries: entries(1...90), firstKept: 20))
        try store.close(within: .seconds(60))
        room = try fixture.recovered()
        #expect(room.inputs == inputs(101...200) && room.entries == entries(20...90))
    }

    /// Opens after a change to the files.
    private func expectTold(_ files: [String: Data], _ note: Comment) throws -> StoreError? {
        let copy = try StoreFixture()
        try FileManager.default.createDirectory(atPath: copy.folder, withIntermediateDirectories: false)
        chmod(copy.folder, 0o700)
        for (name, bytes) in files where name != Ballast.name {
            _ = FileManager.default.createFile(
                atPath: "\(copy.folder)/\(name)", contents: bytes, attributes: [.posixPermissions: 0o600])
        }
        let before = copy.contents()
        do throws(StoreError) {
            #expect(try copy.recovered() == room, note)
            return nil
        } catch {
            #expect(copy.contents() == before, note)
            return error
        }
    }

    @Test func flippedBits() throws {
        let files = fixture.contents()
        var random = SeededRandom(seed: testSeed)
        var told = 0
        for run in 0..<runCount(200) {
            let name = run % 10 == 0 ? StoreFolder.keyName : StoreFolder.databaseName
            var changed = files
            let index = random.below(files[name]?.count ?? 0)
            changed[name]?[index] ^= 1 << UInt8(random.below(8))
            switch try expectTold(changed, "seed \(testSeed), run \(run), byte \(index) of \(name)") {
            case .damaged: told += 1
            case .olderFormat, .newerFormat, nil: break
            case let error?: Issue.record("\(error), byte \(index) of \(name)")
            }
        }
        // Most bits matter.
        #expect(told > runCount(200) / 2)
    }

    @Test func zeroedSectorsAndMissingEnds() throws {
        let files = fixture.contents()
        let database = try #require(files[StoreFolder.databaseName])
        var random = SeededRandom(seed: testSeed)
        for run in 0..<runCount(100) {
            var changed = files
            let sector = random.below(database.count / 512) * 512
            if run % 2 == 0 {
                changed[StoreFolder.databaseName]?.replaceSubrange(sector..<sector + 512, with: Data(count: 512))
            } else {
                changed[StoreFolder.databaseName] = database.prefix(sector)
            }
            switch try expectTold(changed, "seed \(testSeed), run \(run), sector \(sector)") {
            case .damaged, nil: break
            case let error?: Issue.record("\(error), sector \(sector)")
            }
        }
        for (bytes, what) in [
            (Data(), "empty"), (Data(count: 8_192), "zeros"), (Data(repeating: 65, count: 9_000), "text"),
        ] {
            for name in [StoreFolder.databaseName, StoreFolder.keyName] {
                var changed = files
                changed[name] = bytes
                guard case .damaged = try expectTold(changed, "\(what) \(name)") else {
                    Issue.record("\(what) \(name) is believed")
                    continue
                }
            }
        }
        for name in [StoreFolder.databaseName, StoreFolder.keyName] {
            var changed = files
            changed[name] = nil
            guard case .damaged = try expectTold(changed, "no \(name)") else {
                Issue.record("\(name) is not missed")
                continue
            }
        }
    }

    /// Somebody who can write the file, and has not the key.
    @Test(arguments: [
        (
            "UPDATE inputs SET value=(SELECT value FROM inputs WHERE number=150) WHERE number=151",
            StoreError.Part.input(151)
        ),
        ("UPDATE inputs SET number=number+1000; UPDATE inputs SET number=number-1001", .input(101)),
        ("UPDATE inputs SET number=9000 WHERE number=200", .input(200)),
        ("DELETE FROM inputs WHERE number=101", .input(101)), ("DELETE FROM inputs WHERE number=150", .input(150)),
        ("DELETE FROM inputs WHERE number=200", .input(200)), ("DELETE FROM inputs", .input(101)),
        ("DELETE FROM entries WHERE number=20", .entry(20)), ("DELETE FROM entries WHERE number=90", .entry(90)),
        ("UPDATE entries SET value=(SELECT value FROM inputs WHERE number=101) WHERE number=30", .entry(30)),
        ("UPDATE inputs SET value=zeroblob(10) WHERE number=101", .input(101)),
        ("UPDATE inputs SET value='text' WHERE number=101", .input(101)),
        ("UPDATE inputs SET value=zeroblob(2000000) WHERE number=101", .input(101)),
        ("UPDATE inputs SET number=-5 WHERE number=101", .database),
        ("DELETE FROM state WHERE id=1", .snapshot), ("UPDATE state SET value=zeroblob(50) WHERE id=1", .snapshot),
        ("UPDATE state SET value=(SELECT value FROM state WHERE id=0) WHERE id=1", .snapshot),
        ("UPDATE state SET value=(SELECT value FROM state WHERE id=1) WHERE id=0", .ledger),
        ("DELETE FROM state WHERE id=0", .ledger), ("DELETE FROM state", .ledger),
        ("CREATE TRIGGER t AFTER INSERT ON inputs BEGIN DELETE FROM entries; END", .database),
        ("CREATE TABLE more(x)", .database), ("DROP TABLE entries", .database), ("PRAGMA application_id=1", .database),
    ])
    func changedRows(_ sql: String, _ part: StoreError.Part) throws {
        do {
            let database = try Database(path: fixture.database)
            try database.execute(sql)
        }
        let before = fixture.contents()
        #expect(throws: StoreError.damaged(part)) { _ = try fixture.open() }
        #expect(fixture.contents() == before)
    }

    /// Rows of another store with the same key and numbers, and the ledger of an earlier moment.
    @Test func rowsOfOthers() throws {
        let other = try StoreFixture()
        let store = try other.create()
        try store.append(inputs(1...200))
        try store.close(within: .seconds(60))
        try Database(path: fixture.database).execute(
            "ATTACH '\(other.database)' AS o; UPDATE inputs SET value=(SELECT value FROM o.inputs WHERE number=150) WHERE number=150"
        )
        #expect(throws: StoreError.damaged(.input(150))) { _ = try fixture.open() }
    }

    @Test func anOlderLedger() throws {
        let earlier = "\(fixture.directory)/earlier"
        try FileManager.default.copyItem(atPath: fixture.database, toPath: earlier)
        let (store, _) = try fixture.open()
        try store.append(inputs(201...210))
        try store.append([], then: checkpoint(205, entries: entries(91...95), firstKept: 50))
        try store.close(within: .seconds(60))
        try Database(path: fixture.database).execute(
            "ATTACH '\(earlier)' AS o; UPDATE state SET value=(SELECT value FROM o.state WHERE id=0) WHERE id=0")
        #expect(throws: StoreError.damaged(.snapshot)) { _ = try fixture.open() }
    }
}
