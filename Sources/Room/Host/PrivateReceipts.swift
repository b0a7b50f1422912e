/// Private messages whose receivers have not acknowledged them yet, by a number for each.
struct PrivateReceipts {
    /// As many as receipts of the room's messages are kept; of older ones nothing is told.
    static let limit = RoomLimits.remembered

    private var waiting: [UInt64: (sender: MemberID, id: MessageID)] = [:]
    private var last: UInt64 = 0
    /// What was to be told to senders that were away; no more in all than ``limit``.
    private var held: [MemberID: [HostMessage.Receipt]] = [:]
    private var heldCount = 0

    var hasHeld: Bool { heldCount > 0 }

    /// Returns the message's number, from 1 on.
    mutating func posted(_ id: MessageID, by sender: MemberID) -> UInt64 {
        last += 1
        waiting[last] = (sender, id)
        if last > UInt64(Self.limit) { waiting[last - UInt64(Self.limit)] = nil }
        return last
    }

    /// The receiver has it, or will not get it any more. Returns whom to tell, and of what; nil when that is known already, or forgotten.
    mutating func settled(_ number: UInt64) -> (sender: MemberID, id: MessageID)? {
        waiting.removeValue(forKey: number)
    }

    /// Its sender is told when it is back.
    mutating func hold(_ receipt: HostMessage.Receipt, for sender: MemberID) {
        guard heldCount < Self.limit else { return }
        held[sender, default: []].append(receipt)
        heldCount += 1
    }

    /// What was held for senders that are not away any more, in the order of their ids.
    mutating func takeHeld(where isPresent: (MemberID) -> Bool) -> [(sender: MemberID, list: [HostMessage.Receipt])] {
        let senders = held.keys.filter(isPresent).sorted { $0.packed < $1.packed }
        return senders.map { sender in
            let list = held.removeValue(forKey: sender) ?? []
            heldCount -= list.count
            return (sender, list)
        }
    }
}
