internal import Wire

/// Private messages whose receivers have not acknowledged them yet, by a number for each.
struct PrivateReceipts {
    /// As many as receipts of the room's messages are kept; of older ones nothing is told.
    static let limit = RoomLimits.remembered

    private var waiting: [UInt64: (sender: MemberID, id: MessageID)] = [:]
    private var last: UInt64 = 0

    /// Returns the message's number, from 1 on.
    mutating func posted(_ id: MessageID, by sender: MemberID) -> UInt64 {
        last += 1
        waiting[last] = (sender, id)
        if last > UInt64(Self.limit) { waiting[last - UInt64(Self.limit)] = nil }
        return last
    }

    /// The receiver has it. Returns whom to tell, and of what; nil when that is known already, or forgotten.
    mutating func received(_ number: UInt64) -> (sender: MemberID, id: MessageID)? {
        waiting.removeValue(forKey: number)
    }
}

extension PrivateReceipts {
    init(reading reader: inout StateReader) throws(WireError) {
        last = try reader.readUInt64()
        let list = try reader.readList(atMost: Self.limit) { reader throws(WireError) in
            (try reader.readUInt64(), try reader.readMemberID(), try reader.readMessageID())
        }
        for (number, sender, id) in list { waiting[number] = (sender, id) }
        guard last < .max / 2, waiting.keys.allSatisfy({ [last] in $0 <= last }) else { throw .invalidValue }
    }

    func write(to writer: inout StateWriter) {
        writer.write(last)
        writer.write(list: waiting.sorted { $0.key < $1.key }) { writer, entry in
            writer.write(entry.key)
            writer.write(entry.value.sender)
            writer.write(entry.value.id)
        }
    }
}
