import Chat
import Testing
import Wire

@testable import Room

@Suite struct RoomJoiningTests {
    private func codes(_ network: RoomNetwork, _ peer: Int) -> [NoticeCode?] {
        network.peers[peer].ends.map { $0?.code }
    }

    @Test("All know of each other, and a nick that is not asked for is the id")
    func joining() throws {
        let network = RoomNetwork()
        let host = network.add(nick: "host", isHost: true)
        try network.carry()
        let members = try network.joined("alice", "", "bob")
        for peer in [host] + members {
            let list = network.peers[peer].client.memberList
            #expect(list.map(\.isHost) == [true, false, false, false])
            #expect(Set(list.map(\.nick)) == ["host", "alice", "bob", try network.id(members[1]).description])
        }
        #expect(
            network.peers[host].events == [
                .memberJoined(id: try network.id(members[0]), nick: "alice", count: 2),
                .memberJoined(
                    id: try network.id(members[1]), nick: try network.id(members[1]).description, count: 3),
                .memberJoined(id: try network.id(members[2]), nick: "bob", count: 4),
            ])
        #expect(network.peers[members[2]].events.isEmpty)
    }

    @Test("A room holds as many members as it may, and one more only when one has left")
    func memberLimit() throws {
        var limits = RoomLimits()
        limits.members = 3
        let network = RoomNetwork(limits: limits)
        _ = network.add(nick: "host", isHost: true)
        try network.carry()
        let members = try network.joined("a", "b")
        let refused = network.add(nick: "c")
        try network.carry()
        #expect(codes(network, refused) == [.roomFull])
        #expect(network.peers[refused].isReleased)
        #expect(network.room.memberCount == 3)

        network.act(members[0]) { client, actions in client.leave(actions: &actions) }
        try network.carry()
        _ = try network.joined("d")
        #expect(network.room.memberCount == 3)
    }

    @Test("Who waits for the Commit that lets it in is on its way in")
    func comingIn() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice")
        let bob = network.add(nick: "bob")
        let link = network.peers[bob].link
        #expect(!network.room.isComingIn(at: link))
        try network.carry(of: [bob])
        #expect(network.room.isComingIn(at: link))
        try network.carry()
        #expect(!network.room.isComingIn(at: link))
        #expect(network.peers[bob].client.isJoined)
        network.overrun(peers[0])
        network.mendLink(peers[0])
        try network.carry(of: [peers[0]])
        #expect(!network.room.isComingIn(at: network.peers[peers[0]].link))
    }

    @Test("The host comes in also when there is no limit to speak of, and 0 is no limit")
    func noLimit() throws {
        var limits = RoomLimits()
        limits.members = 0
        let network = RoomNetwork(limits: limits)
        for _ in 0..<100 { network.add() }
        try network.carry()
        #expect(network.room.memberCount == 100)
    }

    @Test("More members than one message lists are listed in several")
    func longList() throws {
        var limits = RoomLimits()
        limits.members = 0
        let network = RoomNetwork(limits: limits)
        for _ in 0..<RoomLimits.membersPerMessage {
            network.timePassed(.seconds(1))
            let peer = network.add()
            try network.carry(of: [0, peer])
            // They hear nothing of each other, which would take long; the first one lets the others in.
            network.peers[peer].isAdmitted = peer == 0
            if peer > 0 { network.room.members[try network.id(peer)]?.epoch = .max }
        }
        network.timePassed(.seconds(1))
        let last = network.add()
        try network.carry()
        #expect(network.peers[last].admissions.count == 1)
        #expect(network.peers[last].client.memberList.count == RoomLimits.membersPerMessage + 1)
    }

    @Test(
        "A nick of mixed scripts, which looks like nobody's here, is not allowed",
        arguments: ["b\u{43E}b", "\u{10410}"])
    func mixedScripts(_ nick: String) throws {
        let network = RoomNetwork()
        _ = try network.joined("alice")
        let other = network.add(nick: nick)
        try network.carry()
        #expect(codes(network, other) == [.nickInvalid])
    }

    @Test(
        "A nick that is taken, or looks like a member's nick or id, gets a number",
        arguments: ["alice", "Alice", "alíce", "a1ice", "\u{430}\u{4CF}\u{456}\u{441}\u{435}"])
    func takenNick(_ nick: String) throws {
        let network = RoomNetwork()
        let alice = try network.joined("alice")[0]
        let other = network.add(nick: nick)
        let impostor = network.add(nick: try network.id(alice).description)
        try network.carry()
        let (aliceID, otherID) = (try network.id(alice), try network.id(other))
        let names = network.peers[impostor].client.memberList.map(\.nick)
        #expect(Set(names) == ["alice", "\(nick)2", "\(aliceID)2"])
        for peer in [other, impostor] {
            #expect(codes(network, peer).isEmpty)
            #expect(network.peers[peer].warnings == [.nickTaken])
        }
        #expect(network.peers[alice].warnings.isEmpty && aliceID != otherID)

        network.act(alice) { client, actions in client.leave(actions: &actions) }
        try network.carry()
        _ = try network.joined(nick)
    }

    @Test("Names that stand for the room are the host's only; what is no nick is nobody's")
    func reservedNick() throws {
        let network = RoomNetwork()
        let host = network.add(nick: "server", isHost: true)
        let others = ["host", "System", "a b", "<x>"].map { network.add(nick: $0) }
        try network.carry()
        #expect(network.peers[host].client.isJoined)
        for other in others {
            #expect(codes(network, other) == [.nickInvalid])
        }
    }

    @Test("A change of nick is told to all; one that is taken, to nobody")
    func changingNick() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob")
        try network.act(peers[0]) { client, actions in
            try client.changeNick(to: "  carol ", actions: &actions)
        }
        try network.carry()
        let change = ChatEvent.nickChanged(id: try network.id(peers[0]), oldNick: "alice", nick: "carol")
        for peer in peers { #expect(network.peers[peer].events.last == change) }

        try network.act(peers[1]) { client, actions in try client.changeNick(to: "Carol", actions: &actions) }
        try network.carry()
        #expect(network.peers[peers[1]].errors == [.nickTaken])
        #expect(network.peers[peers[0]].events.last == change)

        // The old nick is free, and one's own may change its looks.
        try network.act(peers[1]) { client, actions in try client.changeNick(to: "Alice", actions: &actions) }
        try network.act(peers[0]) { client, actions in try client.changeNick(to: "CAROL", actions: &actions) }
        try network.carry()
        #expect(Set(network.peers[peers[1]].client.memberList.map(\.nick)) == ["Alice", "CAROL"])
        #expect(throws: ChatEvent.Notice.self) {
            try network.act(peers[1]) { client, actions in try client.changeNick(to: "host", actions: &actions) }
        }
    }

    @Test("A broken link is nobody's business until the absence is over")
    func absence() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob")
        let alice = try network.id(peers[0])
        let before = network.peers[peers[1]].events
        network.breakLink(peers[0])
        network.timePassed(network.room.limits.absence - .nanoseconds(1))
        try network.say("still?", peers[1])
        try network.carry()
        #expect(network.room.memberCount == 2)
        network.mendLink(peers[0])
        try network.carry()
        #expect(network.peers[peers[0]].texts == ["still?"])
        network.timePassed(.seconds(600))
        try network.carry()
        #expect(
            network.peers[peers[1]].events.dropFirst(before.count).allSatisfy {
                if case .memberLeft = $0 { false } else { true }
            })

        network.breakLink(peers[0])
        #expect(network.room.nextDeadline == network.now + RoomLimits.awayGrace)
        network.timePassed(RoomLimits.awayGrace)
        let rest = network.room.limits.absence - RoomLimits.awayGrace
        #expect(network.room.nextDeadline == network.now + rest)
        network.timePassed(rest)
        try network.carry()
        #expect(network.peers[peers[1]].events.last == .memberLeft(id: alice, nick: "alice", reason: .lost, count: 1))
        // All that is left is to tell of the epoch that alice's removal has begun.
        #expect(network.room.nextDeadline == network.now + RoomLimits.floorInterval)
        network.timePassed(RoomLimits.floorInterval)
        #expect(network.room.nextDeadline == nil)

        network.mendLink(peers[0])
        try network.carry()
        #expect(try network.id(peers[0]) == alice)
        #expect(network.peers[peers[1]].client.memberList.map(\.nick) == ["alice", "bob"])
    }

    @Test("Several absences end each at its time")
    func absences() throws {
        var limits = RoomLimits()
        limits.absence = .seconds(60)
        let network = RoomNetwork(limits: limits)
        let peers = try network.joined("a", "b", "c", "d")
        network.breakLink(peers[0])
        network.timePassed(.seconds(20))
        network.breakLink(peers[1])
        network.timePassed(.seconds(20))
        network.breakLink(peers[2])
        network.mendLink(peers[1])
        network.timePassed(.seconds(20))
        try network.carry()
        #expect(network.peers[peers[3]].client.memberList.map(\.nick) == ["b", "c", "d"])
        network.timePassed(.seconds(39))
        #expect(network.room.memberCount == 3)
        network.timePassed(.seconds(1))
        #expect(network.room.memberCount == 2)
    }

    @Test("A place is its key's: nobody else goes on in it, and a key has one place only")
    func keys() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob")
        let alice = try network.id(peers[0])
        let stranger = LinkID(slot: 900)
        let key = network.peers[peers[0]].key
        #expect(!network.resumes(alice.wireValue, key: [9, 9], link: stranger))
        #expect(!network.resumes(alice.wireValue ^ 1, key: key, link: stranger))
        #expect(!network.resumes(alice.wireValue, key: key, link: network.peers[peers[1]].link))

        // The same key joins again, as after an answer that got lost on its way.
        let again = network.add(nick: "alice", id: alice)
        network.peers[again].key = network.peers[peers[0]].key
        try network.carry()
        #expect(network.peers[again].client.isJoined)
        #expect(network.peers[peers[0]].isReleased)
        #expect(network.peers[peers[1]].client.memberList.map(\.nick) == ["alice", "bob"])
    }

    @Test("A second connection takes the place over while the first is still open")
    func takingOver() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob")
        network.timePassed(RoomLimits.floorInterval)
        #expect(network.room.nextDeadline == nil)
        let old = network.peers[peers[0]].link
        network.mendLink(peers[0])
        #expect(network.peers[peers[0]].link != old)
        #expect(network.room.memberCount == 2)
        // What is said about the old one no longer matters.
        network.room.linkLost(old, now: network.now)
        #expect(network.room.nextDeadline == nil)
        var actions: [RoomAction] = []
        network.room.cutOff(old, now: network.now, actions: &actions)
        #expect(actions.isEmpty)
    }

    @Test("Who leaves and who is cut off is told apart")
    func leaving() throws {
        let network = RoomNetwork()
        let peers = try network.joined("a", "b", "c")
        let ids = try peers.map { try network.id($0) }
        network.act(peers[0]) { client, actions in client.leave(actions: &actions) }
        try network.carry()
        var actions: [RoomAction] = []
        network.room.cutOff(network.peers[peers[1]].link, now: network.now, actions: &actions)
        network.perform(actions)
        try network.carry()
        #expect(
            network.peers[peers[2]].events.suffix(2) == [
                .memberLeft(id: ids[0], nick: "a", reason: .quit, count: 2),
                .memberLeft(id: ids[1], nick: "b", reason: .lost, count: 1),
            ])
        #expect(network.peers[peers[0]].isReleased && network.peers[peers[1]].isReleased)
    }

    @Test("What comes from a link that is no member's is a join or nothing")
    func protocolErrors() throws {
        let network = RoomNetwork()
        let peer = try network.joined("a")[0]
        var actions: [RoomAction] = []
        for request in [MemberRequest.leave, .post(id: MessageID(1), epoch: 0, content: []), .changeNick("x")] {
            #expect(throws: RoomError.malformed) {
                try network.room.received(
                    type: request.encoded.type, body: request.encoded.body, from: LinkID(slot: 800), key: [8],
                    now: .zero,
                    actions: &actions)
            }
        }
        #expect(throws: RoomError.malformed) {
            try network.receivedAtHost(
                MemberRequest.join(nick: "again", member: network.id(peer), keyPackage: []).encoded, from: peer)
        }
        #expect(throws: RoomError.malformed) {
            try network.receivedAtHost(EncodedMessage(type: 0x7f, body: []), from: peer)
        }
        #expect(actions.isEmpty)
    }

    @Test("At the end of its time the room closes for all, those that are away too")
    func timeToLive() throws {
        var limits = RoomLimits()
        limits.absence = .seconds(60)
        let network = RoomNetwork(limits: limits, closesAt: .seconds(1_300))
        let peers = try network.joined("a", "b")
        #expect(network.peers[peers[0]].admissions.map(\.secondsLeft) == [300])
        network.breakLink(peers[1])
        network.now = .seconds(1_299)
        #expect(network.room.nextDeadline == .seconds(1_000) + RoomLimits.awayGrace)
        network.timePassed(.seconds(1))
        #expect(network.room.isClosed)
        #expect(network.room.nextDeadline == nil)
        try network.carry()
        #expect(network.peers[peers[0]].ends == [nil])
        #expect(network.peers.allSatisfy { $0.isReleased })
        #expect(!network.resumes(1, key: [1, 0], link: LinkID(slot: 700)))
        let late = network.add()
        try network.carry()
        #expect(!network.peers[late].client.isJoined)
    }

    @Test("Nobody comes in once the room's time is over, whether or not it has been closed yet")
    func afterTheEnd() throws {
        let network = RoomNetwork(closesAt: .seconds(1_010))
        _ = network.add(nick: "host", isHost: true)
        try network.carry()
        _ = try network.joined("early")
        network.now = .seconds(1_010)
        let late = network.add(nick: "late")
        try network.carry()
        #expect(codes(network, late) == [.roomExpired])
        #expect(network.room.memberCount == 2)
    }
}
