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
}
