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

    @Test("A slow moderator gets its turn while others join anew at their places all the time, and they theirs")
    func beforeComers() throws {
        let room = try HostileRoom("alice", "bob", "carol", "dave", "eve", "frank", isRelay: true)
        try room.pass(.seconds(30))
        // What is said to alice arrives four seconds later.
        var underWay: [(at: Duration, message: HostMessage)] = []
        room.tamper = { peer, message in
            guard peer == 0 else { return [message] }
            underWay.append((room.now + .seconds(4), message))
            return []
        }
        var returned = 0
        /// Another one joins anew at its place each second.
        func pass(_ seconds: Int) throws {
            for second in 0..<seconds {
                let peer = 2 + second % 4
                if room.peers[peer].client.isJoined {
                    returned += 1
                    try room.joinAnew(peer)
                }
                while let next = underWay.first, next.at <= room.now {
                    room.whisper(underWay.removeFirst().message, to: 0)
                }
                // By what they say the room knows which epochs they have followed.
                if second.isMultiple(of: 2) { for speaker in 0...1 { try room.say("hello", speaker) } }
                try room.passAll(.seconds(1))
            }
        }
        try pass(12)
        for isModerator in [true, false] {
            try room.act(0) { client, actions in
                try client.moderate(isModerator ? .op("bob") : .deop("bob"), actions: &actions)
            }
            try pass(18)
            #expect(room.room.group.book?.isModerator(room.peers[1].group.id) == isModerator)
        }
        #expect(returned > 8)
    }

    @Test("Moderators that want new keys all the time and never use their turn hold up nothing for long")
    func unusedTurns() throws {
        let room = try HostileRoom("alice", "bob", "carol", "dave", "eve", "frank", isRelay: true)
        try room.pass(.seconds(30))
        for name in ["bob", "carol"] {
            try room.act(0) { client, actions in try client.moderate(.op(name), actions: &actions) }
            for _ in 0..<5 { try room.passAll(.seconds(1)) }
        }
        #expect(moderators(room, are: 0, 1, 2))
        room.tamper = { peer, message in
            if case .commitWanted = message, peer == 1 || peer == 2 { [] } else { [message] }
        }
        func passAll() throws {
            for peer in 1...2 {
                try room.act(peer) { _, actions in
                    // Of no epoch that there is, and so never taken.
                    let commit = GroupCommit(epoch: room.room.group.epoch &+ 9, commit: [1])
                    actions.append(.send(MemberRequest.commit(commit).encoded))
                }
            }
            try room.passAll(.seconds(1))
        }
        for _ in 0..<3 { try passAll() }
        let before = try #require(room.peers[0].group.secret?.mark)
        try room.expel(5, by: 0)
        for _ in 0..<4 { try passAll() }
        #expect(room.peers[0].group.secret?.mark != before && !room.room.isInviteSpoilt(now: room.now))
        try room.act(0) { client, actions in try client.moderate(.deop("bob"), actions: &actions) }
        for _ in 0..<16 { try passAll() }
        #expect(room.peers[..<5].allSatisfy { !$0.group.moderators.contains(room.peers[1].group.id) })
    }

    @Test("Until the group has another secret nobody who does not moderate gives itself new keys")
    func nobodyElseMeanwhile() throws {
        let room = try HostileRoom("alice", "bob", "carol", "dave", "eve", "frank", isRelay: true)
        try room.pass(.seconds(30))
        let (gone, moderator) = (room.peers[5].group.id, room.peers[0].group.id)
        room.room.spoilInvite(by: gone, sentOutBy: moderator, now: room.now)
        try othersWantKeys(room)
        let epoch = room.room.group.epoch
        for _ in 0..<20 { try room.passAll(.seconds(1)) }
        #expect(room.room.group.epoch == epoch)
        // Where no moderator changes it, all goes on after a while.
        for _ in 0..<90 { try room.passAll(.seconds(1)) }
        #expect(room.room.group.epoch >= epoch + 4)
    }
}
