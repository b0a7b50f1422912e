import Chat
import TestSupport
import Testing
import Wire

@testable import Room

@Suite struct ReceiptTests {
    private static let poster = LinkID(slot: 1)
    private static let reader = LinkID(slot: 2)

    /// A member that comes back acknowledges all that was said meanwhile at once.
    @Test(arguments: [1, RoomLimits.remembered, RoomLimits.remembered + 1, 2 * RoomLimits.remembered - 1])
    func receiptsForManyMessagesComeInListsThatFitAMessage(count: Int) throws {
        var limits = RoomLimits()
        limits.messageBurst = 100_000
        var room = Room(limits: limits, closesAt: nil, book: PlainBook.self)
        var actions: [RoomAction] = []
        for link in [Self.poster, Self.reader] {
            let join = MemberRequest.join(
                nick: "", member: MemberID(entropy: UInt32(link.slot)), keyPackage: [1]
            ).encoded
            try room.received(
                type: join.type, body: join.body, from: link, key: [UInt8(link.slot)], now: .zero, actions: &actions)
        }
        let (poster, reader) = (MemberID(entropy: 1), MemberID(entropy: 2))
        var commit = GroupCommit(
            epoch: 0, commit: PlainGroup.commit(epoch: 0, by: poster, adding: [reader]), welcome: [1])
        commit.groupInfo = PlainGroup.info(epoch: 1, [poster, reader], [poster])
        for request in [
            MemberRequest.found(groupInfo: PlainGroup.info(epoch: 0, [poster], [poster])).encoded,
            MemberRequest.commit(commit).encoded,
        ] {
            try room.received(
                type: request.type, body: request.body, from: Self.poster, key: [1], now: .zero, actions: &actions)
        }
        for number in 1...count {
            let post = MemberRequest.post(id: MessageID(UInt64(number)), epoch: 1, content: [0]).encoded
            try room.received(
                type: post.type, body: post.body, from: Self.poster, key: [1], now: .zero, actions: &actions)
        }
        room.acknowledged(sequence: UInt64(count), by: Self.reader, now: .zero)
        actions = []
        room.timePassed(now: RoomLimits.receiptInterval, actions: &actions)
        var received: [HostMessage.Receipt] = []
        for case .send(Self.poster, let message) in actions {
            guard case .receipts(let list) = try HostMessage(type: message.type, body: message.body) else { continue }
            #expect(message.body.count <= 65_536)
            received += list
        }
        #expect(received.map(\.id.value) == (1...UInt64(count)).map { $0 })
        #expect(received.allSatisfy { $0.count == 1 && $0.of == 1 })
    }
}
