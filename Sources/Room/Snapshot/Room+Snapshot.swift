internal import Chat
package import Wire

// A room as bytes: all that it is at one moment, but for the entries of its log, which stand beside it. What it is made with
// (limits, the kind of its book) is not in it.
extension Room {
    /// Of the snapshot, and of what a room does with its inputs: another one for each change of either.
    package static let version: UInt8 = 9

    /// The room at `now`. Equal rooms have equal snapshots.
    package func snapshot(now: Duration) -> [UInt8] {
        var writer = StateWriter(now: now)
        writer.write(Self.version)
        writer.write(limits.isRelay)
        writer.write(isClosed)
        writer.write(time: began)
        writer.write(optional: closesAt) { writer, time in writer.write(time: time) }
        settings.write(to: &writer)
        writer.write(list: bannedKeys) { writer, key in writer.write(key) }
        writer.write(members.nextOrder)
        writer.write(list: members.inOrder) { writer, member in member.write(to: &writer) }
        writer.write(list: waiting) { writer, joiner in joiner.write(to: &writer) }
        writer.write(members.newestSince)
        writer.write(optional: members.absenceDue) { writer, time in writer.write(time: time) }
        receipts.write(to: &writer)
        writer.write(list: recent.inOrder) { writer, id in writer.write(id) }
        group.write(to: &writer)
        log.write(to: &writer)
        writer.write(log.end)
        return writer.bytes
    }

    /// The room of a snapshot, at a time that this clock calls `now`. ``restore(entry:)`` brings the log's entries.
    package init(
        snapshot bytes: [UInt8], limits: RoomLimits, book: any GroupBook.Type, now: Duration
    ) throws(SnapshotError) {
        guard bytes.first == Self.version else {
            throw bytes.first.map { .otherVersion($0) } ?? .damaged
        }
        self.init(limits: limits, closesAt: nil, book: book)
        var isOfRelay = limits.isRelay
        do throws(WireError) {
            var reader = StateReader(bytes, now: now)
            _ = try reader.readUInt8()
            isOfRelay = try reader.readBool()
            guard isOfRelay == limits.isRelay else { throw .invalidValue }
            try read(from: &reader)
        } catch {
            throw isOfRelay == limits.isRelay ? .damaged : .otherKind
        }
    }

    private mutating func read(from reader: inout StateReader) throws(WireError) {
        isClosed = try reader.readBool()
        began = try reader.readTime()
        closesAt = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
        settings = try RoomSettings(reading: &reader)
        bannedKeys = try reader.readList(atMost: RoomLimits.bannedKeys) { reader throws(WireError) in
            try reader.readBytes()
        }
        let nextOrder = try reader.readUInt64()
        let members = try reader.readList(atMost: RoomLimits.membersBelieved) { reader throws(WireError) in
            try Member(reading: &reader)
        }
        waiting = try reader.readList(atMost: ChatLimits.waiting) { reader throws(WireError) in
            try Waiting(reading: &reader)
        }
        self.members = Roster(
            nextOrder: nextOrder, newestSince: try reader.readUInt64(),
            absenceDue: try reader.readOptional { reader throws(WireError) in try reader.readTime() })
        receipts = try RoomReceipts(reading: &reader)
        let recent = try reader.readList(atMost: RoomLimits.remembered) { reader throws(WireError) in
            try reader.readMessageID()
        }
        for id in recent { self.recent.insert(id) }
        group = try GroupQueue(reading: &reader, book: bookType, isAtRelay: limits.isRelay)
        log = try RoomLog(reading: &reader, byteLimit: limits.logByteCount)
        snapshotLogEnd = try reader.readUInt64()
        try reader.finish()
        for member in members { try take(member) }
        for joiner in group.joiners where !joiner.isReturning {
            guard names.take(joiner.nick, by: joiner.id) else { throw .invalidValue }
        }
        guard nextOrder <= .max / 2, snapshotLogEnd >= log.start, snapshotLogEnd <= .max / 2,
            group.joiners.allSatisfy({ !$0.isReturning || self.members[$0.id] != nil })
        else { throw .invalidValue }
    }

    private mutating func take(_ member: Member) throws(WireError) {
        guard members.restore(member), names.take(member.nick, by: member.id), member.order < members.nextOrder,
            member.receivedSequence < nextSequence, member.since <= group.epoch,
            member.epoch <= group.epoch, member.followed <= group.epoch
        else { throw .invalidValue }
    }

    /// Brings the log's next entry, as ``RoomLog/encodedEntries(from:)`` has written it: those that were there at the snapshot,
    /// then those that were said since, posts and their like, which change the room in no other way.
    package mutating func restore(entry bytes: [UInt8]) throws(SnapshotError) {
        let entry = try RoomLog.Entry(encoded: bytes)
        if log.end >= snapshotLogEnd { try note(entry) }
        log.restore(entry)
    }

    /// The host's own participant had received all up to this number of the room's order before the process ended.
    package mutating func hostHadReceived(upTo sequence: UInt64) {
        guard let host = members.values.first(where: { $0.isHost }), sequence > host.receivedSequence,
            sequence < nextSequence
        else { return }
        members[host.id]?.receivedSequence = sequence
        guard members.count <= ChatLimits.receiptMembers else { return }
        receipts.posts.received(by: host.id, since: host.since, after: host.receivedSequence, upTo: sequence)
    }

    /// Whether all entries that were there at the snapshot have been restored.
    package var isWhole: Bool { log.end >= snapshotLogEnd }

    /// Whether ``restore(entry:)`` changes the room as this message says: no snapshot is needed for it.
    package static func isRestored(_ message: EncodedMessage) -> Bool { restoredTypes.contains(message.type) }

    private static let restoredTypes: Set<UInt8> = [
        RoomMessageType.nickChanged, RoomMessageType.topicChanged, RoomMessageType.lockChanged,
        RoomMessageType.slowMode,
    ]

    /// The room was changed, or a post was accepted, as stands in the log.
    private mutating func note(_ entry: RoomLog.Entry) throws(SnapshotError) {
        if entry.message.type == RoomMessageType.moderated {
            guard case .moderated(let id)? = try? HostMessage(type: entry.message.type, body: entry.message.body) else {
                throw .damaged
            }
            recent.insert(id)
            return
        }
        let isChange = entry.audience == .all && Self.isRestored(entry.message)
        guard isChange || entry.sequence > 0 || entry.tracking != nil else { return }
        guard let message = try? HostMessage(type: entry.message.type, body: entry.message.body) else {
            throw .damaged
        }
        switch message {
        case .passed(let sequence, _):
            // The same post, for those who cannot read it.
            guard sequence == entry.sequence, sequence == nextSequence - 1 else { throw .damaged }
        case .posted(let sequence, let sender, let id, let age, _):
            guard sequence == nextSequence, sequence == entry.sequence else { throw .damaged }
            recent.insert(id)
            if members[sender]?.isHost == false { members[sender]?.postedAt = began + .seconds(Int64(age)) }
            let epoch = if case .upTo(let last) = entry.audience { last } else { group.epoch }
            _ = beginReceipts(sequence: sequence, sender: sender, id: id, epoch: epoch)
        case .privatePosted(let sender, let receiver, let id, _, _):
            recent.insert(id)
            guard let number = entry.tracking, receipts.privately.restore(id, by: sender, as: number) else {
                throw .damaged
            }
            count(RoomLog.cost(of: entry.message), saidTo: receiver, by: sender)
        case .nickChanged(let id, let text):
            guard let member = members[id], let nick = try? Nick(validating: text, isHost: member.isHost) else {
                throw .damaged
            }
            rename(id, to: nick)
        case .topicChanged(let text): settings.topic = text
        case .lockChanged(let isLocked): settings.isLocked = isLocked
        case .slowMode(let seconds): slow(to: Int64(seconds))
        default: throw .damaged
        }
    }

    /// The process was started anew, and nobody is connected: whoever waited has to come again, and each member that has a place
    /// in the log is away, behind the link that it gets from `link`, with its key. The host's own participant comes back by joining.
    package mutating func restarted(now: Duration, link: (RoomLog.Reader, [UInt8]) -> LinkID) {
        for joiner in group.joiners { forget(joiner) }
        waiting = []
        group.restarted()
        log.closePlaces { [members] id in members[id]?.isHost == false }
        let former = members.inOrder
        members.restarted()
        for member in former {
            let id = member.id
            beginAbsence(of: id, now: now)
            if member.isHost { receipts.hasForgotten(id) }
            let place = log.reader(of: id)
            // It does not get what was said before its next stay. For one that had no place before, that is counted already.
            if member.link != nil, place == nil, members.count <= ChatLimits.receiptMembers {
                receipts.posts.missed(by: id, since: member.since, after: member.receivedSequence)
            }
            if var absence = members[id]?.absence {
                absence.end = now + limits.absence
                members.setAbsence(of: id, absence)
            }
            members[id]?.epoch = group.epoch
            members[id]?.heldID = nil
            members.move(id, to: place.map { link($0, member.key) })
        }
    }
}

extension Room.Member {
    fileprivate init(reading reader: inout StateReader) throws(WireError) {
        let id = try reader.readMemberID()
        let key = try reader.readBytes()
        let isHost = try reader.readBool()
        let order = try reader.readUInt64()
        let nick = try reader.readNick(isHost: isHost)
        let (since, epoch, followed) = (try reader.readUInt64(), try reader.readUInt64(), try reader.readUInt64())
        var rare = Rare.Values()
        rare.postedAt = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
        rare.heldID = try reader.readOptional { reader throws(WireError) in try reader.readMessageID() }
        let lastUpdate = try reader.readOptional { reader throws(WireError) in try reader.readTime() }
        let privateBytes = try reader.readList(atMost: RoomLimits.membersBelieved) { reader throws(WireError) in
            (try reader.readMemberID(), try reader.readCount(atMost: RoomLimits.privateByteCount))
        }
        rare.privateBytes = Dictionary(privateBytes, uniquingKeysWith: { $1 })
        rare.missedPrivately = try reader.readUInt32()
        let link = try reader.readOptional { reader throws(WireError) in try reader.readLinkID() }
        rare.absence = try reader.readOptional { reader throws(WireError) in
            Room.Absence(since: try reader.readTime(), end: try reader.readTime(), isTold: try reader.readBool())
        }
        self.init(
            id: id, key: key, order: order, nick: nick, since: since, epoch: epoch, followed: followed,
            lastUpdate: lastUpdate, link: link, isHost: isHost, receivedSequence: try reader.readUInt64(),
            messages: try TokenBucket(reading: &reader), bytes: try TokenBucket(reading: &reader), rare: Rare(rare))
    }

    fileprivate func write(to writer: inout StateWriter) {
        writer.write(id)
        writer.write(key)
        writer.write(isHost)
        writer.write(order)
        writer.write(nick.text)
        writer.write(since)
        writer.write(epoch)
        writer.write(followed)
        writer.write(optional: postedAt) { writer, time in writer.write(time: time) }
        writer.write(optional: heldID) { writer, id in writer.write(id) }
        writer.write(optional: lastUpdate) { writer, time in writer.write(time: time) }
        writer.write(list: privateBytes.sorted { $0.key.wireValue < $1.key.wireValue }) { writer, entry in
            writer.write(entry.key)
            writer.write(entry.value)
        }
        writer.write(missedPrivately)
        writer.write(optional: link) { writer, link in writer.write(link) }
        writer.write(optional: absence) { writer, absence in
            writer.write(time: absence.since)
            writer.write(time: absence.end)
            writer.write(absence.isTold)
        }
        writer.write(receivedSequence)
        messages.write(to: &writer)
        bytes.write(to: &writer)
    }
}

extension Room.Waiting {
    fileprivate init(reading reader: inout StateReader) throws(WireError) {
        self.init(
            id: try reader.readMemberID(), key: try reader.readBytes(), link: try reader.readLinkID(),
            nick: try reader.readNick(isHost: false),
            keyPackage: try reader.readBytes(atMost: RoomLimits.keyPackageByteCount),
            way: try reader.readInt())
    }

    fileprivate func write(to writer: inout StateWriter) {
        writer.write(id)
        writer.write(key)
        writer.write(link)
        writer.write(nick.text)
        writer.write(keyPackage)
        writer.write(way)
    }
}
