import Foundation
import Testing

@testable import RoomStore

/// A store that was ended is none any more, wherever its deletion was interrupted.
@Suite struct EndingTests {
    private let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    /// As they are deleted, the key's last.
    private static let files = [
        StoreFolder.databaseName, StoreFolder.logName, Ballast.name, StoreFolder.keyName,
    ]

    @Test("However much of it is deleted, the next start finds that it was ended", arguments: 0...files.count)
    func interrupted(after count: Int) throws {
        let store = try fixture.create()
        try store.append(inputs(1...20))
        try fixture.reports.waitForDurable(20)
        #expect(!RoomStore.isEnded(in: fixture.directory, name: fixture.name))
        try store.end()
        // What still comes is of no use to anybody, and no failure.
        try store.append(inputs(21...30))
        try store.close(within: .seconds(60))
        for file in Self.files.prefix(count) { unlink("\(fixture.folder)/\(file)") }
        #expect(RoomStore.isEnded(in: fixture.directory, name: fixture.name) == (count < Self.files.count))
        #expect(throws: StoreError.notFound) { _ = try fixture.open() }
        #expect(fixture.files == [])
    }

    @Test func endedAndDeleted() throws {
        let store = try fixture.create()
        try store.end()
        try store.end()
        try store.delete(within: .seconds(60))
        #expect(fixture.files == [])
        #expect(!RoomStore.isEnded(in: fixture.directory, name: fixture.name))
    }

    @Test("What the host's own participant has received is noted with what is written, alone, and never lowered")
    func notes() throws {
        let first = try fixture.create()
        first.note(received: 3)
        try first.append(inputs(1...2))
        try first.close(within: .seconds(60))
        let (second, room) = try fixture.open()
        #expect(room.received == 3 && room.inputs == inputs(1...2))
        second.note(received: 9)
        second.note(received: 8)
        try second.close(within: .seconds(60))
        let (third, again) = try fixture.open()
        #expect(again.received == 9 && again.nextInput == 3)
        third.note(received: 4)
        try third.append([], then: checkpoint(2, firstKept: 1))
        try third.close(within: .seconds(60))
        #expect(try fixture.recovered().received == 9)
    }

    @Test("A ledger of before there were notes has none")
    func ledger() throws {
        var ledger = StoreLedger()
        ledger.received = 7
        #expect(try StoreLedger(decoding: ledger.encoded) == ledger)
        #expect(try StoreLedger(decoding: ledger.encoded.dropLast(8)) == StoreLedger())
        #expect(throws: (any Error).self) { try StoreLedger(decoding: ledger.encoded.dropLast(1)) }
    }
}
