import Chat
import Testing

@testable import Room

@Suite struct PrivateReceiptsTests {
    @Test("Each is told once; of more than are kept the oldest are forgotten")
    func limit() {
        var receipts = PrivateReceipts()
        let sender = MemberID(entropy: 1)
        for number in 1...UInt64(PrivateReceipts.limit) + 1 {
            let given = receipts.posted(MessageID(number), by: sender)
            #expect(given == number)
        }
        let first = receipts.settled(1)
        let second = receipts.settled(2)
        let again = receipts.settled(2)
        let last = receipts.settled(UInt64(PrivateReceipts.limit) + 1)
        #expect(first == nil && second?.id == MessageID(2) && again == nil)
        #expect(last?.id == MessageID(UInt64(PrivateReceipts.limit) + 1) && last?.sender == sender)
    }

    @Test("Restored from a log in which numbers are left out, the same are forgotten; numbers only grow")
    func restored() {
        var receipts = PrivateReceipts()
        let sender = MemberID(entropy: 1)
        let end = UInt64(PrivateReceipts.limit) + 3
        for number in [1, 4, 5, end] {
            let isTaken = receipts.restore(MessageID(number), by: sender, as: number)
            #expect(isTaken)
        }
        let (first, fourth) = (receipts.settled(1), receipts.settled(4))
        #expect(first == nil && fourth?.id == MessageID(4))
        for number in [0, 5, end, .max / 2, .max] {
            let isTaken = receipts.restore(MessageID(number), by: sender, as: number)
            #expect(!isTaken)
        }
        let next = receipts.posted(MessageID(1), by: sender)
        #expect(next == end + 1)
    }

    @Test("Of members without a place the latest are remembered that did not get something, so many and no more")
    func unreached() throws {
        var receipts = PrivateReceipts()
        for number in 0...1_024 { receipts.didNotReach(MemberID(entropy: UInt32(number)), 1) }
        receipts.didNotReach(MemberID(entropy: 7), 2)
        var writer = StateWriter(now: .zero)
        receipts.write(to: &writer)
        var reader = StateReader(writer.bytes, now: .zero)
        var again = try PrivateReceipts(reading: &reader)
        let counts = [0, 1, 7, 1_024, 7].map { again.takeUnreached(MemberID(entropy: UInt32($0))) }
        #expect(counts == [0, 1, 3, 1, 0])
    }
}
