import Foundation
import Room
import RoomStore
import Sodium
import Testing
import Wire

@testable import TermTalk

/// What of a room is brought to the disk, and when.
@Suite struct RoomJournalTests {
    private final class World {
        let directory = FileManager.default.temporaryDirectory.appending(path: "termtalk-\(UUID().uuidString)").path
        let store: RoomStore
        private(set) var snapshots = 0
        var snapshot = [UInt8](repeating: 1, count: 100)
        var log = RoomLog(byteLimit: 1 << 20)
        private(set) var journal: RoomJournal?

        init() throws {
            SodiumLibrary.initialize()
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let key = SecretBytes(copying: [UInt8](repeating: 7, count: RoomStore.keyByteCount).span)
            store = try RoomStore.create(in: directory, name: "room", key: key) { _ in }
            journal = RoomJournal(store, next: 0, checkpointed: 0) { [unowned self] in
                snapshots += 1
                return snapshot
            }
        }

        deinit {
            try? store.close(within: .seconds(60))
            try? FileManager.default.removeItem(atPath: directory)
        }

        func say(_ text: String) {
            log.append(EncodedMessage(type: 0x25, body: Array(text.utf8)), for: .all, records: 1, sequence: 1)
        }

        func record(at seconds: Double) throws -> Duration? {
            try journal?.record(log, now: .seconds(1) * seconds)
        }
    }

    @Test("What changed after a snapshot is not told of with it, though the next one has the same number")
    func twoOfOneNumber() throws {
        let world = try World()
        let journal = try #require(world.journal)
        var told: [String] = []
        world.say("hello")
        journal.whenKept { told.append("first") }
        _ = try world.record(at: 0)
        // Nothing was said in between.
        journal.whenKept { told.append("second") }
        _ = try world.record(at: 10)
        #expect(world.snapshots == 2)
        for body in journal.written(serial: 1) { body() }
        #expect(told == ["first"])
        for body in journal.written(serial: 2) { body() }
        #expect(told == ["first", "second"])
    }

    @Test("A room that keeps little has a snapshot whenever half of that was said")
    func littleKept() throws {
        let world = try World()
        let text = String(repeating: "x", count: world.log.byteLimit / 10)
        for second in 0..<24 {
            _ = try world.record(at: Double(second))
            world.say(text)
        }
        #expect((5...8).contains(world.snapshots), "\(world.snapshots) snapshots")
    }

    @Test("Snapshots take no more than their rate; what is said alone does not wait")
    func pace() throws {
        let world = try World()
        let journal = try #require(world.journal)
        world.snapshot = [UInt8](repeating: 1, count: RoomJournal.snapshotByteRate / 2)
        #expect(try world.record(at: 0) == nil && world.snapshots == 1)
        world.say("one")
        #expect(try world.record(at: 0.1) == nil && world.snapshots == 1)
        journal.stateChanged()
        world.say("two")
        #expect(try world.record(at: 0.499) == .milliseconds(500) && world.snapshots == 1)
        #expect(try world.record(at: 0.5) == nil && world.snapshots == 2)
        // The last one of all does not wait.
        journal.stateChanged()
        #expect(try journal.record(world.log, now: nil) == nil && world.snapshots == 3)
    }
}
