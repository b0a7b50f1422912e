package import Chat

/// A room at its host: who is in it, in which order messages are delivered, and to whom.
///
/// Sans-IO: it is told what links receive, and returns actions. Content is opaque to it. `now` is monotonic time
/// since any fixed origin.
package struct Room {
    struct Member {
        let id: MemberID
        /// The static key that the member has proved to hold.
        let key: [UInt8]
        /// Its number among all members that the room has had, in the order of their coming.
        let order: UInt64
        var nick: Nick
        /// The first epoch of the group that it can read.
        var since: UInt64
        /// It says nothing any more that was sealed before this epoch.
        var epoch: UInt64
        /// The latest epoch in which it has said something, or come in.
        var followed: UInt64
        /// When it gave itself new keys last.
        var lastUpdate: Duration?
        /// Nil while nothing is kept for the member: more would wait for it than may, and it has not come back yet.
        var link: LinkID?
        let isHost: Bool
        var receivedSequence: UInt64
        var messages: TokenBucket
        var bytes: TokenBucket
        var rare = Rare()
    }

    /// Somebody who waits for the host's approval.
    struct Waiting {
        let id: MemberID
        let key: [UInt8]
        let link: LinkID
        let nick: Nick
        let keyPackage: [UInt8]
        let way: Int

        /// Whether neither its nick nor its id reads like that.
        func isTold(from name: NickSkeleton) -> Bool { name != nick.skeleton && name != NickSkeleton(id) }
    }

    struct Absence: Equatable {
        var since: Duration
        /// When the place is given up.
        var end: Duration
        /// Whether the others were told of it.
        var isTold = false

        /// When it is to be told, or is over.
        var due: Duration { isTold ? end : min(end, since + RoomLimits.awayGrace) }
    }

    package let limits: RoomLimits
    /// When the room began.
    var began: Duration
    let bookType: any GroupBook.Type
    /// What the room has said, and how far each member has come.
    package var log: RoomLog
    /// When the room ends; nil for a room without end.
    package internal(set) var closesAt: Duration?
    package internal(set) var isClosed = false

    package var settings = RoomSettings()
    /// How often the room has changed in a way that a snapshot shows, and that not all are told of.
    package internal(set) var silentChanges = 0
    /// Who may not come back; oldest first.
    var bannedKeys: [[UInt8]] = []
    /// Who waits for the host's approval, in the order of their coming.
    var waiting: [Waiting] = []

    var members = Roster()
    var names = NameBook()
    /// What is to become of the group.
    var group = GroupQueue()
    var receipts = RoomReceipts()
    var recent = RecentSet<MessageID>(limit: RoomLimits.remembered)
    /// The log's end at the snapshot that the room was made of.
    var snapshotLogEnd: UInt64 = 0

    /// - Parameters:
    ///   - book: what follows the room's group.
    ///   - began: the time of the room's beginning.
    package init(limits: RoomLimits, closesAt: Duration?, book: any GroupBook.Type, began: Duration = .zero) {
        self.limits = limits
        self.began = began
        bookType = book
        log = RoomLog(byteLimit: limits.logByteCount)
        self.closesAt = closesAt
    }

    package var memberCount: Int { members.count }

    /// Members whose connection is broken.
    package var awayCount: Int { members.awayCount }

    /// The number of the next post, from 1 on.
    var nextSequence: UInt64 { receipts.posts.nextSequence }

    // MARK: Inputs

    /// A whole message arrived from a link whose peer has proved to hold `key`. `way`, which stands for the invite that it has come with,
    /// is asked of joiners alone. `witness` says of a Commit that is in order as far as the room can see whether somebody who has the
    /// group's secrets could follow it.
    ///
    /// - Throws: ``RoomError/malformed``; the link is to be closed, and its loss to be reported with ``linkLost(_:now:actions:)``.
    package mutating func received(
        type: UInt8, body: [UInt8], from link: LinkID, key: [UInt8], isHost: Bool = false,
        way: @autoclosure () -> Int = 0, now: Duration,
        witness: (_ commit: GroupCommit, MemberID) -> Bool = { _, _ in true }, actions: inout [RoomAction]
    ) throws(RoomError) {
        guard !isClosed else { return }
        let request = try MemberRequest(type: type, body: body)
        guard let id = members.ofLink[link] else {
            if let closesAt, now >= closesAt { return refuse(link, .expired, actions: &actions) }
            if case .joinExternally(let commit) = request {
                return try joinExternally(commit, link: link, now: now, actions: &actions)
            }
            if case .moderate(let asked, let moderation) = request {
                return moderate(asked, moderation, key: key, link: link, now: now, actions: &actions)
            }
            guard case .join(let nick, let id, let keyPackage) = request, group.joiners[link] == nil,
                !waiting.contains(where: { $0.link == link })
            else { throw .malformed }
            join(
                nick: nick, id: id, keyPackage: keyPackage, link: link, key: key, isHost: isHost, way: way(), now: now,
                actions: &actions)
            return
        }
        charge(id, for: request, byteCount: body.count, now: now, actions: &actions)
        switch request {
        case .join:
            throw .malformed
        case .joinExternally:
            // A member has let it in before its own Commit came.
            guard limits.isRelay else { throw .malformed }
        case .found(let groupInfo):
            try found(groupInfo, by: id, now: now, actions: &actions)
        case .register(let key):
            try register(key, link: link, actions: &actions)
        case .secret(let other, let sealed):
            tellSecret(sealed, to: other, from: id, actions: &actions)
        case .post(let id_, let epoch, let content):
            try speaks(id, in: epoch)
            post(id_, epoch: epoch, content: content, from: id, link: link, now: now, actions: &actions)
        case .privatePost(let id_, let epoch, let receiver, let content):
            try speaks(id, in: epoch)
            postPrivately(
                id_, epoch: epoch, content: content, from: id, to: receiver, link: link, now: now, actions: &actions)
        case .changeNick(let text):
            changeNick(of: id, to: text, link: link, actions: &actions)
        case .commit(let commit):
            try self.commit(commit, from: id, link: link, now: now, witness: witness, actions: &actions)
        case .cannotFollow(let epoch):
            try cannotFollow(epoch, from: id, now: now, actions: &actions)
        case .turnWanted:
            if isModerator(id) { wantsUpdate(id, now: now) }
        case .moderate(let asked, let moderation):
            moderate(asked, moderation, from: id, link: link, actions: &actions)
        case .leave:
            remove(id, reason: .quit, now: now, actions: &actions)
        }
    }

    /// What a request costs its sender, whatever becomes of it.
    private mutating func charge(
        _ id: MemberID, for request: MemberRequest, byteCount: Int, now: Duration, actions: inout [RoomAction]
    ) {
        let (messages, bytes): (Double, Int) =
            switch request {
            case .post(_, _, let content), .privatePost(_, _, _, let content): (1, content.count)
            case .commit, .joinExternally, .found: (RoomLimits.commitCost, byteCount)
            case .cannotFollow: (RoomLimits.commitCost, 0)
            case .changeNick, .moderate: (RoomLimits.nickChangeCost, 0)
            case .join, .register, .secret, .turnWanted, .leave: (1, 0)
            }
        charge(id, messages: messages, bytes: bytes, now: now, actions: &actions)
    }

    /// The link's connection broke. Its member keeps its place for ``RoomLimits/absence``.
    package mutating func linkLost(_ link: LinkID, now: Duration) {
        guard let id = members.ofLink[link] else { return }
        beginAbsence(of: id, now: now)
    }

    mutating func beginAbsence(of id: MemberID, now: Duration) {
        group.goesAway(id)
        guard let member = members[id], member.absence == nil else { return }
        stopCounting(member, now: now)
        members.setAbsence(of: id, Absence(since: now, end: now + limits.absence))
    }

    /// The member is there again; the others hear of it if they were told that it was away. Whoever is back gets the receipts
    /// that were kept for it.
    mutating func endAbsence(of id: MemberID, now: Duration, actions: inout [RoomAction]) {
        guard let absence = members.endAbsence(of: id) else { return }
        if absence.isTold { actions.append(.broadcast(HostMessage.back(id).encoded, tag: 0)) }
        receipts.schedule(now: now)
    }

    /// The log does not reach back any more to what the link's member has received. Its link is nobody's any more, but it keeps
    /// its place for ``RoomLimits/absence``: it comes back by joining, and learns from the order number how much it has missed.
    package mutating func overrun(_ link: LinkID, now: Duration) {
        guard let id = members.ofLink[link] else { return }
        beginAbsence(of: id, now: now)
        members.move(id, to: nil)
        log.close(id)
        forgetWhoSaid(to: id)
        guard members.count <= ChatLimits.receiptMembers, let member = members[id] else { return }
        receipts.posts.missed(by: id, since: member.since, after: member.receivedSequence)
        receipts.schedule(now: now)
    }

    /// The host itself was stopped, or asleep, for `time`: members that are away could not come back meanwhile.
    package mutating func hostWasAway(for time: Duration) {
        for id in members.takeAbsences() {
            guard var absence = members[id]?.absence else { continue }
            absence.end += time
            if !absence.isTold { absence.since += time }
            members.setAbsence(of: id, absence)
        }
    }

    /// The member `session` (an id's 30 bits) comes back over a new link, whose peer has proved to hold `key`. Returns the
    /// link whose session goes on; nil when there is no such member, or nothing is kept for it.
    package mutating func resumed(
        session: UInt32, key: [UInt8], link: LinkID, now: Duration, actions: inout [RoomAction]
    ) -> LinkID? {
        let id = MemberID(entropy: session)
        guard !isClosed, let member = members[id], member.key == key, let old = member.link, members.ofLink[link] == nil
        else { return nil }
        members.move(id, to: link)
        // It says nothing before it has heard all that was said until now.
        members[id]?.epoch = group.epoch
        group.mustAsk = true
        if member.absence != nil {
            // Told with its first acknowledgement.
            if members.count <= ChatLimits.receiptMembers {
                receipts.posts.returned(id, since: member.since, received: member.receivedSequence)
            }
            endAbsence(of: id, now: now, actions: &actions)
        }
        return old
    }

    /// The link's member has received all messages up to this one of the room's order.
    package mutating func acknowledged(sequence: UInt64, by link: LinkID, now: Duration) {
        guard let id = members.ofLink[link],
            let (before, since) = members[id].map({ ($0.receivedSequence, $0.since) })
        else { return }
        group.unfollowed.reviewSoon(now: now)
        forgetWhoSaid(to: id)
        guard sequence > before, sequence < nextSequence else { return }
        members.change(id) { $0.receivedSequence = sequence }
        guard members.count <= ChatLimits.receiptMembers else { return }
        receipts.posts.received(by: id, since: since, after: before, upTo: sequence)
        receipts.schedule(now: now)
    }

    /// The member behind the link broke the protocol: it loses its place.
    package mutating func cutOff(_ link: LinkID, now: Duration, actions: inout [RoomAction]) {
        guard let id = members.ofLink[link] else { return }
        remove(id, reason: .lost, now: now, actions: &actions)
    }

    /// Ends the room for everybody.
    package mutating func close(_ reason: ChatEvent.CloseReason, actions: inout [RoomAction]) {
        guard !isClosed else { return }
        isClosed = true
        actions.append(.broadcast(HostMessage.closing(reason).encoded, tag: 0))
        closeGroup(reason, actions: &actions)
        for case let link? in members.inOrder.map(\.link) {
            actions.append(.release(link))
        }
        members.removeAll()
        names = NameBook()
        for joiner in waiting {
            actions.append(.send(joiner.link, HostMessage.closing(reason).encoded))
            actions.append(.release(joiner.link))
        }
        waiting = []
    }

    /// Nobody else may be waiting for an answer any more.
    private mutating func closeGroup(_ reason: ChatEvent.CloseReason, actions: inout [RoomAction]) {
        for joiner in group.joiners {
            actions.append(.send(joiner.link, HostMessage.closing(reason).encoded))
            actions.append(.release(joiner.link))
        }
        group.ended()
    }

    // MARK: Time

    /// When ``timePassed(now:actions:)`` has something to do; nil for never.
    package var nextDeadline: Duration? {
        let next = receipts.due.orEarlier(members.absenceDue).orEarlier(group.nextDeadline(isIdle: isGroupIdle))
        guard !isClosed else { return next }
        return next.orEarlier(closesAt).orEarlier(group.window.reviewAt).orEarlier(group.unfollowed.reviewAt)
    }

    package mutating func timePassed(now: Duration, actions: inout [RoomAction]) {
        if let closesAt, now >= closesAt {
            close(.ttl, actions: &actions)
        }
        if let due = receipts.due, now >= due {
            let told = receipts.takeDue { [members] id in members[id]?.absence == nil }
            for (sender, receipts) in told { tell(receipts, to: sender, actions: &actions) }
        }
        if let due = members.absenceDue, now >= due {
            reviewAbsences(now: now, actions: &actions)
        }
        if let reviewAt = group.window.reviewAt, now >= reviewAt {
            reviewEpochs(now: now, actions: &actions)
        }
        if let reviewAt = group.unfollowed.reviewAt, now >= reviewAt {
            reviewCommits(now: now, actions: &actions)
        }
        if let asked = group.asked, now >= asked.deadline {
            group.wasSilent()
        }
        if group.mustAsk || group.updates.due.map({ now >= $0 }) == true {
            changeGroup(now: now, actions: &actions)
        }
    }

    private func tell(_ receipts: [HostMessage.Receipt], to sender: MemberID, actions: inout [RoomAction]) {
        guard let link = members[sender]?.link else { return }
        var rest = receipts[...]
        while !rest.isEmpty {
            let part = rest.prefix(RoomLimits.receiptsPerMessage)
            rest = rest.dropFirst(part.count)
            actions.append(.send(link, HostMessage.receipts(Array(part)).encoded))
        }
    }

    /// Tells of those who are away, and gives up the places of those who have been for too long.
    private mutating func reviewAbsences(now: Duration, actions: inout [RoomAction]) {
        for id in members.takeAbsences() {
            guard var absence = members[id]?.absence else { continue }
            if now >= absence.end, group.joiners[id] != nil {
                // It is back, and waits for a Commit only.
                absence.end = now + limits.absence
            }
            guard now < absence.end else {
                remove(id, reason: .lost, now: now, actions: &actions)
                continue
            }
            if now >= absence.due { announce(&absence, of: id, actions: &actions) }
            members.setAbsence(of: id, absence)
        }
    }

    private func announce(_ absence: inout Absence, of id: MemberID, actions: inout [RoomAction]) {
        guard !absence.isTold else { return }
        absence.isTold = true
        actions.append(.broadcast(HostMessage.away(id, since: age(at: absence.since)).encoded, tag: 0))
    }

    /// Somebody wants this nick. Whoever has it may be an earlier stay of the same person, whose program was killed: the others do not
    /// see both as present.
    mutating func nickIsWanted(_ text: String, actions: inout [RoomAction]) {
        guard let nick = try? Nick(validating: text, isHost: false), let holder = names.holder(of: nick),
            var absence = members[holder]?.absence
        else { return }
        announce(&absence, of: holder, actions: &actions)
        members[holder]?.absence = absence
    }

    /// How old the room is at that time, in seconds.
    func age(at time: Duration) -> UInt32 { UInt32(clamping: (time - began).components.seconds) }

    // MARK: Coming and going

    mutating func admit(
        _ id: MemberID, link: LinkID, welcome: [UInt8], now: Duration, actions: inout [RoomAction]
    ) {
        actions.append(.admit(link, id))
        var entries = members.inOrder.map { member in
            HostMessage.RoomState.Entry(
                id: member.id, isHost: member.isHost, nick: member.nick.text,
                awaySince: member.absence.flatMap { $0.isTold ? age(at: $0.since) : nil })
        }
        while entries.count > RoomLimits.membersPerMessage {
            let part = Array(entries.suffix(RoomLimits.membersPerMessage))
            entries.removeLast(part.count)
            actions.append(.send(link, HostMessage.present(part).encoded))
        }
        let roomState = HostMessage.RoomState(
            member: id,
            secondsLeft: secondsLeft(now: now),
            age: age(at: now),
            nextSequence: nextSequence,
            epoch: group.epoch,
            missedPrivately: members[id]?.missedPrivately ?? 0,
            members: entries,
            welcome: welcome)
        actions.append(.send(link, HostMessage.admitted(roomState).encoded))
        members[id]?.missedPrivately = 0
        for message in settings.messages { actions.append(.send(link, message.encoded)) }
    }

    /// Whether one more may come in. In a full room somebody who has been away for longer than a broken connection needs to
    /// be mended, the longest of all, loses its place for it.
    mutating func makeRoom(now: Duration, actions: inout [RoomAction]) -> Bool {
        guard limits.members > 0, members.count + group.joiners.newcomerCount >= limits.members else { return true }
        let away = members.values.compactMap { member in
            group.joiners[member.id] == nil
                ? member.absence.map { (id: member.id, since: $0.since, order: member.order) } : nil
        }
        guard let longest = away.min(by: { ($0.since, $0.order) < ($1.since, $1.order) }),
            now - longest.since >= limits.protectedAbsence
        else { return false }
        remove(longest.id, reason: .lost, now: now, actions: &actions)
        return true
    }

    mutating func remove(
        _ id: MemberID, reason: ChatEvent.LeaveReason, now: Duration, actions: inout [RoomAction]
    ) {
        guard members[id] != nil else { return }
        forget(id, reason: reason, now: now, actions: &actions)
        changeGroup(now: now, actions: &actions)
    }

    /// The same, and the group is looked at later.
    mutating func forget(
        _ id: MemberID, reason: ChatEvent.LeaveReason, now: Duration, actions: inout [RoomAction]
    ) {
        guard let member = members.remove(id) else { return }
        names.release(member.nick, of: id)
        if let link = member.link { actions.append(.release(link)) }
        if member.absence == nil { stopCounting(member, now: now) }
        actions.append(.broadcast(HostMessage.left(id, reason).encoded, tag: 0))
        if let waiting = group.joiners.take(id) {
            actions.append(.send(waiting.link, HostMessage.refused(.unspecified).encoded))
            actions.append(.release(waiting.link))
        }
        group.hasLeft(id)
        receipts.privately.didNotReach(id, member.missedPrivately)
    }

    /// The member will not receive what it has not received by now, or not before it is back.
    private mutating func stopCounting(_ member: Member, now: Duration) {
        guard members.count <= ChatLimits.receiptMembers else { return }
        receipts.posts.left(member.id, since: member.since, received: member.receivedSequence)
        receipts.schedule(now: now, after: RoomLimits.awayGrace)
    }
}
