import Foundation
import Testing

@testable import RoomStore

/// Inputs and entries follow each other; what is repeated has to be the same.
@Suite struct NumberTests {
    private let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    @Test func repeatedInputsAreHarmless() throws {
        let store = try fixture.create()
        try store.append(inputs(1...10))
        try fixture.reports.waitForDurable(10)
        try store.append(inputs(3...12))
        try store.append(inputs(12...13))
        try fixture.reports.waitForDurable(13)
        try store.append([], then: checkpoint(5))
        // Covered by the snapshot: nobody knows any more what it was.
        try store.append([NumberedBytes(4, [])])
        try store.close(within: .seconds(60))
        #expect(try fixture.recovered().inputs == inputs(6...13))
    }

    @Test func otherBytesUnderANumber() throws {
        let store = try fixture.create()
        try store.append(inputs(1...10))
        try store.append([NumberedBytes(10, [1]), NumberedBytes(11, [2])])
        try fixture.reports.wait(for: "failure") { $0 == .failed(.conflicting(10)) }
        #expect(throws: StoreError.closed) { try store.append([NumberedBytes(12, [])]) }
        #expect(throws: StoreError.conflicting(10)) { try store.close(within: .seconds(60)) }
        let kept = try fixture.recovered().inputs
        #expect(kept.isEmpty || kept == inputs(1...10))
    }

    @Test func otherBytesUnderAnEntry() throws {
        let store = try fixture.create()
        try store.append(inputs(1...10))
        try store.append([], then: checkpoint(5, entries: entries(1...5)))
        try fixture.reports.waitForCheckpoint(5)
        try store.append([], then: checkpoint(6, "other", entries: [NumberedBytes(5, [1]), NumberedBytes(6, [2])]))
        try fixture.reports.wait(for: "failure") { $0 == .failed(.conflicting(5)) }
        #expect(throws: StoreError.conflicting(5)) { try store.close(within: .seconds(60)) }
        #expect(try fixture.recovered().snapshot == Array("snapshot".utf8))
    }

    @Test func numbersThatDoNotFollow() throws {
        let store = try fixture.create()
        #expect(throws: StoreError.outOfOrder(2)) { try store.append(inputs(2...3)) }
        #expect(throws: StoreError.outOfOrder(9)) { try store.append(inputs(1...7) + inputs(9...9)) }
        try store.append(inputs(1...7))
        #expect(throws: StoreError.outOfOrder(8)) { try store.append([], then: checkpoint(8)) }
        #expect(throws: StoreError.outOfOrder(.max)) { try store.append([], then: checkpoint(.max)) }
        #expect(throws: StoreError.outOfOrder(4)) {
            try store.append([], then: checkpoint(7, entries: entries(1...2) + entries(4...4)))
        }
        #expect(throws: StoreError.outOfOrder(0)) { try store.append([], then: checkpoint(7, entries: entries(0...2))) }
        #expect(throws: StoreError.outOfOrder(.max)) {
            try store.append([], then: checkpoint(7, entries: [NumberedBytes(.max, [])]))
        }
        #expect(throws: StoreError.outOfOrder(.max)) { try store.append([], then: checkpoint(7, firstKept: .max)) }
        try store.close(within: .seconds(60))
        #expect(try fixture.recovered().inputs == inputs(1...7))
    }

    @Test(arguments: [checkpoint(4), checkpoint(6, entries: entries(8...9))])
    func checkpointsThatDoNotFollow(_ wrong: StoreCheckpoint) throws {
        let store = try fixture.create()
        try store.append(inputs(1...7))
        try store.append([], then: checkpoint(5, entries: entries(1...5)))
        try fixture.reports.waitForCheckpoint(5)
        try store.append([], then: wrong)
        try fixture.reports.wait(for: "failure") { $0 == .failed(.outOfOrder(wrong.entries.first?.number ?? 4)) }
        #expect(throws: StoreError.self) { try store.close(within: .seconds(60)) }
        #expect(try fixture.recovered().inputs == inputs(6...7))
    }

    @Test func moreThanMayWait() throws {
        let queue = StoreQueue(nextInput: 1)
        let one = [UInt8](repeating: 1, count: StoreLimits.recordByteCount)
        let fitting = UInt64(StoreLimits.waitingByteCount / one.count)
        for number in 1...fitting { try queue.append([NumberedBytes(number, one)]) }
        #expect(queue.waitingByteCount == StoreLimits.waitingByteCount)
        #expect(throws: StoreError.overloaded) { try queue.append([NumberedBytes(fitting + 1, [1])]) }
        var taken = StoreBatch()
        #expect(queue.next(&taken, needsCheckpoint: false, atMost: nil) == .write)
        #expect(throws: StoreError.overloaded) { try queue.append([NumberedBytes(fitting + 1, [1])]) }
        queue.hasWritten()
        try queue.append([NumberedBytes(fitting + 1, [1])])
        #expect(queue.waitingByteCount == 1)
    }
}
