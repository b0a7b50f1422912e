import Room
import SecureGroup
import Testing

/// Members that send the room what the group cannot take, where the host has a participant of its own.
@Suite struct HostileMemberTests {
    @Test("A Commit that cannot be followed is a violation of its sender's, and nobody else notices")
    func commitsThatCannotBeFollowed() throws {
        let room = try HostileRoom("host", "alice", "bob")
        room.refuseWhatTheHostCannotFollow()
        let epoch = room.peers[0].group.epoch
        let honest = try room.peers[1].group.commit(adding: [], removing: [])
        room.peers[1].group.dropPendingCommit()
        var altered = honest.commit
        altered[altered.count - 1] ^= 1
        for (sender, commit) in [(1, [1, 2, 3]), (1, altered), (2, honest.commit)] {
            let request = MemberRequest.commit(GroupCommit(epoch: epoch, commit: commit))
            #expect(throws: RoomError.malformed) { try room.toRoom(request.encoded, from: sender) }
        }
        try room.carry()
        for peer in 0..<3 { try room.say("still here", peer) }
        #expect(room.peers.allSatisfy { $0.texts == ["still here", "still here", "still here"] })
        #expect(room.peers.allSatisfy { $0.warnings.isEmpty && $0.startOvers == 0 && $0.group.epoch == epoch })
    }

    @Test("What the host's participant has followed beforehand is followed once, by all")
    func honestCommits() throws {
        let room = try HostileRoom("host", "alice", "bob")
        room.refuseWhatTheHostCannotFollow()
        let epoch = room.peers[0].group.epoch
        try room.pass(.seconds(4_000))
        try room.join("carol")
        try room.pass(.seconds(4_000))
        for peer in 0..<4 { try room.say("\(peer)", peer) }
        #expect(room.peers.allSatisfy { $0.warnings.isEmpty && $0.startOvers == 0 })
        #expect(room.peers.allSatisfy { $0.texts.suffix(4) == ["0", "1", "2", "3"] })
        // Two hours, in which each of them has given itself new keys, and who came in.
        #expect(room.peers[0].group.epoch >= epoch + 7)
        #expect(Set(room.peers.map(\.group.epoch)).count == 1)
    }
}
