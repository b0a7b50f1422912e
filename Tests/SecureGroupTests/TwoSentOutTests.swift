import Chat
import Sodium
import Testing

@testable import MLS
@testable import Room
@testable import SecureGroup

/// Two members are sent out of a relay's room one after the other.
@Suite struct TwoSentOutTests {
    @Test("The group gets another secret at once for each, however little lies between, and whoever waits for new keys")
    func rightBehind() throws {
        let room = try HostileRoom("alice", "bob", "carol", "dave", "eve", "frank", isRelay: true)
        try room.pass(.seconds(30))
        for peer in 1...2 {
            let before = try #require(room.peers[0].group.secret?.mark)
            // The others want new keys of their own meanwhile.
            for other in 3..<6 {
                try room.act(other) { client, actions in
                    client.wantUpdate(after: .zero)
                    client.timePassed(actions: &actions)
                }
            }
            try room.expel(peer, by: 0)
            for _ in 0..<4 { try room.passAll(.seconds(1)) }
            #expect(room.peers[0].group.secret?.mark != before, "the \(peer). is out, and knows the secret")
            #expect(room.peers[0].client.upkeep.expelled.isEmpty && !room.room.isInviteSpoilt(now: room.now))
        }
    }

    @Test("The group gets no other secret while one of them is in it, and then one that neither knows")
    func relayKeepsOne() throws {
        let room = try HostileRoom("alice", "bob", "carol", "dave", isRelay: true)
        try room.pass(.seconds(30))
        let alice = room.peers[0]
        let old = try #require(alice.group.secret?.mark)
        let dave = room.peers[3].group
        let heard = room.broadcasts.count
        var holdsBack = true
        // The relay asks nobody to remove dave, for now.
        room.tamper = { _, message in
            guard holdsBack, case .commitWanted(let adding, let removing) = message, removing.contains(dave.id) else {
                return [message]
            }
            let rest = removing.filter { $0 != dave.id }
            return adding.isEmpty && rest.isEmpty ? [] : [.commitWanted(adding: adding, removing: rest)]
        }
        try room.expel(3, by: 0)
        try room.expel(2, by: 0)
        for _ in 0..<6 { try room.passAll(.seconds(4)) }
        #expect(alice.group.members.contains(dave.id) && alice.group.secret?.mark == old)
        holdsBack = false
        for _ in 0..<30 { try room.passAll(.seconds(4)) }
        // All that the room has said since the relay gives to dave.
        for case .committed(let from, _, _, let commit) in room.broadcasts[heard...] {
            _ = try? dave.received(commit: commit, from: from)
        }
        let mark = try #require(alice.group.secret?.mark)
        #expect(mark != old && !alice.group.members.contains(dave.id))
        #expect(dave.secret?.mark != mark)
        #expect(alice.client.upkeep.expelled.isEmpty)
    }

    @Test("The secrets that a group can have are not used up in a moment: those behind the eighth change are apart")
    func many() throws {
        let room = try HostileRoom("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", isRelay: true)
        try room.pass(.seconds(30))
        func expels(_ peer: Int, within seconds: Int) throws -> Bool {
            let before = try #require(room.peers[0].group.secret?.mark)
            try room.expel(peer, by: 0)
            for second in 0..<seconds where room.peers[0].group.secret?.mark == before {
                try room.passAll(.seconds(1))
                if second == seconds - 1 { return false }
            }
            return true
        }
        for peer in 1...8 {
            // What was said before the last 16 epochs is waited for, as nobody acknowledges anything here.
            try room.passAll(.seconds(61))
            #expect(try expels(peer, within: 10), "\(peer)")
        }
        // The relay lets nobody in meanwhile who has no place, and one change is enough for all.
        #expect(try !expels(9, within: 5) && room.room.isInviteSpoilt(now: room.now))
        #expect(try !expels(10, within: 5) && room.room.isInviteSpoilt(now: room.now))
        for _ in 0..<14 { try room.passAll(.seconds(1)) }
        #expect(room.peers[0].group.secretGeneration == 9 && !room.room.isInviteSpoilt(now: room.now))
        #expect(room.peers[0].client.upkeep.expelled.isEmpty)
    }
}
