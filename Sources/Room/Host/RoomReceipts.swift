internal import Chat
internal import Wire

/// What senders are told of who has received what they have said.
struct RoomReceipts {
    /// Of what was said to all.
    var posts = ReceiptBook()
    var privately = PrivateReceipts()
    /// When senders are told of what has changed.
    private(set) var due: Duration?

    /// Senders are told, if there is anything, so long from now at the latest.
    mutating func schedule(now: Duration, after interval: Duration = RoomLimits.receiptInterval) {
        guard posts.hasChanges || privately.hasHeld else { return }
        due = min(due ?? now + interval, now + interval)
    }

    /// What there is to tell to those who are present.
    mutating func takeDue(
        where isPresent: (MemberID) -> Bool
    ) -> [(sender: MemberID, receipts: [HostMessage.Receipt])] {
        due = nil
        return posts.takeChanges(where: isPresent) + privately.takeHeld(where: isPresent)
    }

    /// A member begins anew, and knows of none of the messages that it has sent.
    mutating func hasForgotten(_ member: MemberID) {
        posts.hasForgotten(member)
        privately.hasForgotten(member)
    }
}

extension RoomReceipts {
    init(reading reader: inout StateReader) throws(WireError) {
        due = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
        posts = try ReceiptBook(reading: &reader)
        privately = try PrivateReceipts(reading: &reader)
    }

    func write(to writer: inout StateWriter) {
        writer.write(optional: due) { writer, time in writer.write(time: time) }
        posts.write(to: &writer)
        privately.write(to: &writer)
    }
}
