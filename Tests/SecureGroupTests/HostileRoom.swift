import Chat
import Room
import SecureGroup
import Sodium
import Testing
import Wire

/// A room with real groups, whose host may change what it sends to each member. Member 0 is the host's own participant.
final class HostileRoom {
    struct Peer {
        let group: RoomGroup
        var client: MemberClient
        var link: LinkID
        var isUp = true
        var isAdmitted = false
        var wasSentOut = false
        var incoming: [EncodedMessage] = []
        var events: [ChatEvent] = []
        var refusal: ChatEvent.Notice?
        var startOvers = 0
        var invitesShown = 0

        var errors: [NoticeCode] {
            events.compactMap { if case .error(let notice) = $0 { notice.code } else { nil } }
        }
        var warnings: [NoticeCode] {
            events.compactMap { if case .warning(let notice) = $0 { notice.code } else { nil } }
        }
        var texts: [String] {
            events.compactMap { if case .message(let message) = $0 { message.text } else { nil } }
        }
    }

    var room: Room
    /// Whether nobody takes part at the host; then member 0 has created the group.
    private let isRelay: Bool
    var now = Duration.seconds(1)
    private(set) var peers: [Peer] = []
    /// What becomes of a message to a peer: as many messages as the host likes.
    var tamper: (Int, HostMessage) -> [HostMessage] = { [$1] }
    /// What a peer really says to the room.
    var utter: (Int, MemberRequest) -> MemberRequest = { $1 }
    /// All that was broadcast, as the room said it.
    private(set) var broadcasts: [HostMessage] = []

    /// Ids of messages differ, and nobody waits before a Commit: the pause is a part of 1,024.
    private let random: () -> UInt32 = { Random.uint32() << 10 }

    init(_ nicks: String..., isRelay: Bool = false) throws {
        SodiumLibrary.initialize()
        var limits = RoomLimits()
        limits.isRelay = isRelay
        room = Room(limits: limits, closesAt: nil, book: PublicRoomGroup.self)
        self.isRelay = isRelay
        for nick in nicks { try join(nick) }
        for peer in peers { try #require(peer.client.isJoined) }
    }

    /// Somebody comes in, who expects `creator`, else the first one, to have created the group.
    @discardableResult
    func join(
        _ nick: String, creator: Ed25519.PublicKey? = nil, signingKey: consuming Ed25519.KeyPair = Ed25519.KeyPair()
    ) throws -> Int {
        let trust: GroupTrust =
            if let creator {
                .creator(creator)
            } else if isRelay {
                peers.first?.group.secret.map(GroupTrust.secret) ?? .first
            } else {
                peers.first.map { .creator($0.group.publicKey) } ?? .host
            }
        let group = RoomGroup(trust: trust, time: 1_000_000, signingKey: signingKey)
        let index = peers.count
        peers.append(
            Peer(
                group: group, client: MemberClient(nick: nick, engine: group, random: random),
                link: LinkID(slot: index)))
        try act(index) { client, actions in client.connected(actions: &actions) }
        try carry()
        return index
    }

    func act(_ peer: Int, _ body: (inout MemberClient, inout [MemberClient.Action]) throws -> Void) throws {
        var actions: [MemberClient.Action] = []
        peers[peer].client.now = now
        try body(&peers[peer].client, &actions)
        for action in actions {
            switch action {
            case .send(let message): try toRoom(message, from: peer)
            case .tell(let event): peers[peer].events.append(event)
            case .end(_, let refusal): peers[peer].refusal = refusal
            case .startOver:
                peers[peer].startOvers += 1
                peers[peer].isAdmitted = false
                peers[peer].incoming = []
            case .admitted: break
            case .registered: peers[peer].invitesShown += 1
            case .offered, .moved, .hosts: break
            }
        }
    }

    /// The peer's connection breaks; what was on its way to it comes when it is back.
    func breakLink(_ peer: Int) {
        peers[peer].isUp = false
        room.linkLost(peers[peer].link, now: now)
    }

    /// The peer comes back to its place.
    func mendLink(_ peer: Int) throws {
        let link = LinkID(slot: peers[peer].link.slot + 1_000)
        guard let id = peers[peer].client.id else { return }
        var actions: [RoomAction] = []
        _ = room.resumed(session: id.wireValue, key: [UInt8(peer)], link: link, now: now, actions: &actions)
        peers[peer].link = link
        peers[peer].isUp = true
        try perform(actions)
        try carry()
    }

    /// Who moderates sends the peer out.
    func expel(_ peer: Int, by moderator: Int) throws {
        let id = peers[peer].group.id
        try act(moderator) { client, actions in
            try client.moderate(.kick(id.description, reason: "", keepsInvites: false), actions: &actions)
        }
        if isRelay { room.spoilInvite(by: id, sentOutBy: peers[moderator].group.id, now: now) }
        var actions: [RoomAction] = []
        room.expel(id, banned: false, reason: "", now: now, actions: &actions)
        try perform(actions)
        peers[peer].isUp = false
        peers[peer].wasSentOut = true
        try carry()
    }

    /// The peer joins anew over another connection.
    func joinAnew(_ peer: Int) throws {
        peers[peer].link = LinkID(slot: peers[peer].link.slot + 1_000)
        peers[peer].incoming = []
        try act(peer) { client, actions in client.connected(actions: &actions) }
        try carry()
    }

    private func toRoom(_ message: EncodedMessage, from peer: Int) throws {
        var actions: [RoomAction] = []
        let message = utter(peer, try MemberRequest(type: message.type, body: message.body)).encoded
        try room.received(
            type: message.type, body: message.body, from: peers[peer].link, key: [UInt8(peer)],
            isHost: peer == 0 && !isRelay,
            now: now, actions: &actions)
        try perform(actions)
    }

    private func perform(_ actions: [RoomAction]) throws {
        for action in actions {
            switch action {
            case .send(let link, let message), .sendTracked(let link, let message, _):
                try send(message, to: link.slot % 1_000)
            case .sendToEach(let links, let message):
                for link in links { try send(message, to: link.slot % 1_000) }
            case .broadcast(let message, _, let audience):
                broadcasts.append(try HostMessage(type: message.type, body: message.body))
                for index in peers.indices
                where peers[index].isAdmitted
                    && (audience == .all || room.isFor(peers[index].group.id, audience))
                {
                    try send(message, to: index)
                }
            case .admit(let link, _): peers[link.slot % 1_000].isAdmitted = true
            case .release(let link): peers[link.slot % 1_000].isAdmitted = false
            case .pauseReading, .askHost, .invitesChanged, .expectLongMessage, .moderate: break
            }
        }
    }

    private func send(_ message: EncodedMessage, to peer: Int) throws {
        let sent = tamper(peer, try HostMessage(type: message.type, body: message.body))
        peers[peer].incoming += sent.map(\.encoded)
    }

    /// The host says something on its own account.
    func say(_ message: HostMessage, to peer: Int) throws {
        peers[peer].incoming.append(message.encoded)
        try carry()
    }

    /// The same, to be carried with all that is under way.
    func whisper(_ message: HostMessage, to peer: Int) {
        peers[peer].incoming.append(message.encoded)
    }

    func carry() throws {
        while let peer = peers.indices.first(where: { !peers[$0].incoming.isEmpty && peers[$0].isUp }) {
            let message = peers[peer].incoming.removeFirst()
            try act(peer) { client, actions in
                try client.received(type: message.type, body: message.body, actions: &actions)
            }
        }
    }

    func say(_ text: String, _ peer: Int, to receiver: String? = nil) throws {
        try act(peer) { client, actions in
            try client.say(text, kind: .text, to: receiver, actions: &actions)
        }
        try carry()
    }

    func pass(_ time: Duration) throws {
        now += time
        for peer in peers.indices where !peers[peer].wasSentOut {
            try act(peer) { client, actions in client.timePassed(actions: &actions) }
        }
        try carry()
    }

    /// The same, for the room too.
    func passAll(_ time: Duration) throws {
        now += time
        var actions: [RoomAction] = []
        room.timePassed(now: now, actions: &actions)
        try perform(actions)
        try carry()
        try pass(.zero)
    }

    /// The `posted` messages that the room has broadcast.
    var posts: [HostMessage] {
        broadcasts.filter { if case .posted = $0 { true } else { false } }
    }
}
