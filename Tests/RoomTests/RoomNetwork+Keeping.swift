import Chat
import TestSupport
import Testing
import Wire

@testable import Room

/// A kept room: what it says is read from its log, and it can be killed at any moment and goes on from what is on the disk.
extension RoomNetwork {
    /// A host with alice and bob, whose room says what it says into its log.
    static func kept(closesAt: Duration? = nil) throws -> RoomNetwork {
        let network = RoomNetwork(closesAt: closesAt)
        network.add(nick: "host", isHost: true)
        try network.carry()
        _ = try network.joined("alice", "bob")
        for peer in network.peers.indices { _ = network.room.openPlace(of: try network.id(peer), records: 0) }
        network.isLogging = true
        return network
    }

    struct Disk {
        var snapshot: [UInt8]
        /// When that was made.
        var time: Duration
        /// The log's entries from `first` on.
        var first: UInt64
        var entries: [[UInt8]] = []
        /// What the host's own participant has received, and what of it is on the disk.
        var heard: UInt64 = 0
        var received: UInt64 = 0
        /// The room has changed in a way that its entries do not show.
        var isDue = false
        var silentChanges = 0
        /// How often the room was killed.
        var kills = 0
    }

    /// From now on the room is kept, as its host and its journal do that.
    func keep(seed: UInt64) {
        random = SeededRandom(seed: seed)
        isLogging = true
        disk = Disk(snapshot: room.snapshot(now: now), time: now, first: room.log.end)
    }

    /// A turn is over: its entries are on the disk, and a snapshot where they are not enough, or now and then.
    func record() {
        guard var disk else { return }
        disk.entries += room.log.encodedEntries(from: disk.first + UInt64(disk.entries.count))
        if random.below(4) == 0 { disk.received = disk.heard }
        if disk.isDue || disk.silentChanges != room.silentChanges || random.below(300) == 0 {
            disk.snapshot = room.snapshot(now: now)
            disk.time = now
            disk.isDue = false
            disk.silentChanges = room.silentChanges
            disk.entries.removeFirst(Int(room.log.start - disk.first))
            disk.first = room.log.start
        }
        self.disk = disk
        if random.below(50) == 0 { expectNobody(isIn: room.log.trim(isIdle: true)) }
    }

    private func expectNobody(isIn gone: [MemberID]) { #expect(gone.isEmpty) }

    /// The host's process is killed and started anew. All links break, and the host's own participant, where there is one, asks
    /// to come in.
    func kill(host: Int?) throws {
        guard var disk else { return }
        for peer in peers.indices where peers[peer].isUp { breakLink(peer) }
        var restored = try Room(
            snapshot: disk.snapshot, limits: room.limits, book: PlainBook.self, now: disk.time)
        for entry in disk.entries { try restored.restore(entry: entry) }
        try #require(restored.isWhole)
        restored.hostHadReceived(upTo: disk.received)
        var links: [MemberID: LinkID] = [:]
        restored.restarted(now: now) { reader, _ in
            let link = freshLink()
            links[reader.member] = link
            return link
        }
        // It may be killed again before anything else happens.
        let written = restored.snapshot(now: now)
        var again = try Room(snapshot: written, limits: room.limits, book: PlainBook.self, now: now)
        for entry in restored.log.encodedEntries(from: restored.log.start) { try again.restore(entry: entry) }
        try #require(again.snapshot(now: now) == written)
        room = restored
        disk.silentChanges = 0
        disk.isDue = true
        disk.kills += 1
        self.disk = disk
        for peer in peers.indices {
            peers[peer].link = links[peers[peer].client.engine.id] ?? freshLink()
            peers[peer].toClient = []
        }
        // What it sends the room hears at once.
        if let host {
            comeInAnew(host)
            try carry(of: [host])
        }
    }

    private func comeInAnew(_ host: Int) {
        let old = peers[host].client
        peers[host].client = MemberClient(nick: "host", engine: PlainGroup(id: old.engine.id))
        peers[host].isReleased = true
        mendLink(host)
    }

    // MARK: Places

    /// The peer has its place in the log.
    func begin(_ peer: Int, at reader: RoomLog.Reader) {
        guard disk != nil else { return }
        peers[peer].reader = reader
        peers[peer].records = 0
        peers[peer].acknowledged = 0
        peers[peer].waiting = nil
    }

    /// The host lets go of the peer, which gets what there is now.
    func end(_ peer: Int) {
        guard disk != nil, var reader = peers[peer].reader else { return }
        room.log.end(&reader)
        peers[peer].reader = reader
        room.log.close(reader.member)
    }

    /// The peer comes back to its place over the link. Returns whether it has one still.
    func goOn(_ peer: Int, _ id: MemberID, over link: LinkID) -> Bool {
        var actions: [RoomAction] = []
        guard peers[peer].client.isJoined, room.credentials(of: id)?.key == peers[peer].key,
            let position = room.log.resume(id, after: peers[peer].records),
            room.resumed(
                session: id.wireValue, key: peers[peer].key, link: link, now: now, actions: &actions) != nil
        else { return false }
        peers[peer].link = link
        peers[peer].reader = position.reader
        peers[peer].records = position.records
        peers[peer].acknowledged = position.records
        peers[peer].waiting = position.waiting
        room.acknowledged(sequence: position.sequence, by: link, now: now)
        room.receivedPrivately(actions: &actions)
        perform(actions)
        catchUp(peer)
        return true
    }

    private func catchUp(_ peer: Int) {
        guard peers[peer].waiting == 0 else { return }
        peers[peer].waiting = nil
        act(peer) { client, actions in client.caughtUp(actions: &actions) }
    }

    func hasMore(_ peer: Int) -> Bool { peers[peer].reader.map { room.log.hasUnread($0) } == true }

    /// Gives the peer at most so many entries; whether there was one. It acknowledges now and then.
    func readLog(_ peer: Int, upTo count: Int) throws -> Bool {
        guard disk != nil else { return false }
        var given = 0
        while given < count, peers[peer].isUp, var reader = peers[peer].reader {
            var messages: [EncodedMessage] = []
            room.log.read(reader, limit: 1, into: &messages)
            guard let message = messages.first else { break }
            room.log.advance(&reader, by: 1)
            peers[peer].reader = reader
            peers[peer].records += 1
            given += 1
            try checkReceipts(message)
            try act(peer) { client, actions in
                try client.received(type: message.type, body: message.body, actions: &actions)
            }
            if let waiting = peers[peer].waiting { peers[peer].waiting = waiting - 1 }
            if peers[peer].isUp { catchUp(peer) }
        }
        if peers[peer].isUp, count == .max || random.below(3) > 0 { acknowledge(peer) }
        return given > 0
    }

    private func acknowledge(_ peer: Int) {
        let records = peers[peer].records
        guard records != peers[peer].acknowledged, let member = peers[peer].reader?.member,
            let sequence = room.log.acknowledged(records, by: member)
        else { return }
        peers[peer].acknowledged = records
        room.acknowledged(sequence: sequence, by: peers[peer].link, now: now)
        if peers[peer].isHost, sequence > 0 { disk?.heard = sequence }
        moderateAll { room, _, actions in room.receivedPrivately(actions: &actions) }
    }

    // MARK: Receipts

    /// Notes who is to receive it, if it is a post.
    func remember(_ message: EncodedMessage, for audience: RoomLog.Audience) {
        guard disk != nil,
            case .posted(_, let sender, let id, _, _)? = try? HostMessage(type: message.type, body: message.body)
        else { return }
        audiences[id] = Set(room.members.values.map(\.id).filter { $0 != sender && room.isFor($0, audience) })
    }

    private func checkReceipts(_ message: EncodedMessage) throws {
        guard case .receipts(let list)? = try? HostMessage(type: message.type, body: message.body) else { return }
        for receipt in list {
            // Else it was said to one alone.
            guard let audience = audiences[receipt.id] else { continue }
            try #require(receipt.count <= receipt.of, "more have received it than are to")
            try #require(
                Int(receipt.of) + Int(receipt.missed) <= audience.count, "more have received or missed it than could")
        }
    }
}
