import Chat
import TestSupport
import Testing
import Wire

@testable import Room

/// Rooms that are written and read, and that go on when their host was started anew. That a room which was read behaves like
/// the one that was written, whatever happens, is shown by ``RoomSimulationTests``.
@Suite struct RoomSnapshotTests {
    private func read(
        _ bytes: [UInt8], limits: RoomLimits = RoomLimits(), now: Duration = .zero
    ) throws(SnapshotError) -> Room {
        try Room(snapshot: bytes, limits: limits, book: PlainBook.self, now: now)
    }

    @Test("Damage, another version and another kind are told apart, and no damage is a trap")
    func damage() throws {
        let network = try RoomNetwork.kept(closesAt: .seconds(5_000))
        let bytes = network.room.snapshot(now: network.now)
        #expect(try read(bytes, now: network.now).snapshot(now: network.now) == bytes)
        for count in 0..<bytes.count {
            #expect(throws: SnapshotError.damaged) { try read(Array(bytes.prefix(count))) }
        }
        #expect(throws: SnapshotError.damaged) { try read(bytes + [0]) }
        #expect(throws: SnapshotError.otherVersion(1)) { try read([1] + bytes.dropFirst()) }
        var limits = RoomLimits()
        limits.isRelay = true
        #expect(throws: SnapshotError.otherKind) { try read(bytes, limits: limits) }
        for bit in 8..<8 * bytes.count {
            guard var room = try? read(bytes.flippingBit(bit)) else { continue }
            var actions: [RoomAction] = []
            room.restarted(now: .zero) { reader, _ in LinkID(slot: Int(reader.member.wireValue)) }
            room.timePassed(now: .seconds(100_000), actions: &actions)
        }
    }

    @Test func whereItHasMoved() throws {
        let network = try RoomNetwork.kept(closesAt: .seconds(5_000))
        let place = OnionPlace(key: Array(1...32), port: 12_345)
        var actions: [RoomAction] = []
        network.room.move(to: place, actions: &actions)
        let bytes = network.room.snapshot(now: network.now)
        let again = try read(bytes, now: network.now)
        #expect(again.settings.movedTo == place && again.snapshot(now: network.now) == bytes)
        for count in 0..<bytes.count {
            #expect(throws: SnapshotError.damaged) { try read(Array(bytes.prefix(count))) }
        }
        for bit in 8..<8 * bytes.count { _ = try? read(bytes.flippingBit(bit)) }
    }

    @Test("A clock with another origin, or one that was put back, changes nothing but the origin")
    func time() throws {
        let network = try RoomNetwork.kept(closesAt: .seconds(5_000))
        let bytes = network.room.snapshot(now: network.now)
        for now in [Duration.zero, .seconds(-3), .seconds(1_000_000)] {
            let room = try read(bytes, now: now)
            #expect(room.secondsLeft(now: now) == 4_000)
            #expect(room.snapshot(now: now) == bytes)
        }
    }

    @Test("What was said since the snapshot comes from the log: nothing is given out twice")
    func entriesSince() throws {
        let network = try RoomNetwork.kept(closesAt: .seconds(5_000))
        try network.say("before", 1)
        try network.carry()
        let snapshot = network.room.snapshot(now: network.now)
        try network.say("after", 2)
        try network.say("in private", 1, to: "bob")
        try network.say("more", 0)
        try network.carry()
        var room = try read(snapshot, now: network.now)
        for entry in network.room.log.encodedEntries(from: network.room.log.start) { try room.restore(entry: entry) }
        #expect(room.isWhole && room.nextSequence == 4 && room.log.end == network.room.log.end)
        #expect(room.recent.inOrder == network.room.recent.inOrder)
        #expect(room.receipts.posts.nextSequence == 4)
        var copy = network.room.receipts.privately
        let host = try network.id(0)
        let (number, expected) = (
            room.receipts.privately.posted(MessageID(1), by: host), copy.posted(MessageID(1), by: host)
        )
        #expect(number == expected)
        // A hole is damage.
        var holed = try read(snapshot, now: network.now)
        #expect(throws: SnapshotError.damaged) {
            for entry in network.room.log.encodedEntries(from: network.room.log.start)
            where try RoomLog.Entry(encoded: entry).sequence != 2 {
                try holed.restore(entry: entry)
            }
        }
    }

    @Test("Nicks, topic, lock and slow mode come from the log, too: they need no snapshot")
    func changesSince() throws {
        let network = try RoomNetwork.kept(closesAt: .seconds(5_000))
        let before = network.room.snapshot(now: network.now)
        try network.act(1) { client, actions in try client.changeNick(to: "alicia", actions: &actions) }
        try network.carry()
        network.moderate { room, actions in
            room.setTopic("dogs", actions: &actions)
            room.setLocked(true, actions: &actions)
            room.setSlowMode(seconds: 7, actions: &actions)
        }
        try network.act(2) { client, actions in try client.changeNick(to: "alice", actions: &actions) }
        try network.carry()
        var room = try read(before, now: network.now)
        for entry in network.room.log.encodedEntries(from: network.room.log.start) { try room.restore(entry: entry) }
        #expect(room.settings.topic == "dogs" && room.settings.isLocked && room.settings.slowInterval == .seconds(7))
        #expect(room.members.inOrder.map(\.nick.text) == ["host", "alicia", "alice"])
        #expect(room.names.ofNick == network.room.names.ofNick)
        // What was said to one alone changes nothing.
        let bob = try network.id(2)
        var other = try read(before, now: network.now)
        network.room.log.append(HostMessage.topicChanged("mice").encoded, for: .one(bob), records: 1)
        for entry in network.room.log.encodedEntries(from: network.room.log.start) { try other.restore(entry: entry) }
        #expect(other.settings.topic == "dogs")
        // Of somebody who is not there it is damage.
        network.room.log.append(HostMessage.nickChanged(MemberID(entropy: 99), "x").encoded, for: .all, records: 1)
        let last = try #require(network.room.log.encodedEntries(from: network.room.log.end - 1).first)
        #expect(throws: SnapshotError.damaged) { try other.restore(entry: last) }
    }

    @Test("Who has spoken in slow mode waits as long where the host was killed meanwhile")
    func slowSince() throws {
        let network = try RoomNetwork.kept(closesAt: .seconds(5_000))
        network.moderate { room, actions in room.setSlowMode(seconds: 60, actions: &actions) }
        try network.carry()
        network.timePassed(.seconds(60))
        let before = network.room.snapshot(now: network.now)
        network.now += .seconds(10)
        try network.say("one", 1)
        try network.say("host", 0)
        try network.carry()
        var room = try read(before, now: network.now - .seconds(10))
        for entry in network.room.log.encodedEntries(from: network.room.log.start) { try room.restore(entry: entry) }
        let (host, alice) = (try network.id(0), try network.id(1))
        #expect(room.members[alice]?.postedAt == network.now && room.members[host]?.postedAt == nil)
        for (time, isTooSoon) in [(Duration.seconds(59), true), (.seconds(60), false)] {
            #expect(room.isTooSoon(MessageID(7), from: alice, now: network.now + time) == isTooSoon)
            room.members[alice]?.heldID = nil
        }
    }

    @Test("What the host's own participant had received counts after a restart, and what it had not was missed")
    func receiptsOfTheHost() throws {
        let network = try RoomNetwork.kept(closesAt: .seconds(5_000))
        let before = network.room.snapshot(now: network.now)
        let (alice, host, bob) = (try network.id(1), try network.id(0), try network.id(2))
        for text in ["one", "two", "three"] { try network.say(text, 1) }
        try network.carry()
        let first = network.room.nextSequence - 3
        var room = try read(before, now: network.now)
        for entry in network.room.log.encodedEntries(from: network.room.log.start) { try room.restore(entry: entry) }
        room.hostHadReceived(upTo: first + 1)
        // Neither is there more to have received, nor does it forget.
        room.hostHadReceived(upTo: first + 3)
        room.hostHadReceived(upTo: first)
        #expect(room.members[host]?.receivedSequence == first + 1)
        room.restarted(now: network.now) { reader, _ in LinkID(slot: Int(reader.member.wireValue)) }
        var actions: [RoomAction] = []
        for id in [alice, bob] {
            let key = try #require(room.members[id]?.key)
            let link = LinkID(slot: Int(id.wireValue) + 1_000_000)
            _ = room.resumed(session: id.wireValue, key: key, link: link, now: network.now, actions: &actions)
            room.acknowledged(sequence: first + 2, by: link, now: network.now)
        }
        actions = []
        room.timePassed(now: network.now + .seconds(120), actions: &actions)
        var receipts: [HostMessage.Receipt] = []
        for case .send(_, let message) in actions {
            if case .receipts(let list)? = try? HostMessage(type: message.type, body: message.body) { receipts += list }
        }
        #expect(receipts.map(\.count) == [2, 2, 1] && receipts.map(\.of) == [2, 2, 1])
        #expect(receipts.map(\.missed) == [0, 0, 1])
    }

    @Test("Who spoke was there, though the snapshot had it away: no more have got a message than are to")
    func senderWhoIsAway() throws {
        let network = try RoomNetwork.kept(closesAt: .seconds(5_000))
        for peer in 1...2 { network.breakLink(peer) }
        let before = network.room.snapshot(now: network.now)
        for peer in 1...2 { network.mendLink(peer) }
        try network.carry()
        try network.say("one", 1)
        try network.carry()
        let (host, alice) = (try network.id(0), try network.id(1))
        var room = try read(before, now: network.now)
        for entry in network.room.log.encodedEntries(from: network.room.log.start) { try room.restore(entry: entry) }
        room.hostHadReceived(upTo: 1)
        #expect(room.members[host]?.receivedSequence == 1 && room.members[alice]?.absence != nil)
        let receipts = room.receipts.posts.takeChanges { $0 == alice }.flatMap(\.receipts)
        #expect(receipts.map(\.count) == [1] && receipts.map(\.of) == [1])
    }

    @Test("A host that was started anew: members are away and come back, its own participant enters the living group")
    func restart() throws {
        let network = try RoomNetwork.kept(closesAt: .seconds(5_000))
        network.moderate { room, actions in room.setTopic("cats", actions: &actions) }
        try network.say("before", 1)
        try network.carry()
        // Alice receives these when the host's participant does not know any more that it has said them.
        network.breakLink(1)
        try network.say("mine", 0)
        try network.say("yours", 0, to: "alice")
        try network.carry(of: [0, 2])
        let epoch = network.epoch
        try network.restart(host: 0, at: .seconds(9))
        #expect(network.room.members.values.allSatisfy { $0.absence != nil })
        #expect(network.room.settings.topic == "cats" && network.room.secondsLeft(now: network.now) == 4_000)
        // Before anybody is back.
        try network.carry(of: [0])
        #expect(network.peers[0].client.isJoined && network.epoch == epoch + 1)
        #expect(network.peers[0].client.memberList.count == 3)
        for peer in 1...2 { network.mendLink(peer) }
        try network.carry()
        try network.say("after", 0)
        try network.say("too", 2)
        try network.carry()
        for peer in network.peers {
            #expect(peer.texts.suffix(2) == ["after", "too"] && peer.warnings.isEmpty && peer.startOvers == 0)
            #expect(peer.messages.last?.sequence == 4)
        }
        #expect(network.room.awayCount == 0 && network.room.nextSequence == 5)
        network.timePassed(.seconds(30))
        try network.carry()
        #expect(network.peers[0].client.isJoined)
    }

    @Test("Whoever is listed and has lost its place is out when the group begins anew, and the room can be read again")
    func restartWithoutPlaces() throws {
        let network = try RoomNetwork.kept(closesAt: .seconds(5_000))
        try network.say("before", 1)
        try network.carry()
        for peer in 1...2 { network.overrun(peer) }
        try network.restart(host: 0, at: .seconds(9))
        try network.carry(of: [0])
        #expect(network.peers[0].client.isJoined && network.room.members.count == 1)
        let bytes = network.room.snapshot(now: network.now)
        var again = try read(bytes, now: network.now)
        for entry in network.room.log.encodedEntries(from: network.room.log.start) { try again.restore(entry: entry) }
        #expect(again.snapshot(now: network.now) == bytes)
    }

    @Test("An end that is too far off is refused, and the furthest one can be read again")
    func furthestEnd() throws {
        let network = try RoomNetwork.kept(closesAt: .seconds(5_000))
        let left = try #require(network.room.closesAt) - network.now
        #expect(throws: ChatEvent.Notice.self) {
            try network.moderate { room, actions in
                try room.extend(by: RoomLimits.longestTime - left + .seconds(1), now: network.now, actions: &actions)
            }
        }
        #expect(throws: ChatEvent.Notice.self) {
            try network.moderate { room, actions in
                try room.extend(by: .seconds(Int64.max), now: network.now, actions: &actions)
            }
        }
        try network.moderate { room, actions in
            try room.extend(by: RoomLimits.longestTime - left, now: network.now, actions: &actions)
        }
        #expect(try read(network.room.snapshot(now: network.now), now: network.now).closesAt == network.room.closesAt)
    }

    @Test("If nobody else has a place, the group begins anew")
    func restartAlone() throws {
        let network = RoomNetwork()
        network.add(nick: "host", isHost: true)
        try network.carry()
        network.isLogging = true
        try network.restart(host: 0, at: .zero)
        try network.carry()
        #expect(network.peers[0].client.isJoined && network.epoch == 0)
        _ = try network.joined("alice")
        #expect(network.room.memberCount == 2)
    }
}
