import Chat
import Testing
import Wire

@testable import Room

/// The first who comes to a relay, and is no client of ours.
@Suite struct FirstComerTests {
    @Test(
        "Who commits something before the group is founded, or founds it and leaves, has the relay do nothing again and again",
        arguments: [false, true])
    func nothingIsDue(isFounding: Bool) throws {
        let network = RoomNetwork.relay()
        let mallory = network.add(nick: "mallory")
        _ = try network.step(upTo: .max, of: [mallory])
        let said = network.peers[mallory].toHost
        network.peers[mallory].toHost = []
        let founding = try #require(said.first { $0.type == RoomMessageType.found })
        if isFounding { try network.receivedAtHost(founding, from: mallory) }
        network.timePassed(RoomLimits.ownUpdateInterval)
        let wrong = MemberRequest.commit(GroupCommit(epoch: network.epoch, commit: [1])).encoded
        try network.receivedAtHost(wrong, from: mallory)
        #expect(network.room.group.updates.waiting == [try network.id(mallory)])
        func isIdle() -> Bool { network.room.nextDeadline.map { $0 > network.now } ?? true }
        network.timePassed(.seconds(1))
        #expect(isIdle())
        try network.receivedAtHost(MemberRequest.leave.encoded, from: mallory)
        for _ in 0..<2 {
            network.timePassed(.seconds(60))
            #expect(isIdle())
        }
        let alice = network.add(nick: "alice")
        try network.carry(of: [alice])
        #expect(network.peers[alice].client.isJoined && network.room.isRegistered)
    }
}
