import Chat
import Sodium
import Testing

@testable import Room
@testable import SecureGroup

/// Members that say of what they could follow that they could not, where the group of a relay's room has got another secret.
@Suite struct UndoneSecretTests {
    /// Somebody was sent out, and the group has another secret.
    private func renewed() throws -> HostileRoom {
        let room = try HostileRoom("alice", "bob", "carol", "dave", "erin", isRelay: true)
        let old = try #require(room.peers[0].group.secret?.mark)
        try room.expel(4, by: 0)
        try room.pass(.seconds(20))
        #expect(room.peers[0].group.secret?.mark != old && room.peers[1].group.secretGeneration == 1)
        return room
    }

    @Test("Two of them do not keep out those who have followed it, the moderator among them")
    func liars() throws {
        let room = try renewed()
        let epoch = room.peers[0].group.epoch
        try room.say("heard", 1)
        room.tamper = { peer, message in peer == 2 || peer == 3 ? [] : [message] }
        for peer in [2, 3] {
            try room.act(peer) { client, actions in
                actions.append(.send(MemberRequest.cannotFollow(epoch: epoch).encoded))
                client.connectionLost()
            }
        }
        try room.passAll(RoomLimits.undoPatience)
        for _ in 0..<4 {
            for peer in 0..<2 where !room.peers[peer].client.isJoined || !room.peers[peer].isAdmitted {
                try room.joinAnew(peer)
            }
            try room.passAll(.seconds(10))
        }
        #expect(room.peers[0].client.isJoined && room.peers[1].client.isJoined)
        #expect(room.peers[0].client.isModerator && room.room.group.book?.secretGeneration == 1)
        try room.say("still here", 0)
        #expect(room.peers[1].texts.last == "still here")
    }
}
