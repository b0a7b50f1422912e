import Chat
import TestSupport
import Testing

@testable import Room

/// Whatever members and joiners do, a kept room can be read again: after a kill, and after what follows that.
@Suite struct UnreadableRoomTests {
    private func read(_ bytes: [UInt8], of network: RoomNetwork) throws(SnapshotError) -> Room {
        try Room(snapshot: bytes, limits: network.room.limits, book: PlainBook.self, now: network.now)
    }

    /// The room as it goes on after a kill, from that snapshot and the log since.
    private func killed(_ network: RoomNetwork, after snapshot: [UInt8]) throws -> Room {
        var room = try read(snapshot, of: network)
        for entry in network.room.log.encodedEntries(from: network.room.log.start) { try room.restore(entry: entry) }
        var slot = 100
        room.restarted(now: network.now) { _, _ in
            slot += 1
            return LinkID(slot: slot)
        }
        return room
    }

    @Test("However much was said to one alone since the snapshot, and has arrived, the room can be read again")
    func saidPrivately() throws {
        let network = try RoomNetwork.kept()
        let bob = try network.id(2)
        let before = network.room.snapshot(now: network.now)
        let text = String(repeating: "x", count: ChatLimits.textByteCount)
        let count = RoomLimits.privateByteCount / ChatLimits.textByteCount + 1
        for number in 1...count {
            try network.say(text, 1, to: "bob")
            try network.carry()
            // What has arrived does not stand in the log.
            #expect(network.room.log.acknowledged(UInt32(number), by: bob) != nil)
        }
        #expect(network.peers[2].texts.count == count)
        let room = try killed(network, after: before)
        let again = try read(room.snapshot(now: network.now), of: network)
        #expect(again.members[bob]?.privateBytes.values.max() == RoomLimits.privateByteCountPerSender)
    }

    @Test("Who waited under a nick when the room was written, and has gone, takes it from nobody who has it since")
    func nickOfAJoiner() throws {
        let network = try RoomNetwork.kept()
        let carol = network.add(nick: "carol")
        try network.carry(of: [carol])
        let before = network.room.snapshot(now: network.now)
        network.breakLink(carol)
        try network.act(1) { client, actions in try client.changeNick(to: "carol", actions: &actions) }
        try network.carry(of: [0, 1, 2])
        let room = try killed(network, after: before)
        #expect(room.names.holder(of: try Nick(validating: "carol", isHost: false)) == (try network.id(1)))
    }

    @Test("Nothing is remembered of members that did not answer and have gone")
    func silentMembers() throws {
        let network = RoomNetwork.relay()
        let alice = try network.joined("alice")[0]
        _ = try network.joined("bob")
        let carol = network.add(nick: "carol")
        try network.carry(of: [carol])
        network.timePassed(RoomLimits.committerPatience)
        let id = try network.id(alice)
        #expect(network.room.group.passedOver.isSilent(id))
        network.peers[alice].toClient = []
        network.act(alice) { client, actions in client.leave(actions: &actions) }
        try network.carry(of: [alice])
        #expect(!network.room.group.passedOver.isSilent(id))
    }

    @Test("Nor of joiners that answered wrongly")
    func silentJoiners() throws {
        let network = RoomNetwork.relay()
        let alice = try network.joined("alice")[0]
        network.breakLink(alice)
        let joiners = (0..<10).map { network.add(nick: "j\($0)") }
        for peer in joiners {
            let join = try #require(network.peers[peer].toHost.first)
            try network.receivedAtHost(join, from: peer)
        }
        for peer in joiners.dropLast() {
            let id = network.peers[peer].client.engine.id
            #expect(network.room.group.asked?.member == id)
            let wrong = MemberRequest.joinExternally(GroupCommit(epoch: network.epoch, commit: [1])).encoded
            try network.receivedAtHost(wrong, from: peer)
            #expect(network.room.group.passedOver.isSilent(id))
            network.breakLink(peer)
            #expect(!network.room.group.passedOver.isSilent(id))
        }
    }

    @Test("Nor of members that wanted new keys, and were not to have them yet")
    func wantedKeys() throws {
        let network = RoomNetwork.relay()
        let (alice, bob) = (try network.joined("alice")[0], try network.joined("bob")[0])
        network.timePassed(.seconds(60))
        network.add(nick: "carol")
        try network.carry(of: [2])
        let id = try network.id(bob)
        #expect(network.room.group.asked?.member == (try network.id(alice)))
        let wrong = MemberRequest.commit(GroupCommit(epoch: network.epoch, commit: [1])).encoded
        try network.receivedAtHost(wrong, from: bob)
        #expect(network.room.group.updates.waiting == [id])
        network.act(bob) { client, actions in client.leave(actions: &actions) }
        try network.carry(of: [bob])
        #expect(network.room.group.updates.waiting.isEmpty)
    }
}
