import Chat
import TestSupport
import Testing
import Wire

@testable import Room

/// Members of a relay's room that lose the group while its secret becomes another one.
@Suite struct SecretSeekersTests {
    /// The first one sends the peer out, if one is named, and gives the group another secret.
    private func renew(_ network: RoomNetwork, sendingOut other: Int) throws {
        let name = try network.id(other).description
        try network.act(0) { client, actions in
            try client.moderate(.kick(name, reason: "", keepsInvites: false), actions: &actions)
        }
        try network.carry(of: [0])
        try network.expel(name)
        network.timePassed(RoomLimits.ownUpdateInterval)
        network.act(0) { client, actions in client.timePassed(actions: &actions) }
        try network.carry()
    }

    private func generation(_ network: RoomNetwork, _ peer: Int) -> UInt64 {
        network.peers[peer].client.engine.secretGeneration
    }

    @Test("Who has lost the group and knows the secret of before hears the new one from others, and is in again")
    func comingBack() throws {
        let network = RoomNetwork.relay()
        let peers = try network.joined("alice", "bob", "carol", "dave")
        network.overrun(1)
        try renew(network, sendingOut: 3)
        #expect(generation(network, 0) == 1 && generation(network, 1) == 0)
        network.mendLink(1)
        try network.carry()
        #expect(network.peers[1].client.isJoined && generation(network, 1) == 1 && network.peers[1].ends.isEmpty)
        try network.say("back", 1)
        try network.carry()
        #expect(peers.dropLast().allSatisfy { network.peers[$0].texts == ["back"] })
        // It comes with the new invite from now on.
        #expect(network.peers[1].invitesShown == 1 && network.registered.count == 2)
        // Who was sent out is told nothing, and neither is somebody new.
        let stranger = network.add(nick: "stranger", secretGeneration: 0)
        let again = network.add(nick: "dave", id: network.peers[3].client.engine.id, secretGeneration: 0)
        try network.carry()
        for peer in [stranger, again] {
            #expect(network.peers[peer].ends.map { $0?.code } == [.groupInviteNeeded])
            #expect(generation(network, peer) == 0)
        }
    }

    @Test("So does who waits to be let in again when the secret changes")
    func waiting() throws {
        let network = RoomNetwork.relay()
        _ = try network.joined("alice", "bob", "carol", "dave")
        network.overrun(1)
        let name = try network.id(3).description
        try network.act(0) { client, actions in
            try client.moderate(.kick(name, reason: "", keepsInvites: false), actions: &actions)
        }
        try network.expel(name)
        network.timePassed(RoomLimits.ownUpdateInterval)
        // The change is on its way when the other one asks to come in.
        network.act(0) { client, actions in client.timePassed(actions: &actions) }
        network.mendLink(1)
        try network.carry(of: [1])
        #expect(network.room.group.joiners.count == 1)
        try network.carry()
        network.timePassed(RoomLimits.committerPatience)
        try network.carry()
        #expect(network.peers[1].client.isJoined && network.peers[1].ends.isEmpty)
        network.timePassed(RoomLimits.ownUpdateInterval)
        network.act(0) { client, actions in client.timePassed(actions: &actions) }
        try network.carry()
        #expect(generation(network, 0) == 1 && generation(network, 1) == 1)
    }

    @Test("Where nobody is there who could tell it, it asks again over another connection")
    func nobodyThere() throws {
        let network = RoomNetwork.relay()
        _ = try network.joined("alice", "bob", "carol", "dave")
        network.overrun(1)
        try renew(network, sendingOut: 3)
        for peer in [0, 2] { network.breakLink(peer) }
        network.mendLink(1)
        try network.carry()
        #expect(!network.peers[1].client.isJoined && network.peers[1].ends.isEmpty && network.peers[1].isUp)
        network.mendLink(2)
        try network.carry()
        network.breakLink(1)
        network.timePassed(RoomLimits.secretInterval)
        network.mendLink(1)
        try network.carry()
        #expect(network.peers[1].client.isJoined && generation(network, 1) == 1)
    }

    @Test(
        "A change of the secret is not undone: who could not follow it hears the secret from who could, and comes in anew"
    )
    func notUndone() throws {
        let network = RoomNetwork.relay()
        for id: UInt32 in [2, 4, 6, 8] { network.add(id: MemberID(entropy: id)) }
        try network.carry()
        let group = try #require(network.peers[0].client.engine as? PlainGroup)
        let name = try network.id(3).description
        try network.act(0) { client, actions in
            try client.moderate(.kick(name, reason: "", keepsInvites: false), actions: &actions)
        }
        try network.expel(name)
        group.hindrance = .all
        network.timePassed(RoomLimits.ownUpdateInterval)
        network.act(0) { client, actions in client.timePassed(actions: &actions) }
        try network.carry()
        group.hindrance = .nobody
        #expect(network.room.group.book?.secretGeneration == 1 && network.room.group.barred.isEmpty)
        #expect(network.peers[0].client.isJoined && network.peers[0].isUp && generation(network, 0) == 1)
        for peer in [1, 2] { #expect(network.peers[peer].isReleased) }
        for _ in 0..<20 {
            network.timePassed(.seconds(1))
            for peer in [1, 2] where !network.peers[peer].isUp || network.peers[peer].isReleased {
                network.mendLink(peer)
            }
            try network.carry()
        }
        for peer in [1, 2] { #expect(network.peers[peer].client.isJoined && generation(network, peer) == 1) }
        #expect(network.peers[0].client.upkeep.expelled.isEmpty)
    }

    @Test("So many are asked, each in its turn, and a member has them asked so often and no more")
    func limits() throws {
        let ids = (0..<5).map { MemberID(entropy: UInt32($0)) }
        let seeker = MemberID(entropy: 9)
        let link = LinkID(slot: 1)
        var seekers = SecretSeekers()
        #expect(seekers.add(seeker, at: link, asking: ids, now: .zero) == Array(ids[0..<3]))
        #expect(seekers.answered(by: ids[3], to: seeker) == nil && seekers.answered(by: ids[0], to: ids[1]) == nil)
        #expect(seekers.answered(by: ids[0], to: seeker) == link && seekers.answered(by: ids[0], to: seeker) == nil)
        var writer = StateWriter(now: .zero)
        seekers.write(to: &writer)
        var reader = StateReader(writer.bytes, now: .zero)
        seekers = try SecretSeekers(reading: &reader)
        try reader.finish()
        seekers.forget(link)
        #expect(seekers.answered(by: ids[1], to: seeker) == nil)
        let interval = RoomLimits.secretInterval
        #expect(seekers.add(seeker, at: link, asking: ids, now: interval - .nanoseconds(1)) == nil)
        #expect(seekers.add(seeker, at: link, asking: ids, now: interval) == [ids[3], ids[4], ids[0]])
        #expect(seekers.add(ids[0], at: LinkID(slot: 2), asking: [], now: interval) == [])
        seekers.hasLeft(seeker)
        #expect(seekers.add(seeker, at: link, asking: [ids[0]], now: interval) == [ids[0]])
    }

    @Test("Who asks too soon again loses its connection, and not its place")
    func tooSoon() throws {
        let network = RoomNetwork.relay()
        _ = try network.joined("alice", "bob", "carol", "dave")
        network.overrun(1)
        try renew(network, sendingOut: 3)
        for peer in [0, 2] { network.breakLink(peer) }
        network.mendLink(1)
        try network.carry()
        let id = try network.id(1)
        network.mendLink(1)
        try network.carry()
        #expect(network.peers[1].isReleased && network.room.members[id] != nil)
    }
}
