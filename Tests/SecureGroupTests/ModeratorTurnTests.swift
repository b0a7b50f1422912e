import Chat
import Sodium
import Testing

@testable import Room
@testable import SecureGroup

/// A moderator changes who moderates, while the others want new keys.
@Suite struct ModeratorTurnTests {
    private func othersWantKeys(_ room: HostileRoom) throws {
        for other in 2..<6 {
            try room.act(other) { client, actions in
                client.wantUpdate(after: .zero)
                client.timePassed(actions: &actions)
            }
        }
    }

    private func moderators(_ room: HostileRoom, are names: Int...) -> Bool {
        room.peers.allSatisfy { $0.group.moderators == Set(names.map { room.peers[$0].group.id }) }
    }

    @Test("That waits for the pace of all, not for a turn among them, and not for a pause of its own")
    func oneAfterTheOther() throws {
        let room = try HostileRoom("alice", "bob", "carol", "dave", "eve", "frank", isRelay: true)
        try room.pass(.seconds(30))
        for isModerator in [true, false, true] {
            try othersWantKeys(room)
            try room.act(0) { client, actions in
                try client.moderate(isModerator ? .op("bob") : .deop("bob"), actions: &actions)
            }
            for _ in 0..<5 { try room.passAll(.seconds(1)) }
            #expect(isModerator ? moderators(room, are: 0, 1) : moderators(room, are: 0))
        }
    }

    @Test("So do three at once, and whoever gave them waits for them before it leaves")
    func atOnce() throws {
        let room = try HostileRoom("alice", "bob", "carol", "dave", "eve", "frank", isRelay: true)
        try room.pass(.seconds(30))
        try othersWantKeys(room)
        try room.act(0) { client, actions in
            for command in [RoomCommand.op("bob"), .op("carol"), .deop("bob")] {
                try client.moderate(command, actions: &actions)
            }
        }
        #expect(room.peers[0].client.isChangingGroup)
        for _ in 0..<12 { try room.passAll(.seconds(1)) }
        #expect(moderators(room, are: 0, 2) && !room.peers[0].client.isChangingGroup)
    }
}
