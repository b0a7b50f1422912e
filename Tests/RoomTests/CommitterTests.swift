import Chat
import TestSupport
import Testing
import Wire

@testable import Room

/// Who is asked for Commits, and which are accepted, in a room whose host takes no part.
@Suite struct CommitterTests {
    @Test(
        "Who is asked may answer with what the answer can weigh, and nobody comes in for whom the tree would be too large"
    )
    func weight() throws {
        var limits = RoomLimits()
        limits.members = 0
        let network = RoomNetwork(limits: limits)
        let peers = try network.joined("a", "b")
        let link = network.peers[peers[0]].link
        #expect(network.expected[link] == 2_000)
        func fill(_ count: Int) {
            for number in network.room.members.count..<count {
                let id = MemberID(entropy: 1 << 20 + UInt32(number))
                network.room.members[id] = network.room.members.values.first.map {
                    Room.Member(
                        id: id, key: [1], order: UInt64(number) + 10, nick: $0.nick, since: 0, epoch: 0, followed: 0,
                        link: nil, isHost: false, receivedSequence: 0, messages: $0.messages, bytes: $0.bytes,
                        rare: .init(.init(absence: .init(since: .zero, end: .seconds(1_000_000)))))
                }
            }
        }
        let most = (2...20_000).last {
            RoomLimits.treeByteCount(members: $0) <= RoomLimits.groupMessageByteCount
        }
        let fits = try #require(most)
        #expect(fits > 5_000)
        fill(fits - 1)
        let last = network.add(nick: "last")
        try network.carry()
        #expect(network.peers[last].client.isJoined)
        let after = network.add(nick: "after")
        try network.carry()
        #expect(network.peers[after].ends.map { $0?.code } == [.roomFull])
    }

    @Test(
        "Who was added by the KeyPackage of an earlier try is added again, whatever number its link has",
        arguments: [false, true])
    func earlierKeyPackage(isSameLink: Bool) throws {
        let network = RoomNetwork()
        let members = try network.joined("alice", "bob")
        let (alice, bob) = (members[0], members[1])
        network.overrun(bob)
        network.mendLink(bob)
        _ = try network.step(upTo: .max, of: [bob])
        #expect(network.room.group.asked?.member == (try network.id(alice)))
        // Before alice has answered, bob tries anew, with another KeyPackage.
        network.breakLink(bob)
        network.peers[bob].isReleased = true
        network.mendLink(bob, over: isSameLink ? network.peers[bob].link : nil)
        _ = try network.step(upTo: .max, of: [bob])
        let epoch = network.epoch
        _ = try network.step(upTo: .max, of: [alice])
        _ = try network.step(upTo: .max, of: [alice])
        #expect(network.epoch == epoch + 1)
        #expect(!network.peers[bob].client.isJoined)
        try network.carry()
        #expect(network.epoch == epoch + 2)
        #expect(network.peers[bob].client.isJoined)
        #expect(network.peers[alice].events.allSatisfy { if case .warning = $0 { false } else { true } })
    }

    @Test("A joiner that has gone before the Commit does not keep the others out, and is removed again")
    func goneBeforeTheCommit() throws {
        let network = RoomNetwork()
        let alice = try network.joined("alice")[0]
        let bob = network.add(nick: "bob")
        let carol = network.add(nick: "carol")
        try network.carry(of: [bob, carol])
        // What alice was asked last has both.
        network.timePassed(RoomLimits.committerPatience)
        try network.carry(of: [bob, carol])
        _ = try network.step(upTo: .max, of: [alice])
        let epoch = network.epoch
        network.breakLink(bob)
        try network.carry(of: [alice, carol])
        // Alice has answered to the first question, and without carol.
        network.timePassed(RoomLimits.lagPause)
        try network.carry(of: [alice, carol])
        #expect(network.peers[carol].client.isJoined)
        #expect(network.epoch > epoch)
        #expect(network.room.memberCount == 2)
        #expect(network.peers[alice].client.engine.members.count == 2)
        #expect(network.peers[carol].client.engine.members.count == 2)
        for peer in [alice, carol] {
            #expect(network.peers[peer].client.memberList.map(\.nick).sorted() == ["alice", "carol"])
            #expect(network.peers[peer].events.allSatisfy { if case .warning = $0 { false } else { true } })
        }
        // Its name is free.
        _ = try network.joined("bob")
    }

    @Test("So many are to be removed by one Commit, and the others by the next")
    func removalLimit() {
        for count in [RoomLimits.removalsPerCommit, RoomLimits.removalsPerCommit + 1] {
            var queue = GroupQueue()
            let gone = (0..<count).map { MemberID(entropy: UInt32($0)) }
            let (adding, removing) = queue.ask(
                MemberID(entropy: .max), adding: [], removing: gone, mark: { $0 }, until: .seconds(1))
            #expect(adding.isEmpty)
            #expect(removing == Array(gone.prefix(RoomLimits.removalsPerCommit)))
        }
    }

    @Test("A wrong answer is none: another one is asked at once, and the joiner comes in")
    func wrongAnswer() throws {
        let network = RoomNetwork()
        let members = try network.joined("alice", "bob")
        let (alice, bob) = (members[0], members[1])
        let stranger = MemberID(entropy: 77)
        let carol = network.add(nick: "carol")
        try network.carry(of: [carol])
        let id = try network.id(alice)
        #expect(network.room.group.asked?.member == id)
        // Of an epoch that is over it was made before the question came.
        for (epoch, isOver) in [(network.epoch - 1, false), (network.epoch, true)] {
            let commit = network.commit(by: id, epoch: epoch, adding: [stranger], welcome: [1])
            try network.receivedAtHost(MemberRequest.commit(commit).encoded, from: alice)
            #expect(network.room.group.asked?.member == (isOver ? try network.id(bob) : id))
        }
        try network.carry(of: [bob, carol])
        #expect(network.peers[carol].client.isJoined)
    }

    @Test("Who comes back, breaks off, and loses its place before the Commit arrives, is removed from the group")
    func lostRemoval() throws {
        let network = RoomNetwork()
        let members = try network.joined("alice", "bob")
        let (alice, bob) = (members[0], members[1])
        let id = try network.id(bob)
        network.overrun(bob)
        network.mendLink(bob)
        _ = try network.step(upTo: .max, of: [bob])
        #expect(network.room.group.asked?.adds[id] != nil)
        network.breakLink(bob)
        network.timePassed(RoomLimits().absence)
        try network.carry(of: [alice])
        network.timePassed(RoomLimits.committerPatience)
        try network.carry(of: [alice])
        #expect(network.room.memberCount == 1)
        #expect(network.peers[alice].client.engine.members == [try network.id(alice)])
    }

    @Test("A KeyPackage lets its owner in once, whoever shows it again")
    func spentKeyPackages() throws {
        let network = RoomNetwork()
        let members = try network.joined("alice", "bob")
        let join = try #require(network.peers[members[1]].joins.first)
        network.act(members[1]) { client, actions in client.leave(actions: &actions) }
        try network.carry()
        guard case .join(let nick, let id, let keyPackage) = try MemberRequest(type: join.type, body: join.body) else {
            Issue.record("no join")
            return
        }
        // Nor another one that members know by the same.
        let like = MemberRequest.join(nick: nick, member: id, keyPackage: keyPackage.dropLast(4) + [0, 0, 0, 9])
        for request in [join, like.encoded] {
            let again = network.add(nick: "bob")
            network.peers[again].toHost = [request]
            try network.carry()
            #expect(network.peers[again].ends.map { $0?.code } == [.versionMismatch])
        }
    }

    @Test("Who was asked in vain is not asked again before it has committed something")
    func silent() throws {
        let network = RoomNetwork()
        let members = try network.joined("alice", "bob")
        let (alice, bob) = (members[0], members[1])
        func comesIn(_ nick: String) throws {
            let peer = network.add(nick: nick)
            try network.carry(of: [bob, peer])
            if !network.peers[peer].client.isJoined {
                network.timePassed(RoomLimits.committerPatience)
                try network.carry(of: [bob, peer])
            }
            #expect(network.peers[peer].client.isJoined)
        }
        try comesIn("carol")
        let now = network.now
        try comesIn("dave")
        #expect(network.now == now)
        try network.carry()
        #expect(network.peers[alice].client.isJoined)
    }

    @Test("New keys are accepted at a pace that leaves messages time to arrive, and each in its turn")
    func updates() throws {
        let network = RoomNetwork()
        _ = network.add(nick: "host", isHost: true)
        try network.carry()
        let members = try network.joined("alice", "bob")
        network.timePassed(RoomLimits.ownUpdateInterval - .nanoseconds(1))
        try network.carry()
        func isAccepted(_ peer: Int) throws -> Bool {
            let epoch = network.epoch
            try network.receivedAtHost(
                MemberRequest.commit(network.commit(by: network.id(peer), epoch: epoch)).encoded, from: peer)
            return network.epoch == epoch + 1
        }
        #expect(try !isAccepted(members[0]), "it has just come in")
        network.timePassed(.nanoseconds(1))
        #expect(try isAccepted(members[0]))
        #expect(try !isAccepted(members[1]))
        network.timePassed(RoomLimits.updateInterval - .nanoseconds(1))
        #expect(try !isAccepted(members[1]))
        network.timePassed(.nanoseconds(1))
        #expect(try !isAccepted(members[0]))
        #expect(try isAccepted(members[1]))
        network.timePassed(RoomLimits.ownUpdateInterval - RoomLimits.updateInterval - .nanoseconds(1))
        #expect(try !isAccepted(members[0]))
        network.timePassed(.nanoseconds(1))
        #expect(try isAccepted(members[0]))
    }

    /// The peer gives itself new keys, or wants to.
    private func wantsKeys(_ peer: Int, _ network: RoomNetwork) throws {
        network.act(peer) { client, actions in
            client.upkeep.updateDue = network.now
            client.timePassed(actions: &actions)
        }
        try network.carry()
    }

    @Test("Whoever has waited longest for new keys gets them next, however often others ask")
    func fairUpdates() throws {
        let network = RoomNetwork()
        _ = network.add(nick: "host", isHost: true)
        try network.carry()
        let greedy = try (0..<10).flatMap { try network.joined("greedy\($0)") }
        let modest = try network.joined("modest")[0]
        let id = try network.id(modest)
        network.timePassed(.seconds(60))
        for minute in 0..<10 {
            let before = network.room.members[id]?.lastUpdate
            try wantsKeys(modest, network)
            for _ in 0..<30 {
                for peer in greedy { try wantsKeys(peer, network) }
                network.timePassed(RoomLimits.updateInterval)
                try network.carry()
            }
            #expect(network.room.members[id]?.lastUpdate != before, "\(minute)")
            #expect(network.room.group.updates.waiting.count <= 11)
        }
        for peer in network.peers { #expect(peer.warnings.isEmpty) }
    }

    @Test("Who waits to come in does not wait for somebody's new keys")
    func updateGivesWay() throws {
        let network = RoomNetwork()
        let members = try network.joined("alice", "bob")
        let (alice, bob) = (members[0], members[1])
        network.timePassed(.seconds(60))
        try wantsKeys(alice, network)
        try wantsKeys(bob, network)
        network.timePassed(RoomLimits.updateInterval)
        #expect(network.room.group.asked?.member == (try network.id(bob)))
        let carol = network.add(nick: "carol")
        try network.carry(of: [alice, carol])
        #expect(network.room.group.asked == nil && network.peers[carol].client.isJoined)
        // Its turn comes again.
        try network.carry()
        network.timePassed(RoomLimits.updateInterval)
        try network.carry()
        #expect(network.room.members[try network.id(bob)]?.lastUpdate != nil)
    }

    @Test("Who comes and goes by one invite slows down those who come by it, and nobody else")
    func churnByOneInvite() throws {
        let network = RoomNetwork()
        _ = network.add(nick: "host", isHost: true)
        try network.carry()
        func comes(by way: Int) throws -> Int {
            let guest = network.add()
            network.peers[guest].way = way
            try network.carry()
            return guest
        }
        func isIn(_ peer: Int) -> Bool { network.peers[peer].client.isJoined }
        for _ in 0..<Int(RoomLimits.wayBurst) {
            let guest = try comes(by: 1)
            #expect(isIn(guest))
            network.act(guest) { client, actions in client.leave(actions: &actions) }
            try network.carry()
            network.timePassed(.milliseconds(1))
        }
        network.timePassed(.milliseconds(1))
        let one = try comes(by: 1)
        #expect(isIn(one))
        let next = try comes(by: 1)
        let other = try comes(by: 2)
        #expect(!isIn(next) && isIn(other))
        network.timePassed(.seconds(1 / RoomLimits.waysPerSecond))
        try network.carry()
        #expect(isIn(next))
    }

    @Test("Who comes and goes all the time is let in at a pace that leaves messages time to arrive")
    func comingAndGoing() throws {
        let network = RoomNetwork()
        _ = try network.joined("alice")
        for number in 0..<Int(RoomLimits.memberChangeBurst) / 2 {
            let guest = try network.joined("guest\(number)")[0]
            network.act(guest) { client, actions in client.leave(actions: &actions) }
            try network.carry()
        }
        #expect(network.epoch == UInt64(RoomLimits.memberChangeBurst))
        _ = try network.joined("bob")
        let late = network.add(nick: "carol")
        let pause = Duration.seconds(1 / RoomLimits.memberChangesPerSecond)
        for time in [.zero, pause - .nanoseconds(1)] {
            network.timePassed(time)
            try network.carry()
            #expect(!network.peers[late].client.isJoined)
        }
        network.timePassed(.nanoseconds(1))
        try network.carry()
        #expect(network.peers[late].client.isJoined)
    }

    @Test("Whoever calls itself something else each time is remembered under a few names")
    func formerNicks() {
        var member = MemberClient.Member(nick: "alice", isHost: false)
        for number in 0..<20 { member.remember("x\(number)") }
        #expect(member.formerNicks == ["x16", "x17", "x18", "x19"])
        #expect(member.formerNicks.count == MemberClient.Member.formerNickLimit)
    }
}
