import Foundation
import TestSupport
import Testing

@testable import RoomStore

/// Real processes that are killed while they write, and two of them at once.
@Suite struct KillTests {
    private let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    /// A store outlives one SIGKILL after the other, at any moment: also while it is made.
    @Test func nothingIsLostByKills() async throws {
        try await onOwnThread { [fixture] in
            var random = SeededRandom(seed: testSeed)
            var progress = WriterProgress()
            for run in 0..<runCount(60) {
                let writer = try StoreWriterProcess(in: fixture.directory, seed: random.next())
                for _ in 0..<random.below(40) {
                    guard let line = writer.line() else { break }
                    progress.heard(line)
                }
                writer.kill()
                progress = writer.progressAtEnd(progress)
                guard progress.hasOpened || fixture.files.contains("lobby.store") else { continue }
                progress.expectKept(in: try fixture.recovered(), "seed \(testSeed), run \(run)")
            }
            #expect(progress.hasOpened)
            #expect(progress.durable > 100)
            #expect(fixture.files.filter { $0 != "lobby.store" }.isEmpty)
        }
    }

    @Test func oneProcessAtATime() async throws {
        try await onOwnThread { [fixture] in
            let store = try fixture.create()
            try store.append(inputs(1...3))
            try fixture.reports.waitForDurable(3)
            #expect(throws: StoreError.locked) { _ = try fixture.open() }
            // Takes SQLite's own locks off, as anything in this process could.
            #expect(try !Data(contentsOf: URL(filePath: fixture.database)).isEmpty)
            let second = try StoreWriterProcess(in: fixture.directory, seed: 1, count: 1).progressAtEnd()
            #expect(second.errors == ["error locked"])
            try store.append(inputs(4...5))
            try store.close(within: .seconds(60))
            #expect(try fixture.recovered().inputs == inputs(1...5))
            let third = try StoreWriterProcess(in: fixture.directory, seed: 1, count: 10).progressAtEnd()
            #expect(third.errors == [] && third.durable == 15)
        }
    }

    /// A store that nobody closed is let go of.
    @Test func aStoreThatIsForgotten() throws {
        do {
            let store = try fixture.create()
            try store.append(inputs(1...3))
        }
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            do {
                let (store, room) = try fixture.open()
                #expect(room.inputs == inputs(1...3))
                return try store.close(within: .seconds(60))
            } catch StoreError.locked {
                sched_yield()
            }
        }
        Issue.record("it is still locked")
    }
}
