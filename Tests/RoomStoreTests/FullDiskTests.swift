import Foundation
import TestSupport
import Testing

@testable import RoomStore

/// A disk that is full, or takes no writes: it is told, nothing that was acknowledged is lost, and it goes on when there is space.
@Suite(.enabled(if: SmallDisk.isPossible, SmallDisk.impossible))
struct FullDiskTests {
    private let disk: SmallDisk

    init() throws {
        disk = try SmallDisk(byteCount: 16 << 20)
    }

    private var fixture: StoreFixture { disk.fixture }
    private var reports: ReportLog { disk.fixture.reports }

    /// Appends until nothing is durable any more, and returns the next number.
    private func appendUntilStalled(_ store: RoomStore, from first: UInt64 = 1) throws -> UInt64 {
        var next = first
        reports.clear()
        while !reports.all.contains(.stalled) {
            if store.waitingByteCount < 64 << 10 {
                try store.append(inputs(next...next + 9))
                next += 10
            } else {
                sched_yield()
            }
        }
        return next
    }

    private var durable: UInt64 {
        reports.all.compactMap { if case .durable(let through) = $0 { through } else { nil } }.max() ?? 0
    }

    @Test func spaceComesBack() throws {
        let store = try fixture.create()
        try disk.fill(leaving: 2 << 20)
        let next = try appendUntilStalled(store)
        #expect(durable > 0 && durable < next - 1)
        try disk.makeSpace()
        try reports.wait(for: "resumed") { $0 == .resumed }
        try reports.waitForDurable(next - 1)
        try store.append(inputs(next...next))
        try store.close(within: .seconds(60))
        #expect(try fixture.recovered().inputs == inputs(1...next))
    }

    /// The reserve is enough for a checkpoint, what it deletes for all that waits.
    @Test func aCheckpointMakesSpace() throws {
        let store = try fixture.create()
        try disk.fill(leaving: 2 << 20)
        var next: UInt64 = 1
        for round in 0..<3 {
            next = try appendUntilStalled(store, from: next)
            let input = next - 1
            try store.append(
                [],
                then: StoreCheckpoint(
                    input: input, snapshot: StoreContent.snapshot(input), entries: entries(input - 5...input),
                    firstKeptEntry: input - 5))
            try reports.waitForCheckpoint(input)
            try reports.wait(for: "resumed in round \(round)") { $0 == .resumed }
        }
        try store.append(inputs(next...next))
        try store.close(within: .seconds(60))
        let room = try fixture.recovered()
        #expect(room.inputs == inputs(next...next))
        #expect(room.entries == entries(next - 6...next - 1))
        #expect(room.snapshot == StoreContent.snapshot(next - 1))
        #expect(fixture.contents()[Ballast.name]?.count ?? 0 >= Ballast.minimumByteCount)
    }

    /// A room that is paused on a full disk loses nothing that was acknowledged.
    @Test(arguments: [false, true])
    func theEndOnAFullDisk(withCheckpoint: Bool) throws {
        let store = try fixture.create()
        try disk.fill(leaving: 1 << 20)
        let next = try appendUntilStalled(store)
        let durable = durable
        if withCheckpoint {
            try store.append([], then: checkpoint(next - 1))
            try store.close(within: .seconds(60))
        } else {
            // The reserve may be enough for what waits.
            try? store.close(within: .seconds(60))
        }
        let (again, room) = try fixture.open()
        if withCheckpoint {
            #expect(room.snapshot != nil && room.inputs.isEmpty && room.nextInput == next)
        } else {
            #expect(room.inputs == inputs(1...room.nextInput - 1) && room.nextInput > durable)
        }
        reports.clear()
        try disk.makeSpace()
        try again.append(inputs(room.nextInput...room.nextInput))
        try reports.waitForDurable(room.nextInput)
        try again.close(within: .seconds(60))
    }

    /// The first checkpoint of a room that is started on a full disk is written with the reserve. That nothing else has space
    /// is told then, not when something is said.
    @Test func startedOnAFullDisk() throws {
        try fixture.create().close(within: .seconds(60))
        try disk.fill()
        let (store, _) = try fixture.open()
        try store.append(inputs(1...1), then: checkpoint(1))
        try reports.waitForCheckpoint(1)
        try reports.wait(for: "stalled") { $0 == .stalled }
        try store.append(inputs(2...2))
        try disk.makeSpace()
        try reports.wait(for: "resumed") { $0 == .resumed }
        try reports.waitForDurable(2)
        try store.close(within: .seconds(60))
        #expect(fixture.contents()[Ballast.name]?.count ?? 0 >= Ballast.minimumByteCount)
    }

    @Test func killedOnAFullDisk() async throws {
        try fixture.create().close(within: .seconds(60))
        try disk.fill(leaving: 256 << 10)
        try await onOwnThread { [fixture] in
            let writer = try StoreWriterProcess(in: fixture.directory, seed: testSeed)
            var progress = WriterProgress()
            while let line = writer.line(), line != "stalled" { if line != "resumed" { progress.heard(line) } }
            writer.kill()
            while let line = writer.line() { if !["stalled", "resumed"].contains(line) { progress.heard(line) } }
            progress.expectKept(in: try fixture.recovered(), "on a full disk")
            #expect(progress.durable > 0)
        }
    }

    @Test func aNewStoreOnAFullDisk() throws {
        try disk.fill(leaving: 2 << 20)
        #expect(throws: StoreError.noSpace) { _ = try fixture.create() }
        #expect(fixture.files == ["filler"])
        try disk.fill(leaving: 0)
        #expect(throws: StoreError.noSpace) { _ = try fixture.create() }
        #expect(fixture.files == ["filler"])
        try disk.makeSpace()
        try fixture.create().close(within: .seconds(60))
    }

    @Test func deletedOnAFullDisk() throws {
        let store = try fixture.create()
        try disk.fill()
        _ = try appendUntilStalled(store)
        try store.delete(within: .seconds(60))
        #expect(fixture.files == ["filler"])
    }

    @Test func aDiskThatTakesNoWrites() throws {
        let store = try fixture.create()
        try store.append(inputs(1...5))
        try store.close(within: .seconds(60))
        try disk.makeReadOnly()
        #expect(throws: StoreError.readOnly) { _ = try fixture.open() }
        #expect(throws: StoreError.readOnly) {
            _ = try RoomStore.create(in: fixture.directory, name: "other", key: StoreFixture.key()) { _ in }
        }
    }
}
