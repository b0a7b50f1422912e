internal import Chat
internal import Wire

/// Counts, for each of the latest messages, how many present members have received it.
struct ReceiptBook {
    fileprivate struct Entry {
        /// Nil once it does not know any more what it has said.
        var sender: MemberID?
        var id: MessageID
        var count: UInt16
        var of: UInt16
        /// Members that will not get it any more, of those that should have.
        var missed: UInt16
        /// The epoch in which it was sealed: whoever has come into the group later cannot read it.
        var epoch: UInt64
        /// Whether it is among `changed`.
        var isChanged = false
        /// What the sender was told last.
        var told: HostMessage.Receipt?
    }

    private var entries: [Entry] = []
    /// The sequence number of `entries[0]`.
    private var first: UInt64 = 1
    /// Sequence numbers of the entries that have changed since they were taken.
    private var changed: [UInt64] = []

    var hasChanges: Bool { !changed.isEmpty }

    /// - Parameters:
    ///   - epoch: the one in which it was sealed.
    ///   - others: other members that are present.
    ///   - missed: others that are away and for whom nothing is kept.
    mutating func posted(
        sequence: UInt64, sender: MemberID, id: MessageID, epoch: UInt64 = 0, others: Int, missed: Int = 0
    ) {
        entries.append(
            Entry(
                sender: sender, id: id, count: 0, of: UInt16(clamping: others), missed: UInt16(clamping: missed),
                epoch: epoch))
        if others == 0 || missed > 0 {
            // Nothing will change that, but the sender has to know.
            entries[entries.count - 1].isChanged = true
            changed.append(sequence)
        }
        if entries.count >= 2 * RoomLimits.remembered {
            entries.removeFirst(RoomLimits.remembered)
            first += UInt64(RoomLimits.remembered)
            changed.removeAll { $0 < first }
        }
    }

    /// A member that is in the group since that epoch has received all messages from `after` (exclusive) up to `sequence`.
    mutating func received(by member: MemberID, since epoch: UInt64 = 0, after: UInt64, upTo sequence: UInt64) {
        forEach(since: epoch, after: after, upTo: sequence, notFrom: member) { $0.count += $0.count < .max ? 1 : 0 }
    }

    /// A member has gone, or is away, that had received all messages up to `sequence`; it no longer counts for the later ones.
    mutating func left(_ member: MemberID, since epoch: UInt64 = 0, received sequence: UInt64) {
        forEach(since: epoch, after: sequence, upTo: .max, notFrom: member) { $0.of -= min($0.of, 1) }
    }

    /// A member is back that had received all messages up to `sequence` and gets the later ones now; it counts for them.
    mutating func returned(_ member: MemberID, since epoch: UInt64 = 0, received sequence: UInt64) {
        forEach(since: epoch, after: sequence, upTo: .max, notFrom: member) { $0.of += $0.of < .max ? 1 : 0 }
    }

    /// Of what a member that had received all messages up to `sequence` should have got, nothing is kept for it any more.
    mutating func missed(by member: MemberID, since epoch: UInt64 = 0, after sequence: UInt64) {
        forEach(since: epoch, after: sequence, upTo: .max, notFrom: member) { $0.missed += $0.missed < .max ? 1 : 0 }
    }

    /// A member begins anew, and knows of none of the messages that it has sent.
    mutating func hasForgotten(_ member: MemberID) {
        for index in entries.indices where entries[index].sender == member { entries[index].sender = nil }
    }

    private mutating func forEach(
        since epoch: UInt64, after: UInt64, upTo last: UInt64, notFrom member: MemberID,
        _ change: (inout Entry) -> Void
    ) {
        let start = Int(clamping: max(after + 1, first) - first)
        let end = last < first ? 0 : min(entries.count, Int(clamping: last - first).advanced(by: last == .max ? 0 : 1))
        guard start < end else { return }
        for index in start..<end where entries[index].sender != member && entries[index].epoch >= epoch {
            change(&entries[index])
            guard !entries[index].isChanged else { continue }
            entries[index].isChanged = true
            changed.append(first + UInt64(index))
        }
    }

    /// The receipts that have changed since the last call, by sender, in the order of what each said first of it; what is for
    /// senders that are not present is kept.
    mutating func takeChanges(
        where isPresent: (MemberID) -> Bool
    ) -> [(sender: MemberID, receipts: [HostMessage.Receipt])] {
        var places: [MemberID: Int] = [:]
        var result: [(sender: MemberID, receipts: [HostMessage.Receipt])] = []
        var kept: [UInt64] = []
        for sequence in changed.sorted() {
            let index = Int(sequence - first)
            let entry = entries[index]
            guard let sender = entry.sender else {
                entries[index].isChanged = false
                continue
            }
            guard isPresent(sender) else {
                kept.append(sequence)
                continue
            }
            entries[index].isChanged = false
            // Where a room has grown past what is counted and has shrunk again, somebody may have come back uncounted.
            let receipt = HostMessage.Receipt(
                id: entry.id, count: min(entry.count, entry.of), of: entry.of, missed: entry.missed)
            // Else somebody was away for a moment.
            guard receipt != entry.told else { continue }
            entries[index].told = receipt
            if let place = places[sender] {
                result[place].receipts.append(receipt)
            } else {
                places[sender] = result.count
                result.append((sender, [receipt]))
            }
        }
        changed = kept
        return result
    }
}

extension ReceiptBook {
    /// More numbers than a room can give.
    private static let highest = UInt64.max / 4

    init(reading reader: inout StateReader) throws(WireError) {
        first = try reader.readUInt64()
        entries = try reader.readList(atMost: 2 * RoomLimits.remembered) { reader throws(WireError) in
            try Entry(reading: &reader)
        }
        changed = try reader.readList(atMost: 2 * RoomLimits.remembered) { reader throws(WireError) in
            try reader.readUInt64()
        }
        guard first > 0, first < Self.highest else { throw .invalidValue }
        for sequence in changed {
            guard sequence >= first, sequence < first + UInt64(entries.count) else { throw .invalidValue }
            let index = Int(sequence - first)
            guard !entries[index].isChanged else { throw .invalidValue }
            entries[index].isChanged = true
        }
    }

    func write(to writer: inout StateWriter) {
        writer.write(first)
        writer.write(list: entries) { writer, entry in entry.write(to: &writer) }
        writer.write(list: changed) { writer, sequence in writer.write(sequence) }
    }

    /// The number of the message that would be posted next.
    var nextSequence: UInt64 { first + UInt64(entries.count) }
}

extension ReceiptBook.Entry {
    fileprivate init(reading reader: inout StateReader) throws(WireError) {
        sender = try reader.readOptional { reader throws(WireError) in try reader.readMemberID() }
        id = try reader.readMessageID()
        count = try reader.readUInt16()
        of = try reader.readUInt16()
        missed = try reader.readUInt16()
        epoch = try reader.readUInt64()
        told = try reader.readOptional { [id] reader throws(WireError) in
            HostMessage.Receipt(
                id: id, count: try reader.readUInt16(), of: try reader.readUInt16(), missed: try reader.readUInt16())
        }
    }

    fileprivate func write(to writer: inout StateWriter) {
        writer.write(optional: sender) { writer, sender in writer.write(sender) }
        writer.write(id)
        writer.write(count)
        writer.write(of)
        writer.write(missed)
        writer.write(epoch)
        writer.write(optional: told) { writer, receipt in
            writer.write(receipt.count)
            writer.write(receipt.of)
            writer.write(receipt.missed)
        }
    }
}
