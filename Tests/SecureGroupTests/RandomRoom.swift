import Chat
import Room
import SecureGroup
import Sodium
import TestSupport
import Wire

/// An honest room with real groups, over links that carry a message when they are told to, break, and are mended. Member 0
/// is the host's own participant.
final class RandomRoom {
    final class Peer {
        let name: String
        let group: RoomGroup
        var client: MemberClient
        let key: [UInt8]
        var link: LinkID
        var isUp = true
        /// Gets what is broadcast.
        var isAdmitted = false
        /// The host has let go of this stay.
        var isReleased = false
        /// Wants to leave when all that it said is delivered.
        var isLeaving = false
        /// Has left, or was killed.
        var isGone = false
        var wasKilled = false
        var toHost: [EncodedMessage] = []
        /// Nil is the end of what waited when the link was mended.
        var toClient: [(message: EncodedMessage?, tag: UInt64)] = []
        /// All that it was told of the room's order: numbers and texts, and how much was missed.
        var told: [Told] = []
        var whispers: [String] = []
        var said: [String] = []
        var whispered: [String] = []
        var complaints: [String] = []

        init(name: String, group: RoomGroup, client: MemberClient, key: [UInt8], link: LinkID) {
            self.name = name
            self.group = group
            self.client = client
            self.key = key
            self.link = link
        }
    }

    enum Told: Equatable {
        case began(next: UInt64)
        case message(number: UInt64, text: String)
        case missed(Int)
        case passedOver(number: UInt64)
    }

    private(set) var room: Room
    /// Whether nobody takes part at the host.
    let isRelay: Bool
    private(set) var peers: [Peer] = []
    private(set) var sentOut: [Peer] = []
    private var peerOfLink: [LinkID: Peer] = [:]
    var now = Duration.seconds(1_000)
    var random: SeededRandom
    /// What has happened, by its name.
    private(set) var counts: [String: Int] = [:]
    private var nextSlot = 0

    init(seed: UInt64, isRelay: Bool = false) throws {
        SodiumLibrary.initialize()
        var limits = RoomLimits()
        limits.isRelay = isRelay
        limits.absence = .seconds(900)
        room = Room(limits: limits, closesAt: nil, book: PublicRoomGroup.self)
        self.isRelay = isRelay
        random = SeededRandom(seed: seed)
        try join()
        try carry()
    }

    /// Those who are in the room or on their way into it.
    var present: [Peer] { peers.filter { !$0.isGone } }

    func count(_ what: String) {
        counts[what, default: 0] += 1
    }

    // MARK: What people do

    func join() throws {
        let creator = peers.first?.group
        let group =
            isRelay
            ? RoomGroup(trust: creator?.secret.map(GroupTrust.secret) ?? .first, time: 1_000_000)
            : RoomGroup(creator: creator?.publicKey, time: 1_000_000)
        var spread = SeededRandom(seed: UInt64(random.below(1 << 30)))
        let peer = Peer(
            name: "m\(peers.count)", group: group,
            client: MemberClient(nick: "m\(peers.count)", engine: group, random: { UInt32(spread.below(1 << 30)) }),
            key: [UInt8(truncatingIfNeeded: peers.count), UInt8(truncatingIfNeeded: peers.count >> 8)],
            link: freshLink())
        peers.append(peer)
        peerOfLink[peer.link] = peer
        try act(peer) { client, actions in client.connected(actions: &actions) }
    }

    func say(_ peer: Peer) throws {
        peer.said.append("\(peer.name) says \(peer.said.count)")
        try act(peer) { client, actions in
            try client.say(peer.said.last ?? "", kind: .text, actions: &actions)
        }
    }

    /// To the first one, which keeps its place.
    func whisper(_ peer: Peer) throws {
        guard peer !== peers[0], peer.client.isJoined, peers[0].isUp else { return }
        peer.whispered.append("\(peer.name) whispers \(peer.whispered.count)")
        try act(peer) { client, actions in
            try client.say(peer.whispered.last ?? "", kind: .text, to: "m0", actions: &actions)
        }
    }

    func leaveIfDelivered(_ peer: Peer) throws {
        guard peer.isLeaving, peer.isUp, peer.client.isJoined, peer.client.outboxCount == 0 else { return }
        try act(peer) { client, actions in client.leave(actions: &actions) }
        try step(peer, upTo: .max)
        peer.isGone = true
        peerOfLink[peer.link] = nil
        count("left")
    }

    func kill(_ peer: Peer) {
        if peer.isUp { breakLink(peer) }
        peer.toHost = []
        peer.isGone = true
        peer.wasKilled = true
    }

    /// The first one, who moderates a relay's room, sends the peer out, and the group gets another secret.
    func sendOut(_ peer: Peer) throws {
        guard isRelay, peers[0].isUp, peers[0].client.isModerator, peer !== peers[0],
            sentOut.count < RoomLimits.groupInvites - 1,
            // Who is on its way in for the first time would need the new invite.
            present.allSatisfy({ $0.client.id != nil })
        else { return }
        try act(peers[0]) { client, actions in
            try client.moderate(.kick(peer.group.id.description, reason: "", keepsInvites: false), actions: &actions)
        }
        try carry()
        kill(peer)
        sentOut.append(peer)
        count("sent out")
        try passCarrying(.seconds(45))
    }

    func act(_ peer: Peer, _ body: (inout MemberClient, inout [MemberClient.Action]) throws -> Void) throws {
        var actions: [MemberClient.Action] = []
        peer.client.now = now
        try body(&peer.client, &actions)
        for action in actions {
            switch action {
            case .send(let message): peer.toHost.append(message)
            case .admitted(let admission): peer.told.append(.began(next: admission.nextSequence))
            case .tell(let event): heard(event, peer)
            case .end(_, let refusal):
                if let refusal { peer.complaints.append("refused: \(refusal.code)") }
            case .startOver: peer.complaints.append("could not follow the group")
            case .registered, .offered, .moved, .hosts: break
            }
        }
    }

    private func heard(_ event: ChatEvent, _ peer: Peer) {
        switch event {
        case .message(let message):
            if let number = message.sequence {
                peer.told.append(.message(number: number, text: message.text))
            } else if !message.isOwn {
                peer.whispers.append(message.text)
            }
        case .passedOver(let number):
            peer.told.append(.passedOver(number: number))
        case .warning(let notice) where notice.code == .messagesMissed:
            peer.told.append(.missed(notice.count ?? 0))
        case .warning(let notice) where notice.code == .inviteRenewed: count("renewals told")
        case .warning(let notice), .error(let notice):
            peer.complaints.append("\(notice.code): \(notice.message)")
        default:
            break
        }
    }

    // MARK: What links do

    private func freshLink() -> LinkID {
        defer { nextSlot += 1 }
        return LinkID(slot: nextSlot)
    }

    func breakLink(_ peer: Peer) {
        peer.isUp = false
        peer.client.connectionLost()
        peer.toHost = []
        peer.toClient.removeAll { $0.message == nil }
        room.linkGone(peer.link)
        room.linkLost(peer.link, now: now)
    }

    /// More waits for it than may: the host forgets its session.
    func overrun(_ peer: Peer) {
        if peer.isUp { breakLink(peer) }
        room.overrun(peer.link, now: now)
        peer.isReleased = true
    }

    /// The peer comes back: to its session, if the host still has it, else by joining anew.
    func mend(_ peer: Peer) throws {
        let link = freshLink()
        peer.isUp = true
        peerOfLink[link] = peer
        var actions: [RoomAction] = []
        if let id = peer.client.id, !peer.isReleased,
            let old = room.resumed(
                session: id.wireValue, key: peer.key, link: link, now: now, actions: &actions), old == peer.link
        {
            peerOfLink[old] = nil
            peer.link = link
            peer.toClient.append((nil, 0))
            return perform(actions)
        }
        peerOfLink[peer.link] = nil
        peer.link = link
        peer.isReleased = false
        peer.isAdmitted = false
        peer.toHost = []
        peer.toClient = []
        count("joined anew")
        try act(peer) { client, actions in client.connected(actions: &actions) }
    }

    /// Carries everything on links that are up until nothing moves.
    func carry() throws {
        while try !present.filter({ try step($0, upTo: .max) }).isEmpty {}
    }

    /// Carries at most `count` messages each way; whether there were any.
    @discardableResult
    func step(_ peer: Peer, upTo count: Int) throws -> Bool {
        guard peer.isUp else { return false }
        let hasSent = try deliverToHost(peer, upTo: count)
        let hasHeard = try deliverToMember(peer, upTo: count)
        try leaveIfDelivered(peer)
        return hasSent || hasHeard
    }

    @discardableResult
    func deliverToHost(_ peer: Peer, upTo count: Int = .max) throws -> Bool {
        let requests = Array(peer.toHost.prefix(count))
        peer.toHost.removeFirst(requests.count)
        for request in requests where !peer.isReleased {
            var actions: [RoomAction] = []
            try room.received(
                type: request.type, body: request.body, from: peer.link, key: peer.key,
                isHost: peer === peers[0] && !isRelay, now: now, actions: &actions)
            perform(actions)
        }
        return !requests.isEmpty
    }

    @discardableResult
    func deliverToMember(_ peer: Peer, upTo count: Int = .max) throws -> Bool {
        let messages = Array(peer.toClient.prefix(count))
        peer.toClient.removeFirst(messages.count)
        for (message, tag) in messages where !peer.isGone {
            try act(peer) { client, actions in
                guard let message else { return client.caughtUp(actions: &actions) }
                try client.received(type: message.type, body: message.body, actions: &actions)
            }
            if tag != 0 { room.acknowledged(sequence: tag, by: peer.link, now: now) }
        }
        return !messages.isEmpty
    }

    /// Time passes, in which what links that are up carry arrives: a host that removes nobody from the group for a minute would
    /// be told of.
    func passCarrying(_ time: Duration) throws {
        let end = now + time
        while now < end {
            try pass(min(.seconds(5), end - now))
            try carry()
        }
    }

    func pass(_ time: Duration) throws {
        now += time
        var actions: [RoomAction] = []
        room.timePassed(now: now, actions: &actions)
        perform(actions)
        for peer in present {
            try act(peer) { client, actions in client.timePassed(actions: &actions) }
        }
    }

    private func perform(_ actions: [RoomAction]) {
        for action in actions {
            switch action {
            case .send(let link, let message), .sendTracked(let link, let message, _):
                if let peer = peerOfLink[link], !peer.isReleased { peer.toClient.append((message, 0)) }
            case .sendToEach(let links, let message):
                for link in links {
                    if let peer = peerOfLink[link], !peer.isReleased { peer.toClient.append((message, 0)) }
                }
            case .broadcast(let message, let tag, let audience):
                if message.type == 0x22 { count("Commits") }
                if message.type == 0x3a { count("passed over") }
                for peer in peerOfLink.values
                where peer.isAdmitted && !peer.isReleased && (audience == .all || room.isFor(peer.group.id, audience)) {
                    peer.toClient.append((message, tag))
                }
            case .admit(let link, _): peerOfLink[link]?.isAdmitted = true
            case .release(let link):
                room.linkGone(link)
                guard let peer = peerOfLink[link] else { continue }
                peer.isReleased = true
                if peer.isGone { peerOfLink[link] = nil }
            case .pauseReading: count("paused")
            case .moderate(.expel(let id, _, _, _), let moderator):
                var more: [RoomAction] = []
                room.spoilInvite(by: id, sentOutBy: moderator, now: now)
                room.expel(id, banned: false, reason: "", now: now, actions: &more)
                perform(more)
            case .askHost, .invitesChanged, .expectLongMessage, .moderate: break
            }
        }
    }
}
