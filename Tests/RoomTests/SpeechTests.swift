import Chat
import TestSupport
import Testing
import Wire

@testable import Room

/// What is said is taken in the epoch in which it was sealed, whoever comes and goes meanwhile.
@Suite struct SpeechTests {
    /// A room of the host, alice and bob, in which alice has said "before" and bob's and alice's links carry nothing while
    /// carol comes in.
    private func withNewcomer(
        after act: (RoomNetwork, Int) throws -> Void = { network, alice in try network.say("before", alice) }
    ) throws -> (RoomNetwork, alice: Int, bob: Int, carol: Int) {
        let network = RoomNetwork()
        let host = network.add(nick: "host", isHost: true)
        try network.carry()
        let members = try network.joined("alice", "bob")
        try act(network, members[0])
        let carol = network.add(nick: "carol")
        try network.carry(of: [host, carol])
        #expect(network.peers[carol].client.isJoined)
        return (network, members[0], members[1], carol)
    }

    @Test("Said before somebody came in, it goes to those who were there, and the newcomer learns its number")
    func newcomer() throws {
        let (network, alice, bob, carol) = try withNewcomer()
        try network.carry()
        try network.say("after", alice)
        try network.say("I too", carol)
        try network.carry()
        for peer in [0, alice, bob] {
            #expect(network.peers[peer].texts == ["before", "after", "I too"])
            #expect(network.peers[peer].messages.map(\.sequence) == [1, 2, 3])
        }
        #expect(network.peers[carol].texts == ["after", "I too"])
        let passed = network.peers[carol].events.compactMap {
            if case .passedOver(let number) = $0 { number } else { nil }
        }
        #expect(passed == [1])
        // The chains are the same: what carol and the others tell of them fits.
        for peer in network.peers { #expect(peer.warnings.isEmpty && peer.errors.isEmpty) }
        network.timePassed(RoomLimits.receiptInterval)
        try network.carry()
        let receipts = network.peers[alice].messages.prefix(2).map { network.peers[alice].lastReceipts[$0.id] }
        #expect(receipts == [[2, 2], [3, 3]])
    }

    @Test("Who comes in anew at its place has missed what was said before, and is told so once")
    func returning() throws {
        let network = RoomNetwork()
        let host = network.add(nick: "host", isHost: true)
        try network.carry()
        let members = try network.joined("alice", "bob", "carol")
        let (alice, bob, carol) = (members[0], members[1], members[2])
        for text in ["one", "two"] { try network.say(text, alice) }
        network.overrun(carol)
        try network.carry(of: [host, carol])
        network.mendLink(carol)
        try network.carry(of: [host, carol])
        #expect(network.peers[carol].client.isJoined && network.peers[carol].missed.isEmpty)
        try network.carry()
        try network.say("after", bob)
        try network.carry()
        #expect(network.peers[carol].texts == ["after"] && network.peers[carol].numbers == [3])
        #expect(network.peers[carol].missed == [2])
        #expect(network.peers[bob].texts == ["one", "two", "after"] && network.peers[bob].missed.isEmpty)
    }

    @Test("A host that gives a newcomer something else than the others is found out")
    func otherDigest() throws {
        let (network, alice, _, carol) = try withNewcomer()
        try network.carry(of: [0, alice])
        let index = try #require(
            network.peers[carol].toClient.firstIndex { $0.message?.type == RoomMessageType.passed })
        let digest = [UInt8](repeating: 9, count: MessageChain.digestByteCount)
        network.peers[carol].toClient[index].message = HostMessage.passed(sequence: 1, digest: digest).encoded
        try network.carry()
        try network.say("after", alice)
        try network.carry()
        #expect(network.peers[carol].warnings == [.groupFork])
    }

    @Test("A private message to somebody who has come back anew meanwhile is declined, and holds nothing up")
    func receiverAnew() throws {
        let network = RoomNetwork()
        _ = network.add(nick: "host", isHost: true)
        try network.carry()
        let members = try network.joined("alice", "bob")
        let (alice, bob) = (members[0], members[1])
        try network.say("psst", alice, to: "bob")
        try network.say("aloud", alice)
        network.overrun(bob)
        network.mendLink(bob)
        try network.carry(of: [0, bob])
        try network.carry()
        #expect(network.peers[alice].errors == [.memberAway])
        #expect(network.peers[0].texts == ["aloud"])
        #expect(network.peers[alice].client.outboxCount == 0)
    }

    /// Posts of alice that were sealed so many epochs ago, while the others' links carried everything.
    private func taken(epochsAgo count: Int, after time: Duration = .zero) throws -> Bool {
        let network = RoomNetwork()
        _ = network.add(nick: "host", isHost: true)
        try network.carry()
        let alice = try network.joined("alice")[0]
        let epoch = network.epoch
        for _ in 0..<count { network.room.group.window.advance(lowest: epoch, now: network.now) }
        network.now += time
        network.room.group.window.review(lowest: epoch, now: network.now)
        return network.room.group.window.contains(epoch) && network.peers[alice].client.isJoined
    }

    @Test("Sixteen epochs back and 60 s, and no further")
    func bounds() throws {
        #expect(try taken(epochsAgo: RoomLimits.epochsBack))
        #expect(try !taken(epochsAgo: RoomLimits.epochsBack + 1))
        #expect(try taken(epochsAgo: 1, after: RoomLimits.epochTime - .nanoseconds(1)))
        #expect(try !taken(epochsAgo: 1, after: RoomLimits.epochTime))
    }

    @Test("What comes too late breaks its sender's connection, and comes again under its number")
    func late() throws {
        let (network, alice, bob, _) = try withNewcomer()
        network.timePassed(RoomLimits.epochTime)
        try network.carry(of: [alice])
        #expect(!network.peers[alice].isUp && network.room.memberCount == 4)
        network.mendLink(alice)
        try network.carry()
        #expect(network.peers[bob].texts == ["before"])
        #expect(network.peers[alice].delivered.count == 1 && network.peers[alice].errors.isEmpty)
    }

    @Test(
        "In an epoch that has not begun, or before its sender came in, nothing can have been said", arguments: [-1, 1])
    func impossible(offset: Int) throws {
        let network = RoomNetwork()
        _ = network.add(nick: "host", isHost: true)
        try network.carry()
        let alice = try network.joined("alice")[0]
        let epoch = UInt64(Int(network.epoch) + offset)
        #expect(throws: RoomError.malformed) {
            try network.receivedAtHost(
                MemberRequest.post(id: MessageID(1), epoch: epoch, content: [0]).encoded, from: alice)
        }
    }

    @Test("Before it is too late for what somebody present may say, no epoch ends, but for a minute only")
    func lagging() throws {
        let network = RoomNetwork()
        let host = network.add(nick: "host", isHost: true)
        try network.carry()
        let alice = try network.joined("alice")[0]
        let epoch = network.epoch
        func comes(_ number: Int) throws -> Bool {
            let guest = network.add(nick: "guest\(number)")
            try network.carry(of: [host, guest])
            return network.peers[guest].client.isJoined
        }
        for number in 0..<RoomLimits.epochsBack { #expect(try comes(number)) }
        #expect(try !comes(100))
        #expect(network.epoch == epoch + UInt64(RoomLimits.epochsBack))
        try network.say("here", alice)
        network.timePassed(RoomLimits.epochTime - .nanoseconds(1))
        try network.carry(of: [host])
        #expect(network.epoch == epoch + UInt64(RoomLimits.epochsBack))
        // It was heard, and has heard of what there was.
        try network.carry()
        #expect(network.peers[host].texts == ["here"])
        try network.say("and now", alice)
        try network.carry()
        network.timePassed(RoomLimits.lagPause)
        try network.carry()
        #expect(network.epoch > epoch + UInt64(RoomLimits.epochsBack))

        let other = RoomNetwork()
        _ = other.add(nick: "host", isHost: true)
        try other.carry()
        _ = try other.joined("alice")
        for number in 0...RoomLimits.epochsBack {
            let guest = other.add(nick: "guest\(number)")
            try other.carry(of: [0, guest])
        }
        let stuck = other.epoch
        other.timePassed(RoomLimits.epochTime)
        try other.carry(of: [0])
        #expect(other.epoch == stuck + 1)
    }

    @Test("Members are told when they need what opens past epochs no more, with a Commit or without")
    func settling() throws {
        let (network, alice, _, _) = try withNewcomer(after: { _, _ in })
        func floors() throws -> [UInt64] {
            try network.peers[alice].toClient.compactMap(\.message).compactMap {
                switch try HostMessage(type: $0.type, body: $0.body) {
                case .committed(_, let floor, _, _), .settled(let floor): floor
                default: nil
                }
            }
        }
        let before = try floors()
        #expect(before.count == 1 && before[0] < network.epoch)
        network.timePassed(RoomLimits.floorInterval)
        // Nobody has said anything since, so it takes as long as it can.
        #expect(try floors() == before)
        network.timePassed(RoomLimits.epochTime)
        #expect(try floors() == before + [network.epoch])
        #expect(network.room.group.window.reviewAt == nil)
        // By what they say, members show how far they are.
        try network.carry()
        _ = try network.joined("dave")
        for peer in network.peers.indices { try network.say("here", peer) }
        try network.carry()
        network.timePassed(RoomLimits.floorInterval)
        let last = try #require(try floors().last)
        #expect(last == network.epoch)
    }

    @Test("What opens the last epochs is kept while Commits come, however long that goes on")
    func keptMeanwhile() throws {
        let (network, alice, bob, _) = try withNewcomer(after: { _, _ in })
        // Alice and the guests are slow, so that the floor stays below.
        func comes(_ number: Int) throws {
            let guest = network.add(nick: "guest\(number)")
            try network.carry(of: [0, guest])
            try network.carry(of: [bob])
        }
        for number in 0..<40 {
            network.timePassed(RoomLimits.floorInterval - .seconds(1))
            try comes(number)
        }
        try network.carry(of: [alice])
        try network.say("before", alice)
        try comes(40)
        network.act(bob) { client, actions in client.timePassed(actions: &actions) }
        try network.carry()
        #expect(network.peers[bob].texts == ["before"] && network.peers[bob].warnings.isEmpty)
    }

    @Test("What opens past epochs is not kept for longer than five minutes, whatever the host says")
    func keptNoLonger() throws {
        let (network, alice, bob, _) = try withNewcomer()
        try network.carry(of: [alice])
        let post = try #require(network.peers[bob].toClient.last { $0.message?.type == RoomMessageType.posted })
        network.peers[bob].toClient.removeAll { $0.message?.type == RoomMessageType.posted }
        try network.carry(of: [bob])
        for time in [GroupUpkeep.pastTime - .nanoseconds(1), .nanoseconds(1)] {
            network.now += time
            network.act(bob) { client, actions in client.timePassed(actions: &actions) }
        }
        network.peers[bob].toClient.append(post)
        try network.carry(of: [bob])
        #expect(network.peers[bob].texts.isEmpty && network.peers[bob].warnings == [.groupEpoch])
    }
}
