import Chat
import Testing
import Wire

@testable import Room

/// Who is away is seen: by everybody, once, in the room's order.
@Suite struct RoomAwayTests {
    /// What a peer was told of comings and goings, of one member.
    private enum Seen: Equatable {
        case away(since: Int64)
        case back(since: Int64)
        case left
    }

    private func seen(_ peer: Int, _ member: MemberID, in network: RoomNetwork) -> [Seen] {
        network.peers[peer].events.compactMap { event in
            switch event {
            case .memberAway(member, _, let since): .away(since: since)
            case .memberBack(member, _, let since): .back(since: since)
            case .memberLeft(member, _, _, _): .left
            default: nil
            }
        }
    }

    private func wait(_ time: Duration, _ network: RoomNetwork) throws {
        network.timePassed(time)
        try network.carry()
    }

    @Test("All others are told once that somebody is away, since when, and that it is back")
    func awayAndBack() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob", "carol")
        let alice = try network.id(peers[0])
        try wait(.seconds(100), network)
        let since = RoomNetwork.wallTime(at: network.now)
        network.breakLink(peers[0])
        try wait(RoomLimits.awayGrace - .nanoseconds(1), network)
        #expect(seen(peers[1], alice, in: network) == [])
        try wait(.nanoseconds(1), network)
        for peer in peers[1...] {
            #expect(seen(peer, alice, in: network) == [.away(since: since)])
            let list = network.peers[peer].client.memberList
            #expect(list.map(\.awaySince) == [since, nil, nil])
        }
        try wait(.seconds(3_600), network)
        network.mendLink(peers[0])
        try wait(.seconds(3_600), network)
        for peer in peers[1...] {
            #expect(seen(peer, alice, in: network) == [.away(since: since), .back(since: since)])
            #expect(network.peers[peer].client.memberList.allSatisfy { $0.awaySince == nil })
        }
        // Of itself it is told by its own connection.
        #expect(seen(peers[0], alice, in: network) == [])
        #expect(network.peers[peers[0]].client.memberList.allSatisfy { $0.awaySince == nil })
    }

    @Test("Somebody wants the nick of one whose connection has broken just now: all are told that it is away")
    func nickOfSomebodyAway() throws {
        let network = RoomNetwork()
        let peers = try network.joined("jo", "bob")
        let jo = try network.id(peers[0])
        network.breakLink(peers[0])
        let since = RoomNetwork.wallTime(at: network.now)
        let again = try network.joined("Jo")[0]
        #expect(seen(peers[1], jo, in: network) == [.away(since: since)])
        let list = network.peers[again].client.memberList
        #expect(list.first { $0.id == jo }?.awaySince == since)
        #expect(list.contains { $0.nick == "Jo2" && $0.awaySince == nil })
        #expect(network.peers[again].warnings == [.nickTaken])
        let told = network.peers[again].events.compactMap { if case .warning(let notice) = $0 { notice } else { nil } }
        #expect(told.first?.message.contains("who is away") == true)
        // And once.
        try wait(RoomLimits.awayGrace, network)
        #expect(seen(peers[1], jo, in: network) == [.away(since: since)])
        // Of one that is present nothing is told.
        let third = try network.joined("bob")[0]
        #expect(seen(peers[1], try network.id(peers[1]), in: network) == [])
        let other = network.peers[third].events.compactMap { if case .warning(let notice) = $0 { notice } else { nil } }
        #expect(other.map(\.code) == [.nickTaken] && other.first?.message.contains("away") == false)
    }

    @Test("A connection that is there again in a moment makes no noise, however often")
    func blips() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob")
        for _ in 0..<5 {
            network.breakLink(peers[0])
            try wait(RoomLimits.awayGrace - .seconds(1), network)
            network.mendLink(peers[0])
            try network.carry()
        }
        try wait(.seconds(60), network)
        #expect(seen(peers[1], try network.id(peers[0]), in: network) == [])
    }

    @Test("Who comes in is told who is away, and since when")
    func newcomer() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob", "carol")
        network.breakLink(peers[0])
        try wait(.seconds(50), network)
        network.breakLink(peers[1])
        try wait(.seconds(1), network)
        // The newcomer's clock is another one.
        let newcomer = network.add(nick: "dora")
        try network.carry()
        let since = RoomNetwork.wallTime(at: network.now) - 51
        let list = network.peers[newcomer].client.memberList
        #expect(list.map(\.nick) == ["alice", "bob", "carol", "dora"])
        #expect(list.map(\.awaySince) == [since, nil, nil, nil])
        // Of bob nobody was told by then; the newcomer is with all others.
        try wait(RoomLimits.awayGrace, network)
        #expect(seen(newcomer, try network.id(peers[1]), in: network) == [.away(since: since + 50)])
        network.mendLink(peers[0])
        try network.carry()
        #expect(seen(newcomer, try network.id(peers[0]), in: network) == [.back(since: since)])
    }

    @Test("Who was away itself reads who else was, in order")
    func whatWasMissed() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob", "carol")
        network.breakLink(peers[0])
        try wait(.seconds(20), network)
        let bobSince = RoomNetwork.wallTime(at: network.now)
        network.breakLink(peers[1])
        try wait(.seconds(20), network)
        try network.say("bob is away", peers[2])
        try network.carry()
        network.mendLink(peers[1])
        try network.carry()
        try network.say("bob is back", peers[2])
        try wait(.seconds(36_000), network)
        network.mendLink(peers[0])
        try network.carry()
        let bob = try network.id(peers[1])
        let heard = network.peers[peers[0]].events.compactMap { event -> String? in
            switch event {
            case .memberAway(bob, _, bobSince): "away"
            case .memberBack(bob, _, bobSince): "back"
            case .message(let message): message.text
            default: nil
            }
        }
        #expect(heard == ["away", "bob is away", "back", "bob is back"])
    }

    @Test("Who joins anew in its place is back, too")
    func joinedAnew() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob")
        let alice = try network.id(peers[0])
        let since = RoomNetwork.wallTime(at: network.now)
        network.overrun(peers[0])
        try wait(RoomLimits.awayGrace, network)
        network.mendLink(peers[0])
        try network.carry()
        #expect(network.peers[peers[0]].admissions.count == 2)
        #expect(seen(peers[1], alice, in: network) == [.away(since: since), .back(since: since)])
        #expect(network.peers[peers[0]].client.memberList.allSatisfy { $0.awaySince == nil })
    }

    @Test("The place is given up after its time; where that is shorter than the grace nobody is called away")
    func leaving() throws {
        for keep in [Duration.seconds(60), RoomLimits.awayGrace] {
            var limits = RoomLimits()
            limits.absence = keep
            let network = RoomNetwork(limits: limits)
            let peers = try network.joined("alice", "bob")
            let alice = try network.id(peers[0])
            let since = RoomNetwork.wallTime(at: network.now)
            network.breakLink(peers[0])
            try wait(RoomLimits.awayGrace, network)
            try wait(keep, network)
            #expect(
                seen(peers[1], alice, in: network)
                    == (keep > RoomLimits.awayGrace ? [.away(since: since), .left] : [.left]))
        }
    }

    @Test("A host that slept calls nobody away who is back at once")
    func hostSlept() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob", "carol")
        network.breakLink(peers[0])
        network.now += .seconds(3_600)
        network.room.hostWasAway(for: .seconds(3_600))
        network.timePassed(.zero)
        network.mendLink(peers[0])
        try wait(.seconds(60), network)
        #expect(seen(peers[1], try network.id(peers[0]), in: network) == [])
    }

    @Test("Nothing waits for a member that is away but what was said: receipts are told when it is back")
    func receipts() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob", "carol")
        network.peers[peers[1]].isUp = false
        network.peers[peers[2]].isUp = false
        try network.say("to all", peers[0])
        try network.say("to bob", peers[0], to: "bob")
        try network.carry()
        network.breakLink(peers[0])
        network.peers[peers[0]].toClient = []
        network.peers[peers[1]].isUp = true
        network.peers[peers[2]].isUp = true
        try network.carry()
        try wait(RoomLimits.awayGrace, network)
        try wait(.seconds(3_600), network)
        let waiting = network.peers[peers[0]].toClient.compactMap { $0.message?.type }
        #expect(!waiting.contains(RoomMessageType.receipts))
        network.mendLink(peers[0])
        try network.carry()
        try wait(RoomLimits.receiptInterval, network)
        let told = network.peers[peers[0]].lastReceipts
        #expect(told.values.sorted { $0[1] > $1[1] } == [[2, 2], [1, 1]])
        try wait(.seconds(3_600), network)
        #expect(network.peers[peers[0]].lastReceipts == told)
    }

    @Test("Receipts of private messages are held for so many, and no more")
    func heldReceipts() throws {
        var receipts = PrivateReceipts()
        let (ada, bob) = (MemberID(entropy: 1), MemberID(entropy: 2))
        let receipt = HostMessage.Receipt(id: MessageID(7), count: 1, of: 1)
        for _ in 0..<PrivateReceipts.limit { receipts.hold(receipt, for: bob) }
        receipts.hold(receipt, for: ada)
        let none = receipts.takeHeld { $0 == ada }
        #expect(none.isEmpty)
        let all = receipts.takeHeld { _ in true }
        #expect(all.map(\.sender) == [bob])
        #expect(all.first?.receipts.count == PrivateReceipts.limit)
        #expect(!receipts.hasHeld)
    }

    @Test("A newcomer whose nick somebody has who is away gets the next one")
    func nick() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob")
        network.breakLink(peers[1])
        try wait(.seconds(3_600), network)
        let newcomer = network.add(nick: "bob")
        try network.carry()
        #expect(network.peers[newcomer].client.memberList.map(\.nick) == ["alice", "bob", "bob2"])
    }
}
