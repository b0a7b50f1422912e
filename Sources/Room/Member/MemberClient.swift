package import Chat
package import Sodium
package import Wire

/// A member's side of a room: asks to come in, keeps what it says until the host has given it a place in the room's
/// order, and turns what the host sends into events.
///
/// Sans-IO. The host's own participant is one too.
package struct MemberClient {
    /// What is to be done, in this order.
    package enum Action: Sendable, Equatable {
        case send(EncodedMessage)
        /// The host let this member in; the owner adds what it knows of the connection and announces it.
        case admitted(HostMessage.RoomState)
        case tell(ChatEvent)
        /// The stay is over; close the connection. `refusal` says why the host did not let this member in.
        case end(ChatEvent.CloseReason, refusal: ChatEvent.Notice?)
        /// The group cannot be followed any more: join again over a new connection.
        case startOver
        /// A member offers a file, to all or to this one alone.
        case offered(SecretContent, from: MemberID, isPrivate: Bool)
        /// The relay knows the invite that the group is joined with from now on; the owner uses it, and shows it if that is asked
        /// for.
        case registered(isShown: Bool)
        /// The host says that the room is there from now on.
        case moved(OnionPlace)
        /// The host says where the room's hosts are.
        case hosts([HostPlace])
    }

    enum Phase: Equatable {
        case joining(Arrival)
        case joined
        case ended
    }

    /// What the host has told of the room that it is about to let this member into.
    struct Arrival: Equatable {
        /// The members as far as it has listed them.
        var listed: [MemberID: Member] = [:]
        /// The tree of the group.
        var tree: [UInt8] = []
    }

    struct Member: Equatable {
        var nick: String
        var isHost: Bool
        /// What the member was called before: what it said then may still come.
        var formerNicks: [String] = []
        /// How old the room was when the member's connection broke, in seconds; nil while it is present.
        var awaySince: UInt32?
    }

    /// What the host has not confirmed of what was said and asked for; with so many, the owner should stop reading what is typed.
    package static let outboxHighWaterMark = 512

    /// So many Welcomes of a relay's room are tried, one after the other.
    static let welcomesTried = 8

    var phase = Phase.joining(Arrival())
    var ownNick: OwnNick
    var entrance: Entrance
    let engine: any GroupEngine
    package let random: () -> UInt32
    var members: [MemberID: Member] = [:]
    var outbox = Outbox()
    var slowMode = SlowMode()
    private var order = MessageOrder()
    var upkeep = GroupUpkeep()
    var invite = MemberInvite()
    var checks = CheckBook()

    private(set) var conditions = RoomConditions()

    package internal(set) var id: MemberID?
    var clock = RoomClock()

    /// Whether the connection is broken, or what was said meanwhile has not come yet: nothing is sent.
    private(set) var isAway = false

    /// - Parameters:
    ///   - nick: the nick to ask for; empty for the member id.
    ///   - foundsGroup: whether it stays where it is the first one at a relay; if not, it leaves, and the next one is the first.
    ///   - random: what spreads the Commits of many members, and makes the ids of messages.
    package init(
        nick: String, engine: any GroupEngine, foundsGroup: Bool = true,
        random: @escaping () -> UInt32 = Random.uint32
    ) {
        ownNick = OwnNick(wanted: nick)
        entrance = Entrance(foundsGroup: foundsGroup)
        self.engine = engine
        self.random = random
    }

    func newMessageID() -> MessageID { MessageID(UInt64(random()) << 32 | UInt64(random())) }

    /// The time of what happens next, since any fixed origin; the owner sets it.
    package var now: Duration {
        get { clock.now }
        set { clock.now = newValue }
    }

    /// The same in seconds since 1970, for what people are told; the owner sets it, too.
    package var wallTime: Int64 {
        get { clock.wallTime }
        set { clock.wallTime = newValue }
    }

    /// Whether what comes may have waited for this program, which stood still; the owner says so.
    package var isLate: Bool {
        get { clock.isLate }
        set { clock.isLate = newValue }
    }

    var chain: MessageChain { order.chain }
    /// Whether the invite with which it came lets nobody in any more.
    package var isInviteRevoked: Bool { invite.isRevoked }
    package var outboxCount: Int { outbox.count }
    package var isJoined: Bool { phase == .joined }

    // MARK: The connection

    /// The connection to the host is open, and is not the continuation of an earlier one.
    package mutating func connected(actions: inout [Action]) {
        guard phase != .ended else { return }
        let moderates = isModerator || upkeep.hasModerated
        phase = .joining(Arrival())
        returned()
        ownNick.asked = nil
        tellMissed(actions: &actions)
        let wanted = upkeep
        upkeep = GroupUpkeep()
        upkeep.expelled = wanted.expelled
        upkeep.roleChanges = wanted.roleChanges
        upkeep.hasModerated = moderates
        entrance.secretTellers.reconnected()
        // Whoever is to be sent out waits for nothing else.
        if moderates {
            askAgain(atMost: RoomLimits.requestsBeforeJoining, actions: &actions)
        }
        askToJoin(actions: &actions)
    }

    /// Asks to come in, with a new KeyPackage.
    mutating func askToJoin(actions: inout [Action]) {
        let present = id.flatMap { members[$0]?.nick } ?? ownNick.wanted
        let nick = present == id?.description ? "" : present
        let keyPackage = engine.keyPackage()
        actions.append(.send(MemberRequest.join(nick: nick, member: engine.id, keyPackage: keyPackage).encoded))
    }

    /// The connection to the host is broken.
    package mutating func connectionLost() {
        isAway = true
    }

    /// All that was said meanwhile has been received, so what has not come back of ours has never arrived.
    package mutating func caughtUp(actions: inout [Action]) {
        returned()
        guard phase == .joined else { return }
        dropCommit()
        isStillStuck(actions: &actions)
        tellOfNewSecret(actions: &actions)
        outbox.rewind()
        if let asked = ownNick.asked {
            actions.append(.send(MemberRequest.changeNick(asked.text).encoded))
        }
        askAgain(actions: &actions)
        if invite.awaitsFirst {
            if let founding = invite.founding { actions.append(.send(founding)) }
            register(actions: &actions)
        }
        sendWaiting(actions: &actions)
        carryOutWanted(actions: &actions)
    }

    private mutating func returned() {
        isAway = false
        upkeep.unlistedSince = [:]
        if upkeep.pastSince != nil { upkeep.pastSince = now }
        watchUnlisted()
    }

    /// A whole message from the host.
    ///
    /// - Throws: ``RoomError/malformed``; the connection is to be closed.
    package mutating func received(type: UInt8, body: [UInt8], actions: inout [Action]) throws(RoomError) {
        let message = try HostMessage(type: type, body: body)
        clock.heard(isAway: isAway)
        switch (phase, message) {
        case (.ended, _):
            return
        case (.joining(var arrival), .present(let part)):
            // One owner, so that no part copies the whole list.
            phase = .joining(Arrival())
            try list(part, in: &arrival.listed)
            phase = .joining(arrival)
        case (.joining(var arrival), .admitted(let roomState)):
            try list(roomState.members, in: &arrival.listed)
            // Numbers begin with 1, and whoever comes in is among those who are there.
            guard roomState.member == engine.id, roomState.nextSequence > 0, arrival.listed[engine.id] != nil else {
                throw .malformed
            }
            members = arrival.listed
            phase = .joining(Arrival())
            admitted(roomState, tree: arrival.tree, actions: &actions)
        case (.joining, .refused(let code)):
            phase = .ended
            actions.append(.end(.lost, refusal: code.refusal))
        case (.joining(var arrival), .tree(let tree)):
            arrival.tree = tree
            phase = .joining(arrival)
        case (.joining(let arrival), .groupInfo(let epoch, let info)):
            commitExternally(info, tree: arrival.tree, epoch: epoch, actions: &actions)
        case (.joining, .secret(let member, let sealed)):
            takeSecret(sealed, from: member, actions: &actions)
        case (.joining, .moderated(let request)):
            guard outbox.hasSent(request) else { throw .malformed }
            outbox.answered(request)
        case (.joining, .waiting):
            actions.append(.tell(.starting(.approval, progress: nil)))
        case (.joined, .removed(let reason, let text)):
            phase = .ended
            actions.append(.end(reason, refusal: .removed(reason, text)))
        case (_, .closing(let reason)):
            phase = .ended
            actions.append(.end(reason, refusal: nil))
        case (.joined, _):
            try receivedInRoom(message, actions: &actions)
        case (.joining, _):
            throw .malformed
        }
    }

    func list(
        _ entries: [HostMessage.RoomState.Entry], in members: inout [MemberID: Member]
    ) throws(RoomError) {
        guard members.count + entries.count <= RoomLimits.membersBelieved else { throw .malformed }
        let isAtRelay = isAtRelay
        for entry in entries {
            members[entry.id] = Member(
                nick: entry.nick, isHost: entry.isHost && !isAtRelay, awaySince: entry.awaySince)
        }
    }

    private mutating func admitted(_ roomState: HostMessage.RoomState, tree: [UInt8], actions: inout [Action]) {
        guard entrance.foundsGroup || !roomState.welcome.isEmpty || engine.hasExternalCommit else {
            phase = .ended
            actions.append(.send(MemberRequest.leave.encoded))
            actions.append(.end(.lost, refusal: .foundsNoGroup))
            return
        }
        do throws(GroupError) {
            try enterGroup(roomState, tree: tree, actions: &actions)
        } catch {
            let isAtRelay = !roomState.welcome.isEmpty && engine.handshakeKey != nil
            guard !entrance.failed(error, isAtRelay: isAtRelay) else { return actions.append(.startOver) }
            phase = .ended
            actions.append(.end(.lost, refusal: error.refusal))
            return
        }
        phase = .joined
        upkeep.hasModerated = false
        entrance.succeeded()
        conditions.forget(wasSlow: slowMode.interval > .zero)
        slowMode.interval = .zero
        // Of a room that begins to count anew nothing can be said.
        let missed = id == nil ? 0 : Int(clamping: roomState.nextSequence) - Int(clamping: order.expected)
        let missedPrivately = id == nil ? 0 : Int(roomState.missedPrivately)
        outbox.begin(isReturn: id != nil)
        if id != nil { order.missed.returned() }
        if id == nil { slowMode.enteredAt = now }
        id = roomState.member
        clock.entered(roomAge: roomState.age)
        order.enter(at: roomState.nextSequence, epoch: engine.epoch, start: engine.chainStart)
        actions.append(.admitted(roomState))
        tellOfNick(actions: &actions)
        tellOfRegistration(roomState, actions: &actions)
        if !upkeep.roleChanges.isEmpty { wantUpdate(after: .zero) }
        if missed > 0 || missedPrivately > 0 {
            actions.append(.tell(.warning(.missed(max(0, missed), privately: missedPrivately))))
        }
        checkMembers(actions: &actions)
        reviewKeys(actions: &actions)
        askAgain(actions: &actions)
        sendWaiting(actions: &actions)
    }

    mutating func beginChain() {
        order.begin(epoch: engine.epoch, start: engine.chainStart)
    }

    /// Sends as much of the outbox as may be under way.
    mutating func sendWaiting(actions: inout [Action]) {
        while phase == .joined, !isAway, !upkeep.isStuck, let next = outbox.next, maySendNow(next),
            let index = outbox.takeNext()
        {
            transmit(next, index, actions: &actions)
        }
    }

    private mutating func receivedInRoom(_ message: HostMessage, actions: inout [Action]) throws(RoomError) {
        switch message {
        case .passed, .posted: break
        default: if !upkeep.isStuck { tellMissed(actions: &actions) }
        }
        actions += conditions.hear(message).map { .tell(.room($0)) }
        switch message {
        case .undone(let epoch, let committer):
            undone(epoch: epoch, by: committer, actions: &actions)
        case .barred(let member):
            actions.append(.tell(.warning(.barred(member))))
        case .left(let member, let reason):
            guard let gone = members.removeValue(forKey: member) else { throw .malformed }
            actions.append(.tell(.memberLeft(id: member, nick: gone.nick, reason: reason, count: members.count)))
            renewSecretIfDue()
            endCheck(with: member, "it has left", actions: &actions)
            watchUnlisted()
        case .away(let member, let since):
            guard let nick = members[member]?.nick else { throw .malformed }
            // Of itself the person knows already.
            guard member != id else { break }
            members[member]?.awaySince = since
            actions.append(.tell(.memberAway(id: member, nick: nick, since: clock.time(ofAge: since))))
        case .back(let member):
            guard let known = members[member] else { throw .malformed }
            guard let since = known.awaySince else { break }
            members[member]?.awaySince = nil
            actions.append(.tell(.memberBack(id: member, nick: known.nick, since: clock.time(ofAge: since))))
        case .nickChanged(let member, let nick):
            guard let old = members[member]?.nick else { throw .malformed }
            members[member]?.rename(nick)
            if member == id { ownNick.asked = nil }
            actions.append(.tell(.nickChanged(id: member, oldNick: old, nick: nick)))
        case .posted(let sequence, let from, let messageID, let age, let content):
            guard isNext(sequence, from: from, actions: &actions) else { return }
            show(messageID, sequence: sequence, from: from, to: nil, age: age, content: content, actions: &actions)
            order.add(sequence, digest: MessageChain.digest(from: from, id: messageID, sealed: content))
        case .passed(let sequence, let digest):
            guard isNext(sequence, from: nil, actions: &actions) else { return }
            order.add(sequence, digest: digest)
            if !order.missed.passed() { actions.append(.tell(.passedOver(sequence: sequence))) }
        case .privatePosted(let from, let receiver, let messageID, let age, let content):
            guard from == id || receiver == id else { throw .malformed }
            show(messageID, sequence: nil, from: from, to: receiver, age: age, content: content, actions: &actions)
        case .receipts(let receipts):
            for receipt in receipts {
                guard receipt.count <= receipt.of, outbox.hasSent(receipt.id) else { throw .malformed }
                guard outbox.isSeen(receipt.id) else { continue }
                actions.append(
                    .tell(
                        .acknowledged(
                            receipt.id, count: Int(receipt.count), of: Int(receipt.of), missed: Int(receipt.missed))))
            }
        case .moderated(let request):
            guard outbox.hasSent(request) else { throw .malformed }
            outbox.answered(request)
        case .declined(let messageID, _) where messageID.value != 0 && !outbox.hasSent(messageID):
            throw .malformed
        case .declined(let messageID, .alreadyAccepted):
            confirm(messageID, actions: &actions)
        case .declined(let messageID, .slow):
            holdBack(messageID, actions: &actions)
        case .declined(let messageID, let code):
            if messageID == MessageID(0) { ownNick.asked = nil }
            outbox.answered(messageID)
            notTaken(messageID, code, actions: &actions)
        case .committed(let from, let floor, let joined, let commit):
            try committed(by: from, joined: joined, commit: commit, actions: &actions)
            if phase == .joined { settled(floor: floor) }
        case .settled(let floor):
            settled(floor: floor)
        case .commitWanted(let candidates, let removals):
            upkeep.wanted = .init(candidates: candidates, removals: removals)
            carryOutWanted(actions: &actions)
        case .commitDeclined(let epoch):
            commitDeclined(epoch: epoch, actions: &actions)
        case .registered:
            registered(actions: &actions)
        case .secretWanted(let candidate):
            tellSecret(to: candidate, actions: &actions)
        case .topicChanged(let text):
            actions.append(.tell(.room(.topic(text))))
        case .lockChanged(let isLocked):
            actions.append(.tell(.room(.locked(isLocked))))
        case .extended(let seconds):
            actions.append(.tell(.room(.extended(secondsLeft: Int64(seconds)))))
        case .slowMode(let seconds):
            slowed(seconds: Int64(seconds), actions: &actions)
        case .moved(let place):
            actions.append(.moved(place))
        case .hosts(let places):
            actions.append(.hosts(places))
        case .inviteRevoked:
            invite.isRevoked = true
            actions.append(.tell(.warning(.inviteRevoked)))
        case .present, .admitted, .refused, .closing, .removed, .waiting, .groupInfo, .tree, .secret:
            throw .malformed
        }
    }

    /// Whether this number was not given before; what is missing before it is told of.
    private mutating func isNext(
        _ sequence: UInt64, from sender: MemberID?, actions: inout [Action]
    ) -> Bool {
        switch order.take(sequence) {
        case .repeated:
            actions.append(.tell(.warning(sender.map(GroupError.replayed.warning) ?? .numberRepeated)))
            return false
        case .next(let missing):
            if missing > 0 {
                tellMissed(actions: &actions)
                actions.append(.tell(.warning(.gap(missing))))
            }
            return true
        }
    }

    /// Before anything that comes after them in the room's order is told of.
    mutating func tellMissed(actions: inout [Action]) {
        guard let count = order.missed.take() else { return }
        actions.append(.tell(.warning(.unopened(count))))
    }

    private mutating func show(
        _ messageID: MessageID, sequence: UInt64?, from: MemberID, to receiver: MemberID?, age: UInt32,
        content: [UInt8], actions: inout [Action]
    ) {
        let opened: EnvelopeContent
        do {
            if from == id {
                opened = try takeOwn(messageID, to: receiver, content: content, actions: &actions)
            } else {
                opened = try open(content, id: messageID, from: from, isPrivate: receiver != nil, actions: &actions)
            }
        } catch let error as GroupError {
            // Sealed in an epoch that this member is not in, perhaps by somebody who has come by it.
            if upkeep.isStuck, sequence != nil, error == .otherEpoch || !engine.members.contains(from) {
                return order.missed.add()
            }
            tellMissed(actions: &actions)
            // The place in the order is taken, so that nobody can say that something was withheld.
            actions.append(.tell(.warning(error.warning(about: from))))
            return
        } catch {
            actions.append(
                .tell(.warning(.init(.inputInvalid, "a message cannot be shown: member \(from) sent what is not text")))
            )
            return
        }
        tellMissed(actions: &actions)
        guard case .said(let said) = opened else {
            guard from != id else { return }
            switch opened {
            case .check(let message): received(message, from: from, actions: &actions)
            case .file(let offer): actions.append(.offered(offer, from: from, isPrivate: receiver != nil))
            case .said: break
            }
            return
        }
        let kind: ChatEvent.ChatMessage.Kind =
            receiver != nil ? .private : said.kind == .action ? .action : .text
        actions.append(
            .tell(
                .message(
                    .init(
                        id: messageID, sequence: sequence, from: from, nick: members[from]?.nick ?? from.description,
                        text: said.text, kind: kind, isOwn: from == id, to: receiver,
                        toNick: receiver.flatMap { members[$0]?.nick },
                        saidAt: clock.saidAt(age: age, isAway: isAway)))))
    }

    mutating func confirm(_ messageID: MessageID, actions: inout [Action]) {
        guard let taken = outbox.confirm(messageID) else { return }
        if taken.to == nil { slowMode.postedAt = now }
        if case .said = taken.content { actions.append(.tell(.delivered(messageID))) }
        sendWaiting(actions: &actions)
    }

    /// The host has not taken a message.
    mutating func notTaken(_ messageID: MessageID, _ code: RoomCode, actions: inout [Action]) {
        if let taken = outbox.takeOut(messageID) {
            undelivered(taken, code.declination, actions: &actions)
        } else {
            actions.append(.tell(.error(code.declination)))
        }
        sendWaiting(actions: &actions)
    }

    mutating func undelivered(_ message: Outbox.Message, _ notice: ChatEvent.Notice, actions: inout [Action]) {
        if case .check = message.content, let receiver = message.to {
            return checkUndelivered(to: receiver, actions: &actions)
        }
        actions.append(.tell(.notSent(message.id)))
        actions.append(.tell(.error(notice)))
    }
}
