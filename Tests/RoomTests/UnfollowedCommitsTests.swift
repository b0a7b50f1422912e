import Chat
import TestSupport
import Testing

@testable import Room

/// Commits that the others cannot follow, which a room sees by what members say only.
@Suite struct UnfollowedCommitsTests {
    private static func network(isRelay: Bool = true) -> RoomNetwork {
        var limits = RoomLimits()
        limits.isRelay = isRelay
        let network = RoomNetwork(limits: limits)
        network.isRelay = isRelay
        return network
    }

    /// A relay's room with members of these ids, of whom the first one hinders the others from now on; by their places, who moderates.
    private static func room(
        _ ids: [UInt32], hindering: PlainGroup.Hindrance, moderators: Set<Int> = []
    ) throws -> RoomNetwork {
        let network = network()
        for id in ids { network.add(id: MemberID(entropy: id)) }
        try network.carry()
        let group = try #require(network.peers[0].client.engine as? PlainGroup)
        // The first one has created the group.
        for other in moderators.symmetricDifference([0]) {
            network.timePassed(.seconds(60))
            let commit = try group.commit(moderator: MemberID(entropy: ids[other]), isModerator: other != 0)
            network.act(0) { _, actions in actions.append(.send(MemberRequest.commit(commit).encoded)) }
            try network.carry()
        }
        try #require(network.room.group.book?.moderators.count == moderators.count)
        group.hindrance = hindering
        network.replicate(seed: 7)
        return network
    }

    /// Whoever was let go comes in again, until all are in.
    private func mend(_ network: RoomNetwork) throws {
        for _ in 0..<100 {
            try network.carry()
            for peer in network.peers.indices where !network.peers[peer].isUp { network.mendLink(peer) }
            try network.carry()
            network.timePassed(.seconds(1))
        }
    }

    /// The room has heard nothing of the peer but that it came in.
    private func saysNothing(_ network: RoomNetwork, _ peer: Int) throws {
        let id = try network.id(peer)
        network.moderateAll { room, _, _ in
            if let since = room.members[id]?.since { room.members[id]?.followed = since }
        }
    }

    private func givesItselfKeys(_ network: RoomNetwork, _ peer: Int) {
        network.act(peer) { client, actions in
            client.wantUpdate(after: .zero)
            client.timePassed(actions: &actions)
        }
    }

    private func areTogether(_ network: RoomNetwork, _ peers: [Int]) -> Bool {
        peers.allSatisfy { peer in
            network.peers[peer].client.isJoined && network.peers[peer].client.engine.epoch == network.epoch
        }
    }

    private func warnings(_ network: RoomNetwork, _ peer: Int) -> [NoticeCode] {
        network.peers[peer].events.compactMap { if case .warning(let notice) = $0 { notice.code } else { nil } }
    }

    @Test("What somebody said who could follow a Commit that is undone is told as missed to those who could not")
    func saidInAVoidEpoch() throws {
        let network = try Self.room([2, 4, 3, 5, 7], hindering: .oddIDs)
        let dave = network.add(id: MemberID(entropy: 8))
        try network.carry(of: [0, 1, dave])
        try network.say("void", 1)
        // Whether the other one can open it is not known yet, neither to the room nor to the speaker.
        try network.say("between us", 1, to: MemberID(entropy: 3).description)
        try network.carry(of: [1])
        try network.carry()
        try mend(network)
        #expect(areTogether(network, [0, 1, 2, 3, 4, dave]))
        for peer in [2, 3, 4] {
            #expect(network.peers[peer].texts.isEmpty && network.peers[peer].startOvers == 0)
            #expect(warnings(network, peer).count { $0 == .messagesMissed } == 1)
        }
        // The speaker hears that most have not read it.
        let inVain = network.peers[1].events.compactMap {
            if case .warning(let notice) = $0, notice.code == .groupUndone { notice.count } else { nil }
        }
        #expect(inVain == [2])
    }

    @Test("A Commit that nobody can follow is undone, and whoever made it commits nothing more")
    func undone() throws {
        let network = try Self.room([2, 4, 6], hindering: .all)
        let epoch = network.epoch
        let dave = network.add(id: MemberID(entropy: 8))
        try network.carry()
        // The two others go on where they were, and say what they were about to say.
        #expect(!network.room.group.barred.contains(MemberID(entropy: 4)))
        #expect(network.room.group.barred.contains(MemberID(entropy: 2)))
        for peer in [1, 2] {
            #expect(network.peers[peer].startOvers == 0)
            #expect(warnings(network, peer) == [.groupForged, .groupUndone, .groupUndone])
        }
        #expect(network.peers[0].isReleased && network.peers[dave].isReleased)
        #expect(network.epoch == epoch)
        try network.say("still here", 1)
        try network.carry()
        #expect(network.peers[2].texts == ["still here"])
        // Those who are in the void epoch come in anew, by another member's Commit, and are not barred from talking.
        try mend(network)
        #expect(areTogether(network, [0, 1, 2, dave]))
        try network.say("back", 0)
        try network.carry()
        #expect(network.peers[dave].texts.last == "back" && network.peers[1].texts.last == "back")
        // It is not asked any more, and its new keys are not taken.
        let erin = network.add(id: MemberID(entropy: 10))
        try mend(network)
        #expect(areTogether(network, [0, 1, 2, dave, erin]))
        #expect(network.room.group.unfollowed.reports.isEmpty)
    }

    @Test("Whoever says so a moment after most others have goes on where it was as they do")
    func slowReporters() throws {
        let network = try Self.room([2, 4, 6, 8, 10, 12], hindering: .all)
        let dave = network.add(id: MemberID(entropy: 14))
        try network.carry(of: [0, 1, 2, 3, 4, dave])
        network.timePassed(RoomLimits.undoMoment - .nanoseconds(1))
        try network.carry()
        for peer in 1...5 {
            #expect(network.peers[peer].startOvers == 0)
            #expect(warnings(network, peer) == [.groupForged, .groupUndone, .groupUndone])
        }
        try mend(network)
        #expect(areTogether(network, [0, 1, 2, 3, 4, 5, dave]))
    }

    @Test("Whoever says nothing of a Commit that most others cannot follow is waited for no longer than a moment")
    func silentReporter() throws {
        let network = try Self.room([2, 4, 6, 8, 10, 12], hindering: .all)
        let dave = network.add(id: MemberID(entropy: 14))
        try network.carry(of: [0, 1, 2, 3, 4, dave])
        #expect(network.room.group.barred.isEmpty)
        network.timePassed(RoomLimits.undoMoment)
        #expect(network.room.group.barred.contains(MemberID(entropy: 2)))
        try mend(network)
        #expect(areTogether(network, [0, 1, 2, 3, 4, 5, dave]))
    }

    @Test("One word is not enough, else one could put another out: who cannot follow comes in anew")
    func two() throws {
        let network = try Self.room([2, 4], hindering: .all)
        let group = try #require(network.peers[0].client.engine as? PlainGroup)
        network.add(id: MemberID(entropy: 8))
        try network.carry()
        group.hindrance = .nobody
        try mend(network)
        #expect(network.room.group.barred.isEmpty && network.peers[0].startOvers == 0)
        #expect(areTogether(network, [0, 1, 2]))
    }

    @Test(
        "Who is barred does not stop the others' new keys, and is asked where nobody else is there; a moderator may give itself new ones",
        arguments: [false, true])
    func barred(isModerator: Bool) throws {
        let maker = isModerator ? 0 : 1
        // The other one, who has moderated longer, says against the Commit.
        let network = try Self.room([4, 2, 6, 8], hindering: .nobody, moderators: isModerator ? [0, 1] : [])
        let group = try #require(network.peers[maker].client.engine as? PlainGroup)
        group.hindrance = .all
        if !isModerator { network.breakLink(0) }
        network.add(id: MemberID(entropy: 12))
        try mend(network)
        #expect(network.room.group.barred.contains(try network.id(maker)))
        group.hindrance = .nobody
        for peer in [maker, 2] {
            network.timePassed(RoomLimits.accusedUpdateInterval)
            let epoch = network.epoch
            network.act(peer) { client, actions in
                client.wantUpdate(after: .zero)
                client.timePassed(actions: &actions)
            }
            try network.carry()
            #expect(network.epoch == (peer == 2 || isModerator ? epoch + 1 : epoch))
        }
        for peer in network.peers.indices where peer != maker { network.breakLink(peer) }
        let erin = network.add(id: MemberID(entropy: 10))
        try network.carry()
        #expect(network.peers[erin].client.isJoined)
    }

    @Test("So it is undone after all were away")
    func away() throws {
        let network = try Self.room([2, 4, 6], hindering: .all)
        for peer in [1, 2] { network.breakLink(peer) }
        network.timePassed(.seconds(3_600))
        let dave = network.add(id: MemberID(entropy: 8))
        try network.carry()
        #expect(network.peers[dave].client.isJoined)
        network.timePassed(.seconds(3_600))
        for peer in [1, 2] { network.mendLink(peer) }
        try mend(network)
        #expect(warnings(network, 1).contains(.groupUndone) && network.peers[1].startOvers == 0)
        #expect(areTogether(network, [0, 1, 2, dave]))
    }

    @Test("Where others can follow, those who cannot come in anew, and who hinders a whole branch commits nothing more")
    func branch() throws {
        let network = try Self.room([2, 4, 6, 8, 13, 15], hindering: .oddIDs)
        let epoch = network.epoch
        network.add(id: MemberID(entropy: 12))
        try mend(network)
        #expect(network.epoch > epoch + 1)
        #expect(network.room.group.barred.contains(MemberID(entropy: 2)))
        #expect(warnings(network, 1) == [.groupUndone])
        #expect(areTogether(network, Array(0...6)))
    }

    @Test("One who says so falsely comes in anew, bars nobody, and undoes nothing")
    func framing() throws {
        let network = try Self.room([2, 4, 6, 8], hindering: .nobody)
        for id: UInt32 in [10, 12] {
            network.add(id: MemberID(entropy: id))
            try network.carry()
            let epoch = network.epoch
            // What it has said in the epoch would tell.
            #expect(throws: RoomError.malformed) {
                try network.receivedAtHost(MemberRequest.cannotFollow(epoch: epoch).encoded, from: 1)
            }
            try saysNothing(network, 1)
            try network.receivedAtHost(MemberRequest.cannotFollow(epoch: epoch).encoded, from: 1)
            #expect(network.peers[1].isReleased)
            try mend(network)
            #expect(network.epoch > epoch)
        }
        #expect(network.room.group.barred.isEmpty)
        #expect(areTogether(network, Array(0...5)))
        #expect(network.peers.allSatisfy { $0.startOvers == 0 })
        // Another one, behind another branch than those who have followed.
        #expect(throws: RoomError.malformed) {
            try network.receivedAtHost(MemberRequest.cannotFollow(epoch: 0).encoded, from: 1)
        }
    }

    @Test("Most who are there undo no Commit of a moderator that somebody else has followed, and bar nobody")
    func manyAgainstAModerator() throws {
        let network = try Self.room([2, 4, 3, 5, 7, 9], hindering: .oddIDs, moderators: [0])
        let epoch = network.epoch
        network.add(id: MemberID(entropy: 8))
        try mend(network)
        #expect(network.epoch > epoch && network.room.group.barred.isEmpty)
        for peer in [0, 1] { #expect(network.peers[peer].startOvers == 0 && warnings(network, peer).isEmpty) }
        #expect(areTogether(network, Array(0...6)))
    }

    @Test("Nor one that a moderator has followed")
    func manyAgainstWhatAModeratorFollows() throws {
        let network = try Self.room([2, 4, 3, 5, 7, 9], hindering: .nobody, moderators: [0])
        let group = try #require(network.peers[1].client.engine as? PlainGroup)
        group.hindrance = .oddIDs
        network.timePassed(.seconds(60))
        givesItselfKeys(network, 1)
        let epoch = network.epoch
        try network.carry()
        #expect(network.epoch > epoch)
        for peer in [0, 1] { #expect(network.peers[peer].startOvers == 0) }
        try mend(network)
        #expect(areTogether(network, Array(0...5)))
    }

    @Test("One that a moderator and another one cannot follow, and most can, stays, and these talk on")
    func moderatorAgainst() throws {
        let network = try Self.room([3, 5, 2, 4, 6, 8], hindering: .nobody, moderators: [0])
        let group = try #require(network.peers[2].client.engine as? PlainGroup)
        group.hindrance = .oddIDs
        network.timePassed(.seconds(60))
        givesItselfKeys(network, 2)
        try mend(network)
        for peer in 2...5 {
            #expect(network.peers[peer].startOvers == 0 && !warnings(network, peer).contains(.groupForged))
        }
        #expect(areTogether(network, Array(0...5)))
    }

    @Test("A moderator that comes back to its place, where no other one is, comes in by itself")
    func moderatorReturning() throws {
        let network = try Self.room([2, 4, 6, 8], hindering: .nobody, moderators: [0])
        network.timePassed(.seconds(60))
        try network.carry()
        network.overrun(0)
        network.mendLink(0)
        for _ in 0..<4 { try network.carry(of: [0]) }
        #expect(network.peers[0].client.isJoined)
        try network.carry()
        #expect(areTogether(network, Array(0...3)))
    }

    @Test("Whoever has made one that somebody could not follow gives itself no new keys for a while")
    func accused() throws {
        let network = try Self.room([2, 4, 7, 8], hindering: .nobody)
        func isAccepted() throws -> Bool {
            let epoch = network.epoch
            givesItselfKeys(network, 1)
            try network.carry()
            return network.epoch == epoch + 1
        }
        network.timePassed(RoomLimits.ownUpdateInterval)
        #expect(try isAccepted())
        try saysNothing(network, 2)
        try network.receivedAtHost(MemberRequest.cannotFollow(epoch: network.epoch).encoded, from: 2)
        try mend(network)
        #expect(areTogether(network, Array(0...3)) && network.room.group.barred.isEmpty)
        network.timePassed(RoomLimits.accusedUpdateInterval - .seconds(101))
        #expect(try !isAccepted())
        network.timePassed(.seconds(60))
        #expect(try isAccepted())
    }

    /// Each of many members could else leave the only moderator behind, one after the other.
    @Test("After a moderator could not follow nobody but moderators gives itself new keys for a while")
    func moderatorLeftBehind() throws {
        let network = try Self.room([2, 4, 6, 8, 10], hindering: .nobody, moderators: [0])
        func isAccepted(from peer: Int) throws -> Bool {
            let epoch = network.epoch
            givesItselfKeys(network, peer)
            try network.carry()
            return network.epoch == epoch + 1
        }
        network.timePassed(.seconds(60))
        #expect(try isAccepted(from: 1))
        try saysNothing(network, 0)
        try network.receivedAtHost(MemberRequest.cannotFollow(epoch: network.epoch).encoded, from: 0)
        try mend(network)
        #expect(areTogether(network, Array(0...4)))
        #expect(try !isAccepted(from: 2) && !isAccepted(from: 3))
        #expect(try isAccepted(from: 0))
        network.timePassed(RoomLimits.accusedUpdateInterval - .seconds(101))
        #expect(try !isAccepted(from: 4))
        network.timePassed(.seconds(2))
        #expect(try isAccepted(from: 4))
    }

    /// A member that comes, breaks its connection and comes again makes the room doubt whoever let it in, so that others are asked.
    @Test("Whom somebody could not follow is asked after doubted ones, a doubted moderator first after it could not")
    func askedThoughDoubted() throws {
        let network = try Self.room([2, 4, 7, 6], hindering: .nobody, moderators: [0])
        func leavesBehind(_ victim: Int, by maker: Int) throws {
            network.timePassed(.seconds(300))
            givesItselfKeys(network, maker)
            try network.carry()
            try saysNothing(network, victim)
            try network.receivedAtHost(MemberRequest.cannotFollow(epoch: network.epoch).encoded, from: victim)
            try mend(network)
        }
        func asked(doubting doubted: Int...) throws -> MemberID? {
            network.moderateAll { [doubted = try doubted.map(network.id)] room, _, _ in
                for id in doubted { room.group.isDoubted(id) }
            }
            let newcomer = network.add(id: MemberID(entropy: 100 + 2 * UInt32(network.peers.count)))
            try network.carry(of: [newcomer])
            let asked = network.room.group.asked?.member
            try mend(network)
            return asked
        }
        try leavesBehind(2, by: 1)
        #expect(try asked(doubting: 0, 2, 3) == network.id(0))
        #expect(try asked(doubting: 0, 2, 3) == network.id(4))
        try leavesBehind(0, by: 3)
        #expect(try asked(doubting: 0) == network.id(0))
    }

    @Test("Where the host takes part nothing is undone: it has followed, and cannot go back")
    func hosted() throws {
        let network = Self.network(isRelay: false)
        network.add(nick: "host", isHost: true, id: MemberID(entropy: 2))
        for id: UInt32 in [4, 6, 8] {
            network.add(id: MemberID(entropy: id))
            try network.carry()
        }
        let epoch = network.epoch
        for peer in [1, 2] {
            try saysNothing(network, peer)
            try network.receivedAtHost(MemberRequest.cannotFollow(epoch: epoch).encoded, from: peer)
        }
        try mend(network)
        #expect(network.epoch > epoch && network.room.group.barred.isEmpty)
        #expect(areTogether(network, [0, 1, 2]))
    }

    @Test("As many books are kept as may be, and the next is none")
    func bound() throws {
        let creator = MemberID(entropy: 2)
        let info = PlainGroup.info(epoch: 0, [creator], [creator])
        let book = try PlainBook(founding: info, by: creator, isAtRelay: true)
        var commits = UnfollowedCommits()
        for number in 0..<RoomLimits.booksKept {
            #expect(!commits.isFull)
            commits.add(.init(committer: creator, book: book, groupInfo: info, time: .seconds(number)))
        }
        #expect(commits.isFull)
        commits.add(.init(committer: creator, book: book, groupInfo: info, time: .zero))
        #expect(commits.steps.count == RoomLimits.booksKept)
    }
}
