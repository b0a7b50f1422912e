internal import Chat
internal import Wire

/// Private messages whose receivers have not acknowledged them yet, by a number for each.
struct PrivateReceipts {
    /// As many as receipts of the room's messages are kept; of older ones nothing is told.
    static let limit = RoomLimits.remembered

    private var waiting: [UInt64: (sender: MemberID, id: MessageID)] = [:]
    private var last: UInt64 = 0
    /// What was to be told to senders that were away; no more in all than ``limit``.
    private var held: [MemberID: [HostMessage.Receipt]] = [:]
    private var heldCount = 0
    /// How many did not reach members that have no place any more: they hear of it when they come again. The latest of these members.
    private var unreached: [(member: MemberID, count: UInt32)] = []
    private static let unreachedLimit = 1_024

    var hasHeld: Bool { heldCount > 0 }

    /// Returns the message's number, from 1 on.
    mutating func posted(_ id: MessageID, by sender: MemberID) -> UInt64 {
        last += 1
        waiting[last] = (sender, id)
        if last > UInt64(Self.limit) { waiting[last - UInt64(Self.limit)] = nil }
        return last
    }

    /// A message stands in a log under that number. Returns false when the one before it had no lower number.
    mutating func restore(_ id: MessageID, by sender: MemberID, as number: UInt64) -> Bool {
        guard number > last, number < .max / 2 else { return false }
        if number > last + 1 {
            waiting = waiting.filter { $0.key + UInt64(Self.limit) >= number }
            last = number - 1
        }
        return posted(id, by: sender) == number
    }

    /// The receiver has it, or will not get it any more. Returns whom to tell, and of what; nil when that is known already, or forgotten.
    mutating func settled(_ number: UInt64) -> (sender: MemberID, id: MessageID)? {
        waiting.removeValue(forKey: number)
    }

    /// So many did not reach a member that has no place any more.
    mutating func didNotReach(_ member: MemberID, _ count: UInt32) {
        guard count > 0 else { return }
        let before = takeUnreached(member)
        if unreached.count >= Self.unreachedLimit { unreached.removeFirst() }
        unreached.append((member, before + min(count, .max - before)))
    }

    /// How many did not reach this one, before it came in anew.
    mutating func takeUnreached(_ member: MemberID) -> UInt32 {
        guard let index = unreached.firstIndex(where: { $0.member == member }) else { return 0 }
        return unreached.remove(at: index).count
    }

    /// A member begins anew, and knows of none of the messages that it has sent.
    mutating func hasForgotten(_ member: MemberID) {
        waiting = waiting.filter { $0.value.sender != member }
        heldCount -= held.removeValue(forKey: member)?.count ?? 0
    }

    /// Its sender is told when it is back.
    mutating func hold(_ receipt: HostMessage.Receipt, for sender: MemberID) {
        guard heldCount < Self.limit else { return }
        held[sender, default: []].append(receipt)
        heldCount += 1
    }

    /// What was held for senders that are not away any more, in the order of their ids.
    mutating func takeHeld(where isPresent: (MemberID) -> Bool) -> [(sender: MemberID, receipts: [HostMessage.Receipt])]
    {
        let senders = held.keys.filter(isPresent).sorted { $0.packed < $1.packed }
        return senders.map { sender in
            let list = held.removeValue(forKey: sender) ?? []
            heldCount -= list.count
            return (sender, list)
        }
    }
}

extension PrivateReceipts {
    init(reading reader: inout StateReader) throws(WireError) {
        last = try reader.readUInt64()
        let list = try reader.readList(atMost: Self.limit) { reader throws(WireError) in
            (try reader.readUInt64(), try reader.readMemberID(), try reader.readMessageID())
        }
        for (number, sender, id) in list { waiting[number] = (sender, id) }
        let receipts = try reader.readList(atMost: Self.limit) { reader throws(WireError) in
            (
                try reader.readMemberID(),
                HostMessage.Receipt(
                    id: try reader.readMessageID(), count: try reader.readUInt16(), of: try reader.readUInt16(),
                    missed: try reader.readUInt16())
            )
        }
        for (sender, receipt) in receipts { hold(receipt, for: sender) }
        unreached = try reader.readList(atMost: Self.unreachedLimit) { reader throws(WireError) in
            (try reader.readMemberID(), try reader.readUInt32())
        }
        guard last < .max / 2, waiting.keys.allSatisfy({ [last] in $0 <= last }) else { throw .invalidValue }
    }

    func write(to writer: inout StateWriter) {
        writer.write(last)
        writer.write(list: waiting.sorted { $0.key < $1.key }) { writer, entry in
            writer.write(entry.key)
            writer.write(entry.value.sender)
            writer.write(entry.value.id)
        }
        let senders = held.sorted { $0.key.wireValue < $1.key.wireValue }
        writer.write(list: senders.flatMap { sender in sender.value.map { (sender.key, $0) } }) { writer, entry in
            writer.write(entry.0)
            writer.write(entry.1.id)
            writer.write(entry.1.count)
            writer.write(entry.1.of)
            writer.write(entry.1.missed)
        }
        writer.write(list: unreached) { writer, entry in
            writer.write(entry.member)
            writer.write(entry.count)
        }
    }
}
