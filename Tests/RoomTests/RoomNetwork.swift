import Chat
import Sodium
import TestSupport
import Testing
import Wire

@testable import Room

/// A room and its members in one place, without sessions: links that lose nothing, and that a test can break and mend.
final class RoomNetwork {
    /// Marks the number of a private message among the tags.
    private static let tracked: UInt64 = 1 << 63

    var room: Room
    var now: Duration = .seconds(1_000)
    var peers: [Peer] = []
    /// Whom the host was asked about.
    var asked: [(id: MemberID, nick: String)] = []
    /// Whether members take the host for a relay.
    var isRelay = false
    /// What members that moderate have asked for.
    private(set) var moderated: [(what: Moderation, by: MemberID)] = []
    /// The keys for handshakes with the invites that the relay has known to be the group's, one after the other.
    private(set) var registered: [[UInt8]] = []
    /// The bytes of the answer that a link may send.
    private(set) var expected: [LinkID: Int] = [:]
    private var nextSlot = 1
    /// Rooms to which the same happens.
    private var replicas: [Replica] = []
    /// Says when a replica is made anew of a snapshot.
    var random = SeededRandom(seed: 1)
    /// What the host has on its disk; nil where the room is not kept.
    var disk: Disk?
    /// Who was to receive each message, by what was there when it was said.
    var audiences: [MessageID: Set<MemberID>] = [:]

    struct Replica {
        var room: Room
        /// What its clock is ahead.
        var ahead: Duration
    }

    init(limits: RoomLimits = RoomLimits(), closesAt: Duration? = nil) {
        SodiumLibrary.initialize()
        room = Room(limits: limits, closesAt: closesAt, book: PlainBook.self)
    }

    // MARK: Replicas

    /// From now on the same happens to two more rooms, which must be the same as the first one at all times: one that lives as
    /// long, and one that is made anew of a snapshot again and again, for a clock of another origin.
    func replicate(seed: UInt64) {
        random = SeededRandom(seed: seed)
        replicas = [Replica(room: room, ahead: .zero)] + restored()
    }

    private func restored() -> [Replica] {
        let ahead = Duration.milliseconds(random.below(1_000_000_000) - 500_000_000)
        do {
            let copy = try Room(
                snapshot: room.snapshot(now: now), limits: room.limits, book: PlainBook.self, now: now + ahead)
            return [Replica(room: copy, ahead: ahead)]
        } catch {
            Issue.record("a snapshot cannot be read: \(error)")
            return []
        }
    }

    /// What happens to the room, at this time; the replicas say the same to it, in the same order.
    func happened<Value: Equatable>(
        _ body: (inout Room, Duration, inout [RoomAction]) throws -> Value
    ) rethrows -> (value: Value, actions: [RoomAction]) {
        var actions: [RoomAction] = []
        let value: Value
        do {
            value = try body(&room, now, &actions)
        } catch {
            for index in replicas.indices { compare(index, nil, actions, body) }
            throw error
        }
        for index in replicas.indices { compare(index, value, actions, body) }
        if !replicas.isEmpty, random.below(40) == 0 { compareStates() }
        return (value, actions)
    }

    /// All that a snapshot shows of the replicas must be the same; one is made anew then.
    func compareStates() {
        let snapshot = room.snapshot(now: now)
        for replica in replicas {
            #expect(replica.room.snapshot(now: now + replica.ahead) == snapshot, "a replica has another state")
        }
        replicas = Array(replicas.prefix(1)) + restored()
    }

    private func compare<Value: Equatable>(
        _ index: Int, _ value: Value?, _ actions: [RoomAction],
        _ body: (inout Room, Duration, inout [RoomAction]) throws -> Value
    ) {
        var others: [RoomAction] = []
        let ahead = replicas[index].ahead
        let other = try? body(&replicas[index].room, now + ahead, &others)
        let isSame = other == value && actions == others.map { $0.earlier(by: ahead) }
        #expect(isSame, "a replica wants something else: \(actions), \(others)")
    }

    /// A new peer that asks to come in; nothing is carried yet. At a relay it has the group's present invite, if not another one.
    @discardableResult
    func add(
        nick: String = "", isHost: Bool = false, id: MemberID = MemberID(entropy: Random.uint32()),
        secretGeneration: UInt64? = nil
    ) -> Int {
        let peer = peers.count
        let group = PlainGroup(
            id: id, isAtRelay: isRelay, secretGeneration: secretGeneration ?? room.group.book?.secretGeneration ?? 0)
        peers.append(
            Peer(
                client: MemberClient(nick: nick, engine: group),
                key: [UInt8(truncatingIfNeeded: peer), UInt8(truncatingIfNeeded: peer >> 8)], isHost: isHost,
                way: peer, link: freshLink()))
        act(peer) { client, actions in client.connected(actions: &actions) }
        return peer
    }

    /// Peers that have come in.
    func joined(_ nicks: String...) throws -> [Int] {
        let added = nicks.map { add(nick: $0) }
        try carry()
        for peer in added { try #require(peers[peer].client.isJoined) }
        return added
    }

    /// The number of a private message, of a tag that marks one.
    static func number(of tag: UInt64) -> UInt64 { tag & ~tracked }

    func freshLink() -> LinkID {
        defer { nextSlot += 1 }
        return LinkID(slot: nextSlot)
    }

    /// Whether what the room says goes into its log, too.
    var isLogging = false

    /// The host is started anew, at a time that its clock calls `now`; the links of all break, and that of the host's own
    /// participant is another one's, who asks to come in.
    func restart(host: Int, at now: Duration) throws {
        for peer in peers.indices where peer != host { breakLink(peer) }
        var restored = try Room(
            snapshot: room.snapshot(now: self.now), limits: room.limits, book: PlainBook.self, now: now)
        for entry in room.log.encodedEntries(from: room.log.start) { try restored.restore(entry: entry) }
        self.now = now
        var links: [MemberID: LinkID] = [:]
        restored.restarted(now: now) { reader, _ in
            let link = freshLink()
            links[reader.member] = link
            return link
        }
        room = restored
        for peer in peers.indices where peer != host {
            let member = try id(peer)
            // Whoever has lost its place has none.
            if let link = links[member] { peers[peer].link = link }
            peers[peer].client.now = now
        }
        peers[host].client = MemberClient(nick: "host", engine: PlainGroup(id: try id(host)))
        peers[host].link = freshLink()
        peers[host].isAdmitted = false
        peers[host].toHost = []
        peers[host].toClient = []
        act(host) { client, actions in client.connected(actions: &actions) }
    }

    private func log(_ action: RoomAction) {
        guard isLogging else { return }
        switch action {
        case .send(let link, let message):
            guard let member = room.member(at: link), room.log.reader(of: member) != nil else { return }
            room.log.append(message, for: .one(member), records: 1)
        case .sendTracked(let link, let message, let number):
            guard let member = room.member(at: link) else { return }
            room.log.append(message, for: .one(member), records: 1, tracking: number)
        case .broadcast(let message, let tag, let audience):
            room.log.append(message, for: audience, records: 1, sequence: tag)
            if tag == 0, !Room.isRestored(message) { disk?.isDue = true }
        case .admit(let link, let member):
            let reader = room.openPlace(of: member, records: 0)
            if let peer = peer(at: link) { begin(peer, at: reader) }
        case .sendToEach, .pauseReading, .askHost, .invitesChanged, .expectLongMessage, .moderate, .release: break
        }
    }

    /// A clock in seconds since 1970.
    static func wallTime(at time: Duration) -> Int64 { 1_700_000_000 + time.components.seconds }

    // MARK: What people do

    func act(_ peer: Int, _ body: (inout MemberClient, inout [MemberClient.Action]) throws -> Void) rethrows {
        var actions: [MemberClient.Action] = []
        peers[peer].client.now = now
        peers[peer].client.wallTime = Self.wallTime(at: now)
        try body(&peers[peer].client, &actions)
        perform(actions, of: peer)
    }

    func say(_ text: String, _ peer: Int, to receiver: String? = nil) throws {
        try act(peer) { client, actions in
            try client.say(text, kind: .text, to: receiver, actions: &actions)
        }
    }

    /// A Commit as ``PlainGroup`` would make it.
    func commit(
        by id: MemberID, epoch: UInt64, adding: [MemberID] = [], removing: [MemberID] = [], welcome: [UInt8] = []
    ) -> GroupCommit {
        var commit = GroupCommit(
            epoch: epoch, commit: PlainGroup.commit(epoch: epoch, by: id, adding: adding, removing: removing),
            welcome: welcome)
        let after = Set(room.group.book?.members ?? []).subtracting(removing).union(adding)
        commit.groupInfo = PlainGroup.info(
            epoch: epoch + 1, after, (room.group.book as? PlainBook)?.roles ?? [],
            generation: room.group.book?.secretGeneration ?? 0)
        return commit
    }

    /// The room's epoch.
    var epoch: UInt64 { room.group.epoch }

    func id(_ peer: Int) throws -> MemberID {
        try #require(peers[peer].client.id)
    }

    /// What the person at the host does with the room.
    func moderate(_ body: (inout Room, inout [RoomAction]) throws -> Void) rethrows {
        var actions: [RoomAction] = []
        try body(&room, &actions)
        perform(actions)
    }

    /// The same where there are replicas.
    func moderateAll(_ body: (inout Room, Duration, inout [RoomAction]) throws -> Void) rethrows {
        let (_, actions) = try happened { room, now, actions in
            try body(&room, now, &actions)
            return true
        }
        perform(actions)
    }

    func expel(_ name: String, banned: Bool = false, reason: String = "") throws {
        try moderate { room, actions in
            room.expel(
                try room.member(named: name), banned: banned, reason: reason, now: now, actions: &actions)
        }
        try carry()
    }

    // MARK: What links do

    func breakLink(_ peer: Int) {
        peers[peer].isUp = false
        peers[peer].client.connectionLost()
        peers[peer].toHost = []
        peers[peer].toClient.removeAll { $0.message == nil }
        let link = peers[peer].link
        _ = happened { room, now, _ in
            room.linkLost(link, now: now)
            return room.linkGone(link)
        }
    }

    /// More waits for the peer than may: the host forgets it, and breaks the link.
    func overrun(_ peer: Int) {
        let link = peers[peer].link
        moderateAll { room, now, actions in
            room.overrun(link, now: now)
            room.receivedPrivately(actions: &actions)
        }
        peers[peer].isUp = false
        peers[peer].client.connectionLost()
        peers[peer].isReleased = true
    }

    /// The peer comes back: to its place, if the host still has it, else as somebody new.
    func mendLink(_ peer: Int, over reused: LinkID? = nil) {
        let link = reused ?? freshLink()
        peers[peer].isUp = true
        let key = peers[peer].key
        if let id = peers[peer].client.id, !peers[peer].isReleased, disk != nil {
            if goOn(peer, id, over: link) { return }
        } else if let id = peers[peer].client.id, !peers[peer].isReleased,
            let actions = resumed(id, key: key, link: link, before: peers[peer].link)
        {
            peers[peer].link = link
            peers[peer].toClient.append((nil, 0))
            return perform(actions)
        }
        peers[peer].link = link
        peers[peer].isReleased = false
        peers[peer].isAdmitted = false
        peers[peer].reader = nil
        peers[peer].toHost = []
        peers[peer].toClient = []
        act(peer) { client, actions in client.connected(actions: &actions) }
    }

    /// Carries everything on links that are up until nothing moves.
    func carry(of chosen: [Int]? = nil) throws {
        while try step(upTo: .max, of: chosen) {}
    }

    /// Carries at most `count` messages each way of each link, or of those chosen; whether any was carried.
    func step(upTo count: Int, of chosen: [Int]? = nil) throws -> Bool {
        var hasMoved = false
        let chosen = chosen ?? Array(peers.indices)
        for peer in chosen where peers[peer].isUp {
            let requests = Array(peers[peer].toHost.prefix(count))
            peers[peer].toHost.removeFirst(requests.count)
            for request in requests
            where peers[peer].isUp && (!peers[peer].isReleased || Room.isModeration(type: request.type)) {
                hasMoved = true
                do {
                    try receivedAtHost(request, from: peer)
                } catch RoomError.late {
                    breakLink(peer)
                } catch {
                    Issue.record("the room does not take \(request.type) of \(peer): \(error)")
                    throw error
                }
            }
        }
        for peer in chosen where peers[peer].isUp {
            let messages = Array(peers[peer].toClient.prefix(count))
            peers[peer].toClient.removeFirst(messages.count)
            for (message, tag) in messages where peers[peer].isUp {
                hasMoved = true
                do {
                    try act(peer) { client, actions in
                        guard let message else { return client.caughtUp(actions: &actions) }
                        try client.received(type: message.type, body: message.body, actions: &actions)
                    }
                } catch {
                    Issue.record("\(peer) does not take \(message.map(\.type) as Any): \(error)")
                    throw error
                }
                let link = peers[peer].link
                if message?.type == RoomMessageType.committed, disk == nil { followed(peer) }
                if tag & Self.tracked != 0 {
                    moderateAll { room, _, actions in
                        room.receivedPrivately(tag & ~Self.tracked, actions: &actions)
                    }
                } else if tag != 0 {
                    moderateAll { room, now, _ in room.acknowledged(sequence: tag, by: link, now: now) }
                }
            }
            if peers[peer].toClient.isEmpty, try readLog(peer, upTo: count) { hasMoved = true }
        }
        // The host has let go of those who are to come in anew, and their connections end.
        for peer in chosen
        where peers[peer].isUp && peers[peer].isReleased && peers[peer].ends.isEmpty && peers[peer].toClient.isEmpty
            && !hasMore(peer)
        {
            peers[peer].isUp = false
            peers[peer].client.connectionLost()
        }
        return hasMoved
    }

    func receivedAtHost(_ message: EncodedMessage, from peer: Int) throws {
        let peer = peers[peer]
        try moderateAll { room, now, actions in
            try room.received(
                type: message.type, body: message.body, from: peer.link, key: peer.key, isHost: peer.isHost,
                way: peer.way, now: now, actions: &actions)
        }
    }

    /// What the room wants when the member comes back over the link; nil if it does not go on where it was.
    private func resumed(_ id: MemberID, key: [UInt8], link: LinkID, before: LinkID) -> [RoomAction]? {
        let (old, actions) = happened { room, now, actions in
            room.resumed(session: id.wireValue, key: key, link: link, now: now, actions: &actions)
        }
        return old == before ? actions : nil
    }

    /// The peer has followed the group, and the host hears so.
    private func followed(_ peer: Int) {
        guard let id = peers[peer].client.id, !peers[peer].isReleased else { return }
        let epoch = min(peers[peer].client.engine.epoch, room.group.epoch)
        moderateAll { room, _, _ in
            guard let known = room.members[id] else { return }
            room.members[id]?.epoch = max(known.epoch, epoch)
            room.members[id]?.followed = max(known.followed, epoch)
        }
    }

    /// Whether the host goes on in the stay of that member.
    func resumes(_ session: UInt32, key: [UInt8], link: LinkID) -> Bool {
        var actions: [RoomAction] = []
        return room.resumed(session: session, key: key, link: link, now: now, actions: &actions) != nil
    }

    func timePassed(_ time: Duration) {
        now += time
        moderateAll { room, now, actions in room.timePassed(now: now, actions: &actions) }
    }

    func perform(_ actions: [RoomAction]) {
        for action in actions {
            log(action)
            switch action {
            case .send(let link, let message):
                if let peer = peer(at: link), peers[peer].reader == nil { peers[peer].toClient.append((message, 0)) }
            case .sendToEach(let links, let message):
                for link in links {
                    if let peer = peer(at: link) { peers[peer].toClient.append((message, 0)) }
                }
            case .sendTracked(let link, let message, let number):
                if let peer = peer(at: link), peers[peer].reader == nil {
                    peers[peer].toClient.append((message, Self.tracked | number))
                }
            case .broadcast(let message, let tag, let audience):
                remember(message, for: audience)
                for peer in peers.indices
                where peers[peer].isAdmitted && peers[peer].reader == nil && !peers[peer].isReleased
                    && isFor(peer, audience)
                {
                    peers[peer].toClient.append((message, tag))
                }
            case .admit(let link, _):
                if let peer = peer(at: link) { peers[peer].isAdmitted = true }
            case .pauseReading(let link, let until):
                if let peer = peer(at: link) { peers[peer].pauses.append(until - now) }
            case .askHost(_, let id, let nick):
                asked.append((id, nick))
            case .invitesChanged:
                if let key = room.groupInvite?.copy(), key != registered.last { registered.append(key) }
            case .moderate(let moderation, let by):
                moderated.append((moderation, by))
            case .expectLongMessage(let link, let byteCount):
                expected[link] = byteCount
            case .release(let link):
                _ = happened { room, _, _ in room.linkGone(link) }
                if let peer = peer(at: link) {
                    peers[peer].isReleased = true
                    end(peer)
                }
            }
        }
        record()
    }

    /// Who has left meanwhile hears what is for all.
    private func isFor(_ peer: Int, _ audience: RoomLog.Audience) -> Bool {
        audience == .all || room.isFor(peers[peer].client.engine.id, audience)
    }

    private func peer(at link: LinkID) -> Int? {
        peers.firstIndex { $0.link == link && !$0.isReleased }
    }

    private func perform(_ actions: [MemberClient.Action], of peer: Int) {
        for action in actions {
            switch action {
            case .send(let message):
                peers[peer].toHost.append(message)
                if message.type == RoomMessageType.join { peers[peer].joins.append(message) }
            case .admitted(let admission): peers[peer].admissions.append(admission)
            case .tell(let event): peers[peer].events.append(event)
            case .end(_, let refusal): peers[peer].ends.append(refusal)
            case .startOver:
                peers[peer].startOvers += 1
                breakLink(peer)
                peers[peer].isReleased = true
                peers[peer].toClient = []
            case .registered: peers[peer].invitesShown += 1
            case .offered, .moved, .hosts: break
            }
        }
        let isAdmitted = actions.contains { if case .admitted = $0 { true } else { false } }
        if isAdmitted { peers[peer].eventsOfStay = peers[peer].events.count }
    }
}

extension RoomAction {
    /// The same on a clock that is behind by so much.
    fileprivate func earlier(by time: Duration) -> RoomAction {
        if case .pauseReading(let link, let until) = self { .pauseReading(link, until: until - time) } else { self }
    }
}
