import Chat
import Testing

@testable import Room

/// Members that are away for longer, or get more, than can be kept for them.
@Suite struct RoomAbsenceTests {
    @Test("Who was overrun keeps id and nick, and is told how many messages it has missed")
    func overrun() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob")
        let alice = try network.id(peers[0])
        try network.say("heard", peers[1])
        try network.carry()
        let before = network.peers[peers[1]].events.count
        network.overrun(peers[0])
        for number in 1...3 { try network.say("missed \(number)", peers[1]) }
        try network.say("from afar", peers[0])
        try network.carry()
        network.mendLink(peers[0])
        try network.carry()

        #expect(try network.id(peers[0]) == alice)
        #expect(network.peers[peers[0]].missed == [3])
        #expect(network.peers[peers[0]].messages.map(\.sequence) == [1, 5])
        #expect(network.peers[peers[0]].client.memberList.map(\.nick) == ["alice", "bob"])
        #expect(network.room.memberCount == 2)
        #expect(network.peers[peers[1]].texts.last == "from afar")
        let comings = network.peers[peers[1]].events.dropFirst(before).filter {
            switch $0 {
            case .memberLeft, .memberJoined: true
            default: false
            }
        }
        #expect(comings.isEmpty)
        // It is no longer away.
        network.timePassed(network.room.limits.absence)
        #expect(network.room.memberCount == 2)
    }

    @Test("Who was overrun is found by a nick change of its own, and is told nothing when nothing was missed")
    func nothingMissed() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob")
        try network.act(peers[0]) { client, actions in try client.changeNick(to: "alma", actions: &actions) }
        try network.carry()
        network.overrun(peers[0])
        network.mendLink(peers[0])
        try network.carry()
        #expect(network.peers[peers[0]].missed == [])
        #expect(network.peers[peers[1]].client.memberList.map(\.nick) == ["alma", "bob"])
    }

    @Test("Who was overrun hears what is over when it is back: lock, topic and slow mode")
    func whatIsOver() throws {
        let network = RoomNetwork()
        network.add(nick: "host", isHost: true)
        try network.carry()
        let alice = try network.joined("alice")[0]
        let set = { (topic: String, isOn: Bool) in
            network.moderate { room, actions in
                room.setTopic(topic, actions: &actions)
                room.setLocked(isOn, actions: &actions)
                room.setSlowMode(seconds: isOn ? 5 : 0, actions: &actions)
            }
        }
        set("cats", true)
        try network.carry()
        network.overrun(alice)
        set("", false)
        let before = network.peers[alice].events.count
        network.mendLink(alice)
        try network.carry()
        #expect(network.peers[alice].client.isJoined && !network.peers[alice].client.conditions.isLocked)
        for number in 1...3 { try network.say("as often as it likes \(number)", alice) }
        try network.carry()
        #expect(network.peers[0].texts.count == 3)
        let over: [ChatEvent] = [.room(.locked(false)), .room(.topic("")), .room(.slow(seconds: 0))]
        #expect(network.peers[alice].events.dropFirst(before).filter(over.contains) == over)
        // What is so still is told again, and what has never been is not.
        set("dogs", true)
        try network.carry()
        network.overrun(alice)
        let known = network.peers[alice].events.count
        network.mendLink(alice)
        try network.carry()
        let changes = network.peers[alice].events.dropFirst(known).filter {
            if case .room = $0 { true } else { false }
        }
        #expect(changes == [.room(.topic("dogs")), .room(.locked(true)), .room(.slow(seconds: 5))])
        set("", false)
        try network.carry()
        network.overrun(alice)
        let count = network.peers[alice].events.count
        network.mendLink(alice)
        try network.carry()
        try network.say("nothing is over", 0)
        try network.carry()
        #expect(network.peers[alice].texts.last == "nothing is over")
        #expect(!network.peers[alice].events.dropFirst(count).contains { if case .room = $0 { true } else { false } })
    }

    @Test("Receipts do not count who was overrun, until it is back")
    func receipts() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob", "carol")
        network.breakLink(peers[0])
        try network.say("before", peers[1])
        try network.carry()
        network.overrun(peers[0])
        try network.say("between", peers[1])
        try network.carry()
        network.timePassed(RoomLimits.receiptInterval)
        try network.carry()
        #expect(network.peers[peers[1]].lastReceipts.values.map { $0 } == [[1, 1], [1, 1]])
        network.mendLink(peers[0])
        try network.carry()
        try network.say("after", peers[1])
        try network.carry()
        network.timePassed(RoomLimits.receiptInterval)
        try network.carry()
        let last = try #require(network.peers[peers[1]].messages.last?.id)
        #expect(network.peers[peers[1]].lastReceipts[last] == [2, 2])
    }

    @Test("Receipts do not count who is away, and count it again when it has come back")
    func receiptsOfAbsence() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob", "carol")
        func receipts() throws -> [[Int]] {
            network.timePassed(RoomLimits.awayGrace)
            try network.carry()
            let last = network.peers[peers[1]].lastReceipts
            return network.peers[peers[1]].messages.compactMap { last[$0.id] }
        }
        network.peers[peers[0]].isUp = false
        try network.say("on its way when the link breaks", peers[1])
        try network.carry()
        #expect(try receipts() == [[1, 2]])
        network.breakLink(peers[0])
        #expect(try receipts() == [[1, 1]])
        try network.say("while it is away", peers[1])
        try network.carry()
        #expect(try receipts() == [[1, 1], [1, 1]])
        // Told of twice, it is away once.
        network.breakLink(peers[0])
        network.mendLink(peers[0])
        try network.carry()
        #expect(try receipts() == [[2, 2], [2, 2]])
        network.breakLink(peers[0])
        network.timePassed(network.room.limits.absence)
        try network.say("it has gone", peers[1])
        try network.carry()
        #expect(try receipts() == [[2, 2], [2, 2], [1, 1]])
    }

    @Test("A private message to who was overrun is declined, and delivered again when it is back")
    func privateMessages() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob")
        network.overrun(peers[0])
        try network.say("psst", peers[1], to: "alice")
        try network.carry()
        #expect(network.peers[peers[1]].errors == [.memberAway])
        #expect(network.peers[peers[1]].client.outboxCount == 0)
        network.mendLink(peers[0])
        try network.carry()
        try network.say("psst again", peers[1], to: "alice")
        try network.carry()
        #expect(network.peers[peers[0]].texts == ["psst again"])
    }

    @Test("Who was overrun loses its place at the end of its absence")
    func endOfAbsence() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob")
        let alice = try network.id(peers[0])
        network.breakLink(peers[0])
        network.timePassed(.seconds(100))
        network.overrun(peers[0])
        // Counted from when the connection broke.
        network.timePassed(network.room.limits.absence - .seconds(100) - .nanoseconds(1))
        #expect(network.room.memberCount == 2)
        network.timePassed(.nanoseconds(1))
        try network.say("meanwhile", peers[1])
        try network.carry()
        #expect(network.room.memberCount == 1)
        #expect(network.peers[peers[1]].events.contains(.memberLeft(id: alice, nick: "alice", reason: .lost, count: 1)))
        network.mendLink(peers[0])
        try network.carry()
        #expect(try network.id(peers[0]) == alice)
        #expect(network.peers[peers[0]].missed == [1])
    }

    @Test("Who is back when its absence ends, and waits for a Commit, keeps its place, also in a full room")
    func backInTime() throws {
        var limits = RoomLimits()
        limits.members = 2
        let network = RoomNetwork(limits: limits)
        let peers = try network.joined("alice", "bob")
        network.overrun(peers[0])
        network.timePassed(limits.absence - .seconds(1))
        network.mendLink(peers[0])
        try network.carry(of: [peers[0]])
        let other = network.add(nick: "other")
        try network.carry(of: [other])
        #expect(network.peers[other].ends.map(\.?.code) == [.roomFull])
        network.timePassed(.seconds(1))
        #expect(network.room.memberCount == 2)
        try network.carry()
        #expect(network.peers[peers[0]].ends.isEmpty)
        #expect(network.peers[peers[0]].admissions.count == 2)
        // Its time is over only when it is away again.
        network.timePassed(limits.absence)
        #expect(network.room.memberCount == 2)
        network.breakLink(peers[0])
        network.timePassed(limits.absence)
        #expect(network.room.memberCount == 1)
    }

    @Test("Who came back, and is gone again before the Commit, loses its place later")
    func backAndGone() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob")
        network.overrun(peers[0])
        network.timePassed(network.room.limits.absence - .seconds(1))
        network.mendLink(peers[0])
        try network.carry(of: [peers[0]])
        network.timePassed(.seconds(1))
        network.breakLink(peers[0])
        network.timePassed(network.room.limits.absence)
        #expect(network.room.memberCount == 1)
    }

    @Test("In a full room who was away for longest makes place for a newcomer, but not before the protected time")
    func fullRoom() throws {
        var limits = RoomLimits()
        limits.members = 3
        let network = RoomNetwork(limits: limits)
        let peers = try network.joined("alice", "bob", "carol")
        network.breakLink(peers[1])
        network.timePassed(.seconds(10))
        network.breakLink(peers[0])
        network.timePassed(limits.protectedAbsence - .seconds(10) - .nanoseconds(1))
        let early = network.add(nick: "early")
        try network.carry()
        #expect(!network.peers[early].client.isJoined)
        network.timePassed(.nanoseconds(1))
        let forbidden = network.add(nick: "mix\u{435}d")
        try network.carry()
        #expect(!network.peers[forbidden].client.isJoined && network.room.memberCount == 3)
        let late = network.add(nick: "late")
        try network.carry()
        #expect(network.peers[late].client.isJoined)
        #expect(network.peers[peers[2]].client.memberList.map(\.nick) == ["alice", "carol", "late"])
    }

    @Test("While the host itself is away nobody's time runs out")
    func hostAway() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob")
        network.breakLink(peers[0])
        network.timePassed(.seconds(1))
        network.room.hostWasAway(for: .seconds(3_600))
        network.timePassed(.seconds(3_600))
        #expect(network.room.memberCount == 2)
        #expect(network.room.nextDeadline == network.now + RoomLimits.awayGrace - .seconds(1))
        network.timePassed(RoomLimits.awayGrace)
        let rest = network.room.limits.absence - RoomLimits.awayGrace - .seconds(1)
        #expect(network.room.nextDeadline == network.now + rest)
        network.timePassed(rest)
        #expect(network.room.memberCount == 1)
    }

    @Test("Senders are told how many will not get what they said, also what was said while nothing is kept for them")
    func missed() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob", "carol")
        network.breakLink(peers[0])
        try network.say("kept, and dropped", peers[1])
        try network.carry()
        network.timePassed(RoomLimits.awayGrace)
        try network.carry()
        #expect(network.peers[peers[1]].lastMissed.values.map { $0 } == [0])
        network.overrun(peers[0])
        try network.say("not kept", peers[1])
        try network.carry()
        network.timePassed(RoomLimits.receiptInterval)
        try network.carry()
        #expect(network.peers[peers[1]].lastMissed.values.map { $0 } == [1, 1])
        #expect(network.peers[peers[1]].lastReceipts.values.map { $0 } == [[1, 1], [1, 1]])
        network.mendLink(peers[0])
        try network.carry()
        #expect(network.peers[peers[0]].missed == [2])
        try network.say("all are there", peers[1])
        try network.carry()
        network.timePassed(RoomLimits.receiptInterval)
        try network.carry()
        let last = try #require(network.peers[peers[1]].messages.last?.id)
        #expect(network.peers[peers[1]].lastMissed[last] == 0)
        #expect(network.peers[peers[1]].lastMissed.values.reduce(0, +) == 2)
    }

    /// Two private messages wait for alice, whose connection is broken, and something is said to all after `loss`. She comes back and
    /// is told of all three, once.
    private func tellsOfLost(_ loss: (RoomNetwork, Int, MemberID) throws -> Void) throws -> RoomNetwork {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob")
        let alice = try network.id(peers[0])
        _ = network.room.log.open(alice, records: 0)
        network.breakLink(peers[0])
        for text in ["one", "two"] {
            try network.say(text, peers[1], to: "alice")
            try network.carry(of: [peers[1]])
            // What the host does with it.
            let last = network.peers[peers[0]].toClient.popLast()
            let (message, tag) = try #require(last)
            let whisper = try #require(message)
            network.room.log.append(whisper, for: .one(alice), records: 1, tracking: RoomNetwork.number(of: tag))
        }
        try loss(network, peers[0], alice)
        try network.carry()
        #expect(network.peers[peers[1]].lastMissed.values.map { $0 } == [1, 1])
        try network.say("to all", peers[1])
        network.mendLink(peers[0])
        try network.carry()
        #expect(network.peers[peers[0]].missed == [3])
        network.overrun(peers[0])
        network.mendLink(peers[0])
        try network.carry()
        #expect(network.peers[peers[0]].missed == [3], "told once")
        return network
    }

    @Test("Private messages that were kept and are no more are counted for both: who missed them, and who sent them")
    func missedPrivately() throws {
        let network = try tellsOfLost { network, peer, _ in network.overrun(peer) }
        #expect(network.peers[1].lastReceipts.values.prefix(2).map { $0 } == [[0, 0], [0, 0]])
    }

    @Test("So are those that waited for a member when it lost its place: it hears of them when it comes anew")
    func missedPrivatelyWithoutAPlace() throws {
        _ = try tellsOfLost { network, _, alice in
            network.timePassed(network.room.limits.absence)
            #expect(network.room.members[alice] == nil)
            network.moderateAll { room, _, actions in
                room.log.close(alice)
                room.receivedPrivately(actions: &actions)
            }
        }
    }
}
