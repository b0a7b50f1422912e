import Chat
import Testing

@testable import Room

@Suite struct ReceiptBookTests {
    private let alice = MemberID(entropy: 1)
    private let bob = MemberID(entropy: 2)
    private let carol = MemberID(entropy: 3)

    private func book(of count: Int, from sender: MemberID, others: Int = 2) -> ReceiptBook {
        var book = ReceiptBook()
        for sequence in 1...UInt64(count) {
            book.posted(sequence: sequence, sender: sender, id: MessageID(sequence), others: others)
        }
        return book
    }

    @Test("Each receiver counts once, the sender not at all, and only changes are told")
    func counting() {
        var book = book(of: 2, from: alice)
        #expect(!book.hasChanges)
        book.received(by: alice, after: 0, upTo: 2)
        #expect(!book.hasChanges)
        book.received(by: bob, after: 0, upTo: 1)
        #expect(book.changes() == [alice: [.init(id: MessageID(1), count: 1, of: 2)]])
        #expect(!book.hasChanges)
        book.received(by: bob, after: 1, upTo: 2)
        book.received(by: carol, after: 0, upTo: 2)
        #expect(
            book.changes() == [
                alice: [.init(id: MessageID(1), count: 2, of: 2), .init(id: MessageID(2), count: 2, of: 2)]
            ])
    }

    @Test("Who came into the group after it was sealed does not count for it")
    func newcomers() {
        var book = ReceiptBook()
        book.posted(sequence: 1, sender: alice, id: MessageID(1), epoch: 3, others: 1)
        book.posted(sequence: 2, sender: alice, id: MessageID(2), epoch: 4, others: 2)
        book.received(by: carol, since: 4, after: 0, upTo: 2)
        #expect(book.changes() == [alice: [.init(id: MessageID(2), count: 1, of: 2)]])
        book.received(by: bob, since: 3, after: 0, upTo: 2)
        book.left(carol, since: 4, received: 0)
        book.returned(carol, since: 4, received: 0)
        #expect(
            book.changes() == [
                alice: [.init(id: MessageID(1), count: 1, of: 1), .init(id: MessageID(2), count: 2, of: 2)]
            ])
    }

    @Test("Who is away for a moment changes nothing that is worth telling")
    func shortAbsence() {
        var book = book(of: 2, from: alice)
        book.received(by: bob, after: 0, upTo: 2)
        #expect(book.changes()[alice]?.count == 2)
        book.left(carol, received: 0)
        book.returned(carol, received: 0)
        #expect(book.changes().isEmpty)
        book.left(carol, received: 0)
        #expect(book.changes()[alice]?.map(\.of) == [1, 1])
        book.returned(carol, received: 0)
        #expect(book.changes()[alice]?.map(\.of) == [2, 2])
    }

    @Test("Who has left is not waited for, and what it had received stays counted")
    func leaving() {
        var book = book(of: 2, from: alice)
        book.received(by: bob, after: 0, upTo: 1)
        book.left(bob, received: 1)
        #expect(
            book.changes() == [
                alice: [.init(id: MessageID(1), count: 1, of: 2), .init(id: MessageID(2), count: 0, of: 1)]
            ])
    }

    @Test("Old messages are forgotten, and the counts of the others stay at their messages")
    func forgetting() {
        let total = 2 * RoomLimits.remembered
        var whole = book(of: total - 1, from: alice)
        whole.received(by: bob, after: 0, upTo: UInt64(total - 1))
        #expect(whole.changes()[alice]?.count == total - 1)

        var cut = book(of: total, from: alice)
        cut.received(by: bob, after: 0, upTo: UInt64(total))
        let changes = cut.changes()[alice] ?? []
        #expect(changes.count == RoomLimits.remembered)
        #expect(changes.first?.id == MessageID(UInt64(RoomLimits.remembered) + 1))
        #expect(changes.last?.id == MessageID(UInt64(total)))
        #expect(changes.allSatisfy { $0.count == 1 })

        var changed = book(of: total - 1, from: alice)
        changed.received(by: bob, after: 0, upTo: 1)
        changed.posted(sequence: UInt64(total), sender: alice, id: MessageID(UInt64(total)), others: 2)
        #expect(changed.changes().isEmpty)
    }

    @Test("What is for a sender that is away is kept, and the others get theirs")
    func awaySender() {
        var book = book(of: 1, from: alice)
        book.posted(sequence: 2, sender: bob, id: MessageID(2), others: 2)
        book.received(by: carol, after: 0, upTo: 2)
        #expect(book.changes { $0 == bob } == [bob: [.init(id: MessageID(2), count: 1, of: 2)]])
        #expect(book.hasChanges)
        book.received(by: bob, after: 0, upTo: 1)
        #expect(book.changes() == [alice: [.init(id: MessageID(1), count: 2, of: 2)]])
        #expect(!book.hasChanges)
    }
}

extension ReceiptBook {
    fileprivate mutating func changes(
        where isPresent: (MemberID) -> Bool = { _ in true }
    ) -> [MemberID: [HostMessage.Receipt]] {
        Dictionary(uniqueKeysWithValues: takeChanges(where: isPresent).map { ($0.sender, $0.receipts) })
    }

    @Test("No receipt has more who have received than who are to")
    func bounded() {
        var book = ReceiptBook()
        let (sender, id) = (MemberID(entropy: 1), MessageID(1))
        book.posted(sequence: 1, sender: sender, id: id, others: 1)
        book.received(by: MemberID(entropy: 2), after: 0, upTo: 1)
        book.received(by: MemberID(entropy: 3), after: 0, upTo: 1)
        let changes = book.takeChanges { _ in true }
        #expect(changes.map(\.receipts) == [[HostMessage.Receipt(id: id, count: 1, of: 1, missed: 0)]])
    }
}
