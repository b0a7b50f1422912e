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
        case admitted(HostMessage.Admission)
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

    enum Phase {
        case joining, joined, ended
    }

    struct Member {
        var nick: String
        var isHost: Bool
        /// What the member was called before: what it said then may still come.
        var formerNicks: [String] = []
        /// How old the room was when the member's connection broke, in seconds; nil while it is present.
        var awaySince: UInt32?
    }

    struct Unconfirmed {
        var id: MessageID
        var to: MemberID?
        var content: EnvelopeContent
        /// A hash of what was sent last.
        var sealed: [UInt8] = []
    }

    /// The host counts receipts for the latest ``RoomLimits/remembered`` messages of the room, or twice as many, and all can be
    /// ours; those in the outbox come to them.
    static let sentIDsRemembered = 2 * RoomLimits.remembered + 2 * outboxHighWaterMark

    /// What the host has not confirmed of what was said and asked for; with so many, the owner should stop reading what is typed.
    package static let outboxHighWaterMark = 512

    /// So many Welcomes of a relay's room are tried, one after the other.
    static let welcomesTried = 4

    var phase = Phase.joining
    /// What the person wants to be called; empty for the member id.
    var wantedNick: String
    /// What the person was told that it is called, where that is something else.
    var toldNick: String?
    /// Whether this member may be the first of a group that others come into later.
    private let foundsGroup: Bool
    let engine: any GroupEngine
    package let random: () -> UInt32
    var members: [MemberID: Member] = [:]
    /// The members as far as the host has listed them, while it lets this one in.
    private var listed: [MemberID: Member] = [:]
    /// The tree of the group that the host is about to let this one into.
    var tree: [UInt8] = []
    var outbox: [Unconfirmed] = []
    /// What was asked for as a moderator and has no answer yet.
    var requests: [(id: MessageID, moderation: Moderation)] = []
    /// Which of the outbox has been sent in this stay.
    var window = SendWindow()
    var slowMode = SlowMode()
    private var expectedSequence: UInt64 = 1
    /// The ids of what was sent: the host can answer to nothing else.
    var sent = RecentSet<MessageID>(limit: sentIDsRemembered)
    var chain = MessageChain()
    var upkeep = GroupUpkeep()
    /// What told the room of the group that this member has created.
    var founding: EncodedMessage?
    /// Has created a group at a relay, and the relay has not said yet that others can come in.
    var awaitsRegistration = false
    /// Whether the group has another secret, of which the relay has not told yet that it knows it.
    var awaitsNewInvite = false
    /// Whether it has learnt on this connection what the group's secret is: once is enough.
    var hasTakenSecret = false
    /// Who has told it that.
    var toldBy: MemberID?
    /// Who has told it a secret that did not let it in: others are believed before.
    var disbelieved: Set<MemberID> = []
    /// Whether one of those has told something on this connection.
    var hasPassedOver = false
    /// The keys that the person has compared.
    var verified: [MemberID: [UInt8]] = [:]
    var checks = CheckBook()
    /// Welcomes that let this member in nowhere, since it was in the room.
    private var wrongWelcomes = 0
    /// The latest of its messages that nobody is shown, and of which nobody hears that they have arrived.
    private var unseen = RecentSet<MessageID>(limit: RoomLimits.remembered)

    /// Whether the invite with which it came lets nobody in any more.
    package private(set) var isInviteRevoked = false

    private(set) var isRoomLocked = false
    private var hasTopic = false
    /// What was so when it had no place any more, and is not any more, if what comes next does not say otherwise.
    private var over: [RoomChange] = []

    package internal(set) var id: MemberID?
    /// The time of what happens next, since any fixed origin; the owner sets it.
    package var now: Duration = .zero
    /// The same in seconds since 1970, for what people are told; the owner sets it, too.
    package var wallTime: Int64 = 0
    /// When the room began, by the same clock.
    private var roomBegan: Int64 = 0
    private var absenceTime = AbsenceTime()

    /// Whether the connection is broken, or what was said meanwhile has not come yet: nothing is sent.
    private(set) var isAway = false
    /// Whether what comes may have waited for this program, which stood still; the owner says so.
    package var isLate = false
    /// A change of nick that the room has not answered.
    var askedNick: Nick?

    /// - Parameters:
    ///   - nick: the nick to ask for; empty for the member id.
    ///   - foundsGroup: whether it stays where it is the first one at a relay; if not, it leaves, and the next one is the first.
    ///   - random: what spreads the Commits of many members, and makes the ids of messages.
    package init(
        nick: String, engine: any GroupEngine, foundsGroup: Bool = true,
        random: @escaping () -> UInt32 = Random.uint32
    ) {
        wantedNick = nick
        self.foundsGroup = foundsGroup
        self.engine = engine
        self.random = random
    }

    func newMessageID() -> MessageID { MessageID(UInt64(random()) << 32 | UInt64(random())) }

    package var outboxCount: Int { outbox.count + requests.count }
    package var isJoined: Bool { phase == .joined }

    // MARK: The connection

    /// The connection to the host is open, and is not the continuation of an earlier one.
    package mutating func connected(actions: inout [Action]) {
        guard phase != .ended else { return }
        phase = .joining
        returned()
        listed = [:]
        tree = []
        askedNick = nil
        let expelled = upkeep.expelled
        upkeep = GroupUpkeep()
        upkeep.expelled = expelled
        hasTakenSecret = false
        // It has to come again with what it was told. Where nobody else tells anything, they may do so again.
        if let toldBy {
            disbelieved.insert(toldBy)
        } else if hasPassedOver {
            disbelieved = []
        }
        toldBy = nil
        hasPassedOver = false
        askToJoin(actions: &actions)
    }

    /// Asks to come in, with a new KeyPackage.
    mutating func askToJoin(actions: inout [Action]) {
        let present = id.flatMap { members[$0]?.nick } ?? wantedNick
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
        window.rewind()
        if let askedNick {
            actions.append(.send(MemberRequest.changeNick(askedNick.text).encoded))
        }
        askAgain(actions: &actions)
        if awaitsRegistration {
            if let founding { actions.append(.send(founding)) }
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
        if !isAway, !isLate { absenceTime.heard(now: now) }
        switch (phase, message) {
        case (.ended, _):
            return
        case (.joining, .present(let part)):
            try list(part, in: &listed)
        case (.joining, .admitted(let admission)):
            try list(admission.members, in: &listed)
            // Numbers begin with 1, and whoever comes in is among those who are there.
            guard admission.member == engine.id, admission.nextSequence > 0, listed[engine.id] != nil else {
                throw .malformed
            }
            members = listed
            listed = [:]
            admitted(admission, actions: &actions)
        case (.joining, .refused(let code)):
            phase = .ended
            actions.append(.end(.lost, refusal: code.refusal))
        case (.joining, .tree(let tree)):
            self.tree = tree
        case (.joining, .groupInfo(let epoch, let info)):
            commitExternally(info, epoch: epoch, actions: &actions)
        case (.joining, .secret(let member, let sealed)):
            takeSecret(sealed, from: member, actions: &actions)
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
        _ entries: [HostMessage.Admission.Entry], in members: inout [MemberID: Member]
    ) throws(RoomError) {
        guard members.count + entries.count <= RoomLimits.membersBelieved else { throw .malformed }
        for entry in entries {
            members[entry.id] = Member(nick: entry.nick, isHost: entry.isHost, awaySince: entry.awaySince)
        }
    }

    private mutating func admitted(_ admission: HostMessage.Admission, actions: inout [Action]) {
        guard foundsGroup || !admission.welcome.isEmpty || engine.hasExternalCommit else {
            phase = .ended
            actions.append(.send(MemberRequest.leave.encoded))
            actions.append(.end(.lost, refusal: .foundsNoGroup))
            return
        }
        do throws(GroupError) {
            try enterGroup(admission, actions: &actions)
        } catch {
            wrongWelcomes += 1
            // Nobody but this member sees it, at a relay: another member makes the next one.
            if error == .cannotJoin || error == .wrongCreator, !admission.welcome.isEmpty, engine.handshakeKey != nil,
                wrongWelcomes < Self.welcomesTried
            {
                return actions.append(.startOver)
            }
            phase = .ended
            actions.append(.end(.lost, refusal: error.refusal))
            return
        }
        phase = .joined
        wrongWelcomes = 0
        toldBy = nil
        disbelieved = []
        forgetRoom()
        // Of a room that begins to count anew nothing can be said.
        let missed = id == nil ? 0 : Int(clamping: admission.nextSequence) - Int(clamping: expectedSequence)
        let missedPrivately = id == nil ? 0 : Int(admission.missedPrivately)
        window.begin(isReturn: id != nil)
        if id == nil { slowMode.enteredAt = now }
        id = admission.member
        roomBegan = wallTime - Int64(admission.age)
        absenceTime.entered(roomAge: admission.age, now: now)
        expectedSequence = admission.nextSequence
        chain = MessageChain()
        beginChain()
        actions.append(.admitted(admission))
        tellOfNick(actions: &actions)
        tellOfRegistration(admission, actions: &actions)
        if missed > 0 || missedPrivately > 0 {
            actions.append(.tell(.warning(.missed(max(0, missed), privately: missedPrivately))))
        }
        checkMembers(actions: &actions)
        reviewKeys(actions: &actions)
        askAgain(actions: &actions)
        sendWaiting(actions: &actions)
    }

    /// What the room is like is told right behind the admission. What is over by now nobody has told to who had no place meanwhile.
    private mutating func forgetRoom() {
        over = []
        if isRoomLocked { over.append(.locked(false)) }
        if hasTopic { over.append(.topic("")) }
        if slowMode.interval > .zero { over.append(.slow(seconds: 0)) }
        isRoomLocked = false
        hasTopic = false
        slowMode.interval = .zero
    }

    private mutating func tellWhatIsOver(before message: HostMessage, actions: inout [Action]) {
        switch message {
        case .lockChanged: over.removeAll { $0 == .locked(false) }
        case .topicChanged: over.removeAll { $0 == .topic("") }
        case .slowMode: over.removeAll { $0 == .slow(seconds: 0) }
        default:
            actions += over.map { .tell(.room($0)) }
            over = []
        }
    }

    /// When the room was so many seconds old, in seconds since 1970.
    func time(ofAge age: UInt32) -> Int64 { roomBegan + Int64(age) }

    /// When what comes now was said, in seconds since 1970: of what is read after an absence or a standstill; nil where it is as good as now.
    private func saidAt(age: UInt32) -> Int64? {
        guard isAway || isLate, let seconds = absenceTime.secondsAgo(roomAge: age, now: now) else { return nil }
        return wallTime - seconds
    }

    mutating func beginChain() {
        chain.begin(epoch: engine.epoch, after: expectedSequence &- 1, start: engine.chainStart)
    }

    /// Sends as much of the outbox as may be under way.
    mutating func sendWaiting(actions: inout [Action]) {
        while phase == .joined, !isAway, !upkeep.isStuck, window.count < outbox.count, maySendNow(outbox[window.count]),
            window.takes(outbox[window.count].content.byteCount)
        {
            transmit(window.count - 1, actions: &actions)
        }
    }

    /// The host has answered to a message; if it is one of the outbox, it leaves that.
    mutating func takeOut(_ messageID: MessageID) -> Unconfirmed? {
        guard let index = outbox.firstIndex(where: { $0.id == messageID }) else { return nil }
        let taken = outbox.remove(at: index)
        window.removed(taken.content.byteCount, at: index)
        return taken
    }

    private mutating func receivedInRoom(_ message: HostMessage, actions: inout [Action]) throws(RoomError) {
        if !over.isEmpty { tellWhatIsOver(before: message, actions: &actions) }
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
            actions.append(.tell(.memberAway(id: member, nick: nick, since: time(ofAge: since))))
        case .back(let member):
            guard let known = members[member] else { throw .malformed }
            guard let since = known.awaySince else { break }
            members[member]?.awaySince = nil
            actions.append(.tell(.memberBack(id: member, nick: known.nick, since: time(ofAge: since))))
        case .nickChanged(let member, let nick):
            guard let old = members[member]?.nick else { throw .malformed }
            members[member]?.rename(nick)
            if member == id { askedNick = nil }
            actions.append(.tell(.nickChanged(id: member, oldNick: old, nick: nick)))
        case .posted(let sequence, let from, let messageID, let age, let content):
            guard isNext(sequence, from: from, actions: &actions) else { return }
            show(messageID, sequence: sequence, from: from, to: nil, age: age, content: content, actions: &actions)
            chain.add(
                number: sequence, digest: MessageChain.digest(from: from, id: messageID, sealed: content))
        case .passed(let sequence, let digest):
            guard isNext(sequence, from: nil, actions: &actions) else { return }
            chain.add(number: sequence, digest: digest)
            actions.append(.tell(.passedOver(sequence: sequence)))
        case .privatePosted(let from, let receiver, let messageID, let age, let content):
            guard from == id || receiver == id else { throw .malformed }
            show(messageID, sequence: nil, from: from, to: receiver, age: age, content: content, actions: &actions)
        case .receipts(let receipts):
            for receipt in receipts {
                guard receipt.count <= receipt.of, sent.contains(receipt.id) else { throw .malformed }
                guard !unseen.contains(receipt.id) else { continue }
                actions.append(
                    .tell(
                        .acknowledged(
                            receipt.id, count: Int(receipt.count), of: Int(receipt.of), missed: Int(receipt.missed))))
            }
        case .moderated(let request):
            guard sent.contains(request) else { throw .malformed }
            requests.removeAll { $0.id == request }
        case .declined(let messageID, _) where messageID.value != 0 && !sent.contains(messageID):
            throw .malformed
        case .declined(let messageID, .alreadyAccepted):
            confirm(messageID, actions: &actions)
        case .declined(let messageID, .slow):
            holdBack(messageID, actions: &actions)
        case .declined(let messageID, let code):
            if messageID == MessageID(0) { askedNick = nil }
            requests.removeAll { $0.id == messageID }
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
            hasTopic = !text.isEmpty
            actions.append(.tell(.room(.topic(text))))
        case .lockChanged(let isLocked):
            isRoomLocked = isLocked
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
            isInviteRevoked = true
            actions.append(.tell(.warning(.inviteRevoked)))
        case .present, .admitted, .refused, .closing, .removed, .waiting, .groupInfo, .tree, .secret:
            throw .malformed
        }
    }

    /// Whether this number was not given before; what is missing before it is told of.
    private mutating func isNext(
        _ sequence: UInt64, from sender: MemberID?, actions: inout [Action]
    ) -> Bool {
        guard sequence >= expectedSequence, sequence < .max else {
            actions.append(.tell(.warning(sender.map(GroupError.replayed.warning) ?? .numberRepeated)))
            return false
        }
        if sequence > expectedSequence {
            actions.append(.tell(.warning(.gap(Int(clamping: sequence - expectedSequence)))))
            chain.skip(to: sequence - 1)
        }
        expectedSequence = sequence + 1
        return true
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
            if upkeep.isStuck, let sequence, error == .otherEpoch || !engine.members.contains(from) {
                return actions.append(.tell(.passedOver(sequence: sequence)))
            }
            // The place in the order is taken, so that nobody can say that something was withheld.
            actions.append(.tell(.warning(error.warning(about: from))))
            return
        } catch {
            actions.append(
                .tell(.warning(.init(.inputInvalid, "a message cannot be shown: member \(from) sent what is not text")))
            )
            return
        }
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
                        saidAt: saidAt(age: age)))))
    }

    mutating func confirm(_ messageID: MessageID, actions: inout [Action]) {
        guard let taken = takeOut(messageID) else { return }
        if taken.to == nil { slowMode.postedAt = now }
        switch taken.content {
        case .said: actions.append(.tell(.delivered(messageID)))
        case .check, .file: unseen.insert(messageID)
        }
        sendWaiting(actions: &actions)
    }

    /// The host has not taken a message.
    mutating func notTaken(_ messageID: MessageID, _ code: RoomCode, actions: inout [Action]) {
        if let taken = takeOut(messageID) {
            undelivered(taken, code.declination, actions: &actions)
        } else {
            actions.append(.tell(.error(code.declination)))
        }
        sendWaiting(actions: &actions)
    }

    mutating func undelivered(_ message: Unconfirmed, _ notice: ChatEvent.Notice, actions: inout [Action]) {
        if case .check = message.content, let receiver = message.to {
            return checkUndelivered(to: receiver, actions: &actions)
        }
        actions.append(.tell(.notSent(message.id)))
        actions.append(.tell(.error(notice)))
    }
}
