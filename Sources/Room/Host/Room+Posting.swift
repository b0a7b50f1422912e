// What members say, and what they are called.
extension Room {
    // MARK: Nicks

    struct RefusedNick: Error {
        var code: RoomCode
    }

    func acceptableNick(_ text: String, for id: MemberID, isHost: Bool) throws(RefusedNick) -> Nick {
        guard let nick = try? Nick(validating: text, isHost: isHost) else { throw RefusedNick(code: .nickInvalid) }
        let owners = [memberOfNick[nick.skeleton], memberOfIDSkeleton[nick.skeleton]]
        guard owners.allSatisfy({ $0 == nil || $0 == id }) else { throw RefusedNick(code: .nickTaken) }
        guard nick.isOfOneScript else { throw RefusedNick(code: .nickInvalid) }
        return nick
    }

    /// The nick that a joiner gets: the one that it asks for, or where somebody has that one, or one that looks like it, the
    /// next with a number behind it; its id where so many are taken.
    ///
    /// - Parameter isTaken: whether somebody who has no place yet may be meant by it.
    func freeNick(
        _ text: String, for id: MemberID, isHost: Bool, isTaken: (Nick) -> Bool = { _ in false }
    ) throws(RefusedNick) -> Nick {
        let wanted = text.isEmpty ? id.description : text
        guard let base = try? Nick(validating: wanted, isHost: isHost), base.isOfOneScript else {
            // It cannot be had with a number, either.
            return try acceptableNick(wanted, for: id, isHost: isHost)
        }
        for number in 1...RoomLimits.nicksTried {
            let candidate = number == 1 ? base.text : base.numbered(number)
            guard let nick = try? acceptableNick(candidate, for: id, isHost: isHost), !isTaken(nick) else { continue }
            return nick
        }
        return try acceptableNick(id.description, for: id, isHost: isHost)
    }

    mutating func changeNick(of id: MemberID, to text: String, link: LinkID, actions: inout [RoomAction]) {
        do throws(RefusedNick) {
            let nick = try acceptableNick(text, for: id, isHost: members[id]?.isHost == true)
            guard nick != members[id]?.nick else { return }
            if let old = members[id]?.nick {
                memberOfNick[old.skeleton] = nil
            }
            members[id]?.nick = nick
            memberOfNick[nick.skeleton] = id
            actions.append(.broadcast(HostMessage.nickChanged(id, nick.text).encoded, tag: 0))
        } catch {
            actions.append(.send(link, HostMessage.declined(MessageID(0), error.code).encoded))
        }
    }

    // MARK: Messages

    mutating func post(
        _ id: MessageID, epoch: UInt64, content: [UInt8], from sender: MemberID, link: LinkID, now: Duration,
        actions: inout [RoomAction]
    ) {
        if let refusal = refusal(of: id, from: sender, epoch: epoch, content) {
            actions.append(.send(link, HostMessage.declined(id, refusal).encoded))
            return
        }
        guard !isTooSoon(id, from: sender, now: now) else {
            actions.append(.send(link, HostMessage.declined(id, .slow).encoded))
            return
        }
        remember(id)
        let sequence = nextSequence
        nextSequence += 1
        let present = members.count - 1 - awayCount
        receipts.posted(sequence: sequence, sender: sender, id: id, others: present)
        if present == 0 { scheduleReceipts(now: now) }
        let message = HostMessage.posted(sequence: sequence, from: sender, id: id, content: content)
        actions.append(.broadcast(message.encoded, tag: sequence))
    }

    mutating func postPrivately(
        _ id: MessageID, epoch: UInt64, content: [UInt8], from sender: MemberID, to receiver: MemberID, link: LinkID,
        actions: inout [RoomAction]
    ) {
        // Sent again after a broken connection, it may be for somebody who has left meanwhile.
        if let refusal = refusal(of: id, from: sender, epoch: epoch, content) {
            actions.append(.send(link, HostMessage.declined(id, refusal).encoded))
            return
        }
        guard receiver != sender, let target = members[receiver] else {
            actions.append(.send(link, HostMessage.declined(id, .noSuchMember).encoded))
            return
        }
        guard let targetLink = target.link else {
            actions.append(.send(link, HostMessage.declined(id, .away).encoded))
            return
        }
        if log.waitingByteCount(of: receiver) == 0 { members[receiver]?.privateBytes = [:] }
        let held = members[receiver]?.privateBytes[sender] ?? 0
        // Nothing that was accepted is lost, and nobody uses up what others may say.
        guard held + content.count <= RoomLimits.privateByteCountPerSender,
            log.waitingByteCount(of: receiver) + content.count <= RoomLimits.privateByteCount
        else {
            actions.append(.send(link, HostMessage.declined(id, .away).encoded))
            return
        }
        members[receiver]?.privateBytes[sender] = held + content.count
        remember(id)
        let message = HostMessage.privatePosted(from: sender, to: receiver, id: id, content: content).encoded
        // The sender hears that the host has it before it hears that the receiver has.
        actions.append(.send(link, message))
        let number = privateReceipts.posted(id, by: sender)
        actions.append(.sendTracked(targetLink, message, number: number))
    }

    /// Private messages have arrived, as the log says.
    package mutating func receivedPrivately(actions: inout [RoomAction]) {
        for number in log.takeArrived() { receivedPrivately(number, actions: &actions) }
    }

    /// The private message of this number has arrived.
    package mutating func receivedPrivately(_ number: UInt64, actions: inout [RoomAction]) {
        guard let (sender, id) = privateReceipts.received(number), let link = members[sender]?.link else { return }
        actions.append(.send(link, HostMessage.receipts([.init(id: id, count: 1, of: 1)]).encoded))
    }

    /// Why a post cannot be accepted; nil when it can.
    mutating func refusal(
        of id: MessageID, from sender: MemberID, epoch: UInt64, _ content: [UInt8]
    ) -> RoomCode? {
        guard content.count <= RoomLimits.contentByteCount else { return .tooLarge }
        guard !recent.contains(id) else { return .alreadyAccepted }
        return members[sender]?.stale.accepts(id, isCurrent: group.isCurrent(epoch)) == true ? nil : .stale
    }

    mutating func remember(_ id: MessageID) {
        recent.insert(id)
    }

    mutating func scheduleReceipts(now: Duration, after interval: Duration = RoomLimits.receiptInterval) {
        guard receipts.hasChanges else { return }
        receiptsDue = min(receiptsDue ?? now + interval, now + interval)
    }

    mutating func charge(
        _ id: MemberID, messages count: Double, bytes: Int, now: Duration, actions: inout [RoomAction]
    ) {
        guard var member = members[id] else { return }
        let pause = max(
            member.messages.take(count, rate: limits.messagesPerSecond, capacity: limits.messageBurst, now: now),
            member.bytes.take(Double(bytes), rate: limits.bytesPerSecond, capacity: limits.byteBurst, now: now))
        members[id] = member
        if pause > .zero, let link = member.link {
            actions.append(.pauseReading(link, until: now + min(pause, RoomLimits.longestPause)))
        }
    }
}
