import Chat
import EventLoop
import Room
import TestSupport
import Testing

@testable import TermTalk

/// In made-up time.
@Suite struct EndingNotesTests {
    /// What is told, and when, of a room that ends at `end`, which is moved at the times in `changes`.
    private func told(end: Duration, changes: [(at: Duration, end: Duration)] = [], until: Duration) throws -> [String]
    {
        let loop = try EventLoop(simulatedFrom: MonotonicTime(nanoseconds: 0))
        var told: [String] = []
        let notes = EndingNotes(loop: loop, canExtend: true) { event in
            if case .room(.ending(let seconds, true)) = event {
                told.append("\(loop.time.components.seconds): \(seconds)")
            }
        }
        notes.roomEnds(at: end)
        for change in changes { loop.schedule(after: change.at) { notes.roomEnds(at: change.end) } }
        loop.schedule(after: until) { loop.stop() }
        loop.run()
        notes.stop()
        return told
    }

    @Test func fiveMinutesOneAndTenSeconds() throws {
        #expect(try told(end: .seconds(900), until: .seconds(1_000)) == ["600: 300", "840: 60", "890: 10"])
        // Of a room of five minutes it is known from the beginning.
        #expect(try told(end: .seconds(300), until: .seconds(400)) == ["240: 60", "290: 10"])
        #expect(try told(end: .seconds(5), until: .seconds(10)) == [])
    }

    @Test func aRoomThatIsExtended() throws {
        let changes: [(at: Duration, end: Duration)] = [(.seconds(850), .seconds(1_800))]
        #expect(
            try told(end: .seconds(900), changes: changes, until: .seconds(1_795))
                == ["600: 300", "840: 60", "1500: 300", "1740: 60", "1790: 10"])
    }
}
