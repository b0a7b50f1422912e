import Foundation
import Testing

@testable import RoomStore

/// What was written is there when the store is opened again.
@Suite struct RecoveryTests {
    private let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    @Test func nothingWasWritten() throws {
        try fixture.create().close(within: .seconds(60))
        #expect(try fixture.recovered() == RecoveredRoom(snapshot: nil, entries: [], inputs: [], nextInput: 1))
        #expect(fixture.files == ["lobby.store"])
    }

    @Test func inputs() throws {
        let store = try fixture.create()
        let all = RoomStoreTests.inputs(1...500)
        for input in all { try store.append([input]) }
        try fixture.reports.waitForDurable(500)
        try store.close(within: .seconds(60))
        #expect(try fixture.recovered() == RecoveredRoom(snapshot: nil, entries: [], inputs: all, nextInput: 501))
    }

    @Test func inputsThatWaitAreWrittenAtTheEnd() throws {
        let store = try fixture.create()
        let all = RoomStoreTests.inputs(1...2_000)
        try store.append(all)
        try store.close(within: .seconds(60))
        #expect(try fixture.recovered().inputs == all)
        #expect(throws: StoreError.closed) { try store.append([NumberedBytes(2_001, [])]) }
    }

    @Test func emptyAndLargestValues() throws {
        let store = try fixture.create()
        let largest = [UInt8](repeating: 9, count: StoreLimits.recordByteCount)
        let all = [NumberedBytes(1, []), NumberedBytes(2, largest)]
        try store.append(all)
        #expect(throws: StoreError.tooLarge) { try store.append([NumberedBytes(3, largest + [1])]) }
        let snapshot = [UInt8](repeating: 3, count: StoreLimits.snapshotByteCount)
        try store.append(
            [],
            then: StoreCheckpoint(input: 1, snapshot: snapshot, entries: [NumberedBytes(1, largest)], firstKeptEntry: 1)
        )
        for tooLarge in [
            StoreCheckpoint(input: 1, snapshot: snapshot + [1], entries: [], firstKeptEntry: 1),
            StoreCheckpoint(input: 1, snapshot: [], entries: [NumberedBytes(2, largest + [1])], firstKeptEntry: 1),
        ] {
            #expect(throws: StoreError.tooLarge) { try store.append([], then: tooLarge) }
        }
        try store.close(within: .seconds(60))
        let room = try fixture.recovered()
        #expect(room.snapshot == snapshot)
        #expect(room.inputs == [all[1]])
        #expect(room.entries == [NumberedBytes(1, largest)])
    }

    @Test func checkpoints() throws {
        let store = try fixture.create()
        try store.append(RoomStoreTests.inputs(1...1_000))
        try store.append([], then: checkpoint(600, "first", entries: RoomStoreTests.entries(1...900), firstKept: 1))
        try fixture.reports.waitForCheckpoint(600)
        try store.append(RoomStoreTests.inputs(1_001...1_100))
        try store.append(
            [], then: checkpoint(1_050, "second", entries: RoomStoreTests.entries(901...950), firstKept: 700))
        try store.close(within: .seconds(60))
        #expect(
            try fixture.recovered()
                == RecoveredRoom(
                    snapshot: Array("second".utf8), entries: RoomStoreTests.entries(700...950),
                    inputs: RoomStoreTests.inputs(1_051...1_100), nextInput: 1_101))
    }

    /// What a turn has said and how the room is after it come to the disk together.
    @Test func inputsWithACheckpoint() throws {
        let store = try fixture.create()
        try store.append([], then: checkpoint(0, "empty", entries: [], firstKept: 1))
        try store.append(RoomStoreTests.inputs(1...3))
        #expect(throws: StoreError.outOfOrder(6)) {
            try store.append(RoomStoreTests.inputs(4...5), then: checkpoint(6, "no", entries: [], firstKept: 1))
        }
        try store.append(
            RoomStoreTests.inputs(4...5),
            then: checkpoint(5, "whole", entries: RoomStoreTests.entries(1...5), firstKept: 2))
        try fixture.reports.waitForCheckpoint(5)
        try store.append(RoomStoreTests.inputs(6...6))
        try store.close(within: .seconds(60))
        #expect(
            try fixture.recovered()
                == RecoveredRoom(
                    snapshot: Array("whole".utf8), entries: RoomStoreTests.entries(2...5),
                    inputs: RoomStoreTests.inputs(6...6), nextInput: 7))
    }

    /// Two checkpoints that wait are written as one.
    @Test func checkpointsAreMerged() throws {
        var batch = StoreBatch()
        batch.append(RoomStoreTests.inputs(1...10))
        batch.append(checkpoint(3, "first", entries: RoomStoreTests.entries(1...5), firstKept: 1))
        batch.append(checkpoint(7, "second", entries: RoomStoreTests.entries(5...9), firstKept: 3))
        #expect(batch.inputs == RoomStoreTests.inputs(8...10))
        #expect(batch.checkpoint == checkpoint(7, "second", entries: RoomStoreTests.entries(3...9), firstKept: 3))
        // What one of them has deleted stays so.
        batch.append(checkpoint(8, entries: RoomStoreTests.entries(10...10), firstKept: 1))
        #expect(batch.checkpoint == checkpoint(8, entries: RoomStoreTests.entries(3...10), firstKept: 3))
        var later = StoreBatch()
        later.append(checkpoint(9, "third", entries: RoomStoreTests.entries(11...12), firstKept: 20))
        later.append(RoomStoreTests.inputs(11...12))
        batch.append(later)
        #expect(batch.inputs == RoomStoreTests.inputs(10...12))
        #expect(batch.inputByteCount == RoomStoreTests.inputs(10...12).reduce(0) { $0 + $1.bytes.count })
        #expect(batch.checkpoint == checkpoint(9, "third", entries: RoomStoreTests.entries(11...12), firstKept: 20))
    }

    /// All of the log may have gone, and go on at a later number.
    @Test func entriesThatAreAllDeleted() throws {
        let store = try fixture.create()
        try store.append(RoomStoreTests.inputs(1...9))
        try store.append([], then: checkpoint(1, entries: RoomStoreTests.entries(1...5), firstKept: 1))
        try fixture.reports.waitForCheckpoint(1)
        try store.append([], then: checkpoint(2, entries: RoomStoreTests.entries(6...9), firstKept: 20))
        try fixture.reports.waitForCheckpoint(2)
        try store.append([], then: checkpoint(3, entries: RoomStoreTests.entries(20...22), firstKept: 20))
        try store.close(within: .seconds(60))
        #expect(try fixture.recovered().entries == RoomStoreTests.entries(20...22))
    }

    /// A store goes on where it was, again and again.
    @Test func manyRuns() throws {
        try fixture.create().close(within: .seconds(60))
        var next: UInt64 = 1
        for run: UInt64 in 1...20 {
            let (store, room) = try fixture.open()
            #expect(room.nextInput == next)
            #expect(room.inputs.count == (run == 1 ? 0 : 7))
            try store.append(RoomStoreTests.inputs(next...next + 9))
            try store.append([], then: checkpoint(next + 2, "run \(run)", entries: RoomStoreTests.entries(run...run)))
            next += 10
            try store.close(within: .seconds(60))
        }
        let room = try fixture.recovered()
        #expect(room.snapshot == Array("run 20".utf8))
        #expect(room.entries == RoomStoreTests.entries(1...20))
        #expect(room.inputs == RoomStoreTests.inputs(194...200))
    }
}
