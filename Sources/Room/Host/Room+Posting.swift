package import Chat

// What members say, and what they are called.
extension Room {
    // MARK: Nicks

    mutating func changeNick(of id: MemberID, to text: String, link: LinkID, actions: inout [RoomAction]) {
        do throws(RefusedNick) {
            let nick = try names.acceptable(text, for: id, isHost: members[id]?.isHost == true)
            guard nick != members[id]?.nick else { return }
            rename(id, to: nick)
            actions.append(.broadcast(HostMessage.nickChanged(id, nick.text).encoded, tag: 0))
        } catch {
            actions.append(.send(link, HostMessage.declined(MessageID(0), error.code).encoded))
        }
    }

    mutating func rename(_ id: MemberID, to nick: Nick) {
        guard let old = members[id]?.nick else { return }
        names.rename(id, from: old, to: nick)
        members[id]?.nick = nick
    }

    // MARK: Messages

    mutating func post(
        _ id: MessageID, epoch: UInt64, content: [UInt8], from sender: MemberID, link: LinkID, now: Duration,
        actions: inout [RoomAction]
    ) {
        if let refusal = refusal(of: id, content) {
            actions.append(.send(link, HostMessage.declined(id, refusal).encoded))
            return
        }
        guard !isTooSoon(id, from: sender, now: now) else {
            actions.append(.send(link, HostMessage.declined(id, .slow).encoded))
            return
        }
        recent.insert(id)
        let sequence = nextSequence
        // Whoever has come into the group since cannot read it, and learns its number.
        let hasNewcomers = epoch < members.newestSince && members.values.contains { $0.since > epoch }
        // Where there are none, it is the same as one of this epoch.
        if beginReceipts(sequence: sequence, sender: sender, id: id, epoch: hasNewcomers ? epoch : group.epoch) {
            receipts.schedule(now: now)
        }
        let message = HostMessage.posted(
            sequence: sequence, from: sender, id: id, age: age(at: now), content: content
        ).encoded
        guard hasNewcomers else { return actions.append(.broadcast(message, tag: sequence)) }
        actions.append(.broadcast(message, tag: sequence, to: .upTo(epoch: epoch)))
        let digest = MessageChain.digest(from: sender, id: id, sealed: content)
        actions.append(
            .broadcast(
                HostMessage.passed(sequence: sequence, digest: digest).encoded, tag: sequence,
                to: .after(epoch: epoch)))
    }

    /// Receipts of what was sealed in that epoch. Returns whether its sender is to be told at once.
    mutating func beginReceipts(sequence: UInt64, sender: MemberID, id: MessageID, epoch: UInt64) -> Bool {
        let hasNewcomers = epoch < members.newestSince && members.values.contains { $0.since > epoch }
        let present =
            hasNewcomers
            ? members.values.count { $0.absence == nil && $0.since <= epoch } : members.count - members.awayCount
        // A room that is restored does not know yet that its sender was back by then.
        let others = present - (members[sender]?.absence == nil ? 1 : 0)
        let isCounted = members.awayCount > 0 && members.count <= ChatLimits.receiptMembers
        let missed = isCounted ? members.values.count { $0.link == nil && $0.since <= epoch } : 0
        receipts.posts.posted(
            sequence: sequence, sender: sender, id: id, epoch: epoch, others: max(0, others), missed: missed)
        return others == 0 || missed > 0
    }

    /// A member has sealed something in that epoch.
    ///
    /// - Throws: ``RoomError/late`` when nobody could open it any more.
    mutating func speaks(_ id: MemberID, in epoch: UInt64) throws(RoomError) {
        guard let since = members[id]?.since, epoch <= group.epoch, epoch >= since else { throw .malformed }
        guard group.window.contains(epoch) else { throw .late }
        members.change(id) { $0.hasSealed(in: epoch) }
    }

    /// The lowest epoch in which somebody who is present may still say something.
    var lowestEpoch: UInt64 {
        members.values.lazy.filter { $0.absence == nil && $0.link != nil }
            .map { max($0.epoch, log.epoch(of: $0.id) ?? 0) }.min() ?? group.epoch
    }

    /// Tells the members what they need no more for opening what was said.
    mutating func reviewEpochs(now: Duration, actions: inout [RoomAction]) {
        let before = group.window.floor
        group.window.review(lowest: lowestEpoch, now: now)
        guard group.window.floor > before else { return }
        actions.append(.broadcast(HostMessage.settled(floor: group.window.floor).encoded, tag: 0))
    }

    /// Whether a member was given something new at its place: what is for it is what ``RoomLog/Audience`` says.
    package func isFor(_ id: MemberID, _ audience: RoomLog.Audience) -> Bool {
        members[id].map { audience.includes(id, since: $0.since) } ?? false
    }

    /// The member reads the log from here on; it has received `records` records on its session before.
    package mutating func openPlace(of id: MemberID, records: UInt32) -> RoomLog.Reader {
        log.open(id, records: records, epoch: members[id]?.since ?? group.epoch)
    }

    mutating func postPrivately(
        _ id: MessageID, epoch: UInt64, content: [UInt8], from sender: MemberID, to receiver: MemberID, link: LinkID,
        now: Duration, actions: inout [RoomAction]
    ) {
        // Sent again after a broken connection, it may be for somebody who has left meanwhile.
        if let refusal = refusal(of: id, content) {
            actions.append(.send(link, HostMessage.declined(id, refusal).encoded))
            return
        }
        guard receiver != sender, let target = members[receiver] else {
            actions.append(.send(link, HostMessage.declined(id, .noSuchMember).encoded))
            return
        }
        // What was sealed for somebody's former stay it cannot open.
        guard let targetLink = target.link, target.since <= epoch, group.unfollowed.reports[receiver] == nil else {
            actions.append(.send(link, HostMessage.declined(id, .away).encoded))
            return
        }
        let held = log.waitingByteCount(of: receiver) == 0 ? 0 : target.privateBytes[sender] ?? 0
        let message = HostMessage.privatePosted(
            from: sender, to: receiver, id: id, age: age(at: now), content: content
        ).encoded
        let cost = RoomLog.cost(of: message)
        // Nothing that was accepted is lost, and nobody uses up what others may say.
        guard held + cost <= RoomLimits.privateByteCountPerSender,
            log.waitingByteCount(of: receiver) + cost <= RoomLimits.privateByteCount
        else {
            actions.append(.send(link, HostMessage.declined(id, .away).encoded))
            return
        }
        count(cost, saidTo: receiver, by: sender)
        recent.insert(id)
        // The sender hears that the host has it before it hears that the receiver has.
        actions.append(.send(link, message))
        let number = receipts.privately.posted(id, by: sender)
        actions.append(.sendTracked(targetLink, message, number: number))
    }

    /// So much memory is about to be taken by what one member says to another one alone. A room that is read again hears all that
    /// was said since its snapshot, and not what of that has arrived: no more counts than could wait.
    mutating func count(_ cost: Int, saidTo receiver: MemberID, by sender: MemberID) {
        forgetWhoSaid(to: receiver)
        let held = members[receiver]?.privateBytes[sender] ?? 0
        members[receiver]?.privateBytes[sender] = min(held + cost, RoomLimits.privateByteCountPerSender)
    }

    /// Where nothing waits for the member alone, it does not matter who said how much to it.
    mutating func forgetWhoSaid(to receiver: MemberID) {
        guard members[receiver]?.privateBytes.isEmpty == false, log.waitingByteCount(of: receiver) == 0 else { return }
        members[receiver]?.privateBytes = [:]
    }

    /// Private messages have arrived, or will not any more, as the log says.
    package mutating func receivedPrivately(actions: inout [RoomAction]) {
        for number in log.takeArrived() { receivedPrivately(number, actions: &actions) }
        for (number, receiver) in log.takeLost() {
            if members[receiver] != nil {
                members[receiver]?.missedPrivately += 1
            } else {
                receipts.privately.didNotReach(receiver, 1)
            }
            tellOfPrivate(number, count: 0, missed: 1, actions: &actions)
        }
    }

    /// The private message of this number has arrived.
    mutating func receivedPrivately(_ number: UInt64, actions: inout [RoomAction]) {
        tellOfPrivate(number, count: 1, missed: 0, actions: &actions)
    }

    private mutating func tellOfPrivate(_ number: UInt64, count: UInt16, missed: UInt16, actions: inout [RoomAction]) {
        guard let (sender, id) = receipts.privately.settled(number), let member = members[sender] else { return }
        let receipt = HostMessage.Receipt(id: id, count: count, of: count, missed: missed)
        guard member.absence == nil, let link = member.link else {
            return receipts.privately.hold(receipt, for: sender)
        }
        actions.append(.send(link, HostMessage.receipts([receipt]).encoded))
    }

    /// Why a post cannot be accepted; nil when it can.
    func refusal(of id: MessageID, _ content: [UInt8]) -> RoomCode? {
        guard content.count <= RoomLimits.contentByteCount else { return .tooLarge }
        return recent.contains(id) ? .alreadyAccepted : nil
    }

    mutating func charge(
        _ id: MemberID, over link: LinkID? = nil, messages count: Double, bytes: Int, now: Duration,
        actions: inout [RoomAction]
    ) {
        let pause = members.change(id) { [limits] member in
            member.pays(messages: count, bytes: bytes, limits, now: now)
        }
        guard let pause else { return }
        if pause > .zero, let link = link ?? members[id]?.link {
            actions.append(.pauseReading(link, until: now + min(pause, RoomLimits.longestPause)))
        }
    }
}
