import Chat
import TestSupport
import Testing
import Wire

@testable import Room

/// At a relay: members and joiners that answer wrongly, or with what is none, and keep nobody out by that.
@Suite struct WrongAnswerTests {
    private func count(_ type: UInt8, to peer: Int, in network: RoomNetwork) -> Int {
        network.peers[peer].toClient.count { $0.message?.type == type }
    }

    @Test(
        "A joiner that answers wrongly again and again while nobody is there does not get the tree each time, and comes in when it answers rightly",
        arguments: [true, false])
    func wrongExternalCommits(isOfThisEpoch: Bool) throws {
        let network = RoomNetwork.relay()
        let alice = try network.joined("alice")[0]
        network.breakLink(alice)
        let bob = network.add(nick: "bob")
        for message in network.peers[bob].toHost { try network.receivedAtHost(message, from: bob) }
        network.peers[bob].toHost = []
        #expect(count(RoomMessageType.tree, to: bob, in: network) == 1)
        let epoch = isOfThisEpoch ? network.epoch : network.epoch + 1
        let wrong = MemberRequest.joinExternally(GroupCommit(epoch: epoch, commit: [1])).encoded
        for _ in 0..<100 { try network.receivedAtHost(wrong, from: bob) }
        #expect(count(RoomMessageType.tree, to: bob, in: network) == (isOfThisEpoch ? 2 : 1))
        network.timePassed(RoomLimits.lagPause)
        try network.carry()
        #expect(network.peers[bob].client.isJoined)
    }

    @Test(
        "Whoever alone is there and answers wrongly again and again is not asked each time: the question is longer than the answer",
        arguments: [[], [1]] as [[UInt8]])
    func wrongAnswers(commit: [UInt8]) throws {
        let network = RoomNetwork.relay(admitsUnattended: false) { $0.members = 0 }
        let alice = try network.joined("alice")[0]
        network.timePassed(.seconds(60))
        try network.carry()
        let joiners = (0..<RoomLimits.candidatesPerCommit).map { network.add(nick: "j\($0)") }
        try network.carry(of: joiners)
        network.timePassed(RoomLimits.committerPatience)
        let before = count(RoomMessageType.commitWanted, to: alice, in: network)
        let wrong = GroupCommit(epoch: network.epoch, refused: [MemberID(entropy: 77)], commit: commit)
        for _ in 0..<100 { try network.receivedAtHost(MemberRequest.commit(wrong).encoded, from: alice) }
        #expect(count(RoomMessageType.commitWanted, to: alice, in: network) <= before + 1)
        network.peers[alice].toClient = []
        network.timePassed(RoomLimits.lagPause)
        try network.carry()
        // A moderator whose Commit was declined has its turn before.
        if !commit.isEmpty { network.timePassed(RoomLimits.updatePatience) }
        try network.carry()
        #expect(joiners.allSatisfy { network.peers[$0].client.isJoined })
    }

    @Test(
        "Nobody is kept out by one who says that KeyPackages cannot be used, or what was not asked, or nothing; another is asked",
        arguments: [0, 1, 2])
    func refusing(kind: Int) throws {
        let network = RoomNetwork.relay()
        let members = try network.joined("alice", "bob")
        let (alice, bob) = (members[0], members[1])
        let carol = network.add(nick: "carol")
        try network.carry(of: [carol])
        #expect(network.room.group.asked?.member == (try network.id(alice)))
        let named = [network.peers[carol].client.engine.id, MemberID(entropy: 77)].dropFirst(kind).prefix(1)
        let refusal = MemberRequest.commit(GroupCommit(epoch: network.epoch, refused: Array(named), commit: []))
        try network.receivedAtHost(refusal.encoded, from: alice)
        #expect(network.room.group.asked?.member == (try network.id(bob)))
        try network.carry(of: [bob, carol])
        #expect(network.peers[carol].client.isJoined)
    }

    @Test(
        "A KeyPackage in which the room finds no fault is refused on no member's word: its owner comes in by itself",
        arguments: [1, 2])
    func refusedByAll(others: Int) throws {
        let network = RoomNetwork.relay()
        let members = try network.joined("alice") + (others > 1 ? network.joined("bob") : [])
        let carol = network.add(nick: "carol")
        try network.carry(of: [carol])
        let id = network.peers[carol].client.engine.id
        let refusal = MemberRequest.commit(GroupCommit(epoch: network.epoch, refused: [id], commit: [])).encoded
        for peer in members { try network.receivedAtHost(refusal, from: peer) }
        try network.carry(of: [carol])
        #expect(network.peers[carol].client.isJoined && network.peers[carol].ends.isEmpty)
    }

    @Test("Nor is it where the others have not answered for a while: they are asked again")
    func refusedByTheLast() throws {
        let network = RoomNetwork.relay(admitsUnattended: false)
        let (alice, mallory) = (try network.joined("alice")[0], try network.joined("mallory")[0])
        let carol = network.add(nick: "carol")
        try network.carry(of: [carol])
        network.timePassed(RoomLimits.committerPatience)
        #expect(network.room.group.asked?.member == (try network.id(mallory)))
        let id = network.peers[carol].client.engine.id
        let refusal = MemberRequest.commit(GroupCommit(epoch: network.epoch, refused: [id], commit: [])).encoded
        try network.receivedAtHost(refusal, from: mallory)
        network.timePassed(RoomLimits.lagPause)
        try network.carry(of: [alice, carol])
        #expect(network.peers[carol].client.isJoined && network.peers[carol].ends.isEmpty)
    }

    @Test("Who lets others in, and leaves one out each time, is passed over as one who was asked in vain")
    func leavingOut() throws {
        let network = RoomNetwork.relay()
        let (mallory, bob) = (try network.joined("mallory")[0], try network.joined("bob")[0])
        network.timePassed(.seconds(60))
        // The first is asked for these together, once somebody else has let in whom it was asked for.
        let first = network.add(nick: "first")
        try network.carry(of: [first])
        let (carol, dave) = (network.add(nick: "carol"), network.add(nick: "dave"))
        try network.carry(of: [carol, dave])
        let answer = network.commit(
            by: try network.id(mallory), epoch: network.epoch, adding: [network.peers[first].client.engine.id],
            welcome: [1])
        try network.receivedAtHost(MemberRequest.commit(answer).encoded, from: mallory)
        #expect(network.room.group.asked?.member == (try network.id(mallory)))
        let half = network.commit(
            by: try network.id(mallory), epoch: network.epoch, adding: [network.peers[dave].client.engine.id],
            welcome: [1])
        try network.receivedAtHost(MemberRequest.commit(half).encoded, from: mallory)
        #expect(network.room.group.asked?.member == (try network.id(bob)))
        try network.carry(of: [bob, carol])
        #expect(network.peers[carol].client.isJoined)
    }

    @Test("So is who lets others in, and removes nobody")
    func leavingIn() throws {
        let network = RoomNetwork.relay()
        let (mallory, bob) = (try network.joined("mallory")[0], try network.joined("bob")[0])
        let carol = try network.joined("carol")[0]
        let gone = try network.id(carol)
        network.timePassed(.seconds(60))
        let first = network.add(nick: "first")
        try network.carry(of: [first])
        network.moderateAll { room, now, actions in
            room.expel(gone, banned: false, reason: "", now: now, actions: &actions)
        }
        let dave = network.add(nick: "dave")
        try network.carry(of: [dave])
        for peer in [first, dave] {
            #expect(network.room.group.asked?.member == (try network.id(mallory)))
            let answer = network.commit(
                by: try network.id(mallory), epoch: network.epoch, adding: [network.peers[peer].client.engine.id],
                welcome: [1])
            try network.receivedAtHost(MemberRequest.commit(answer).encoded, from: mallory)
        }
        #expect(network.room.group.asked?.member == (try network.id(bob)))
        try network.carry(of: [bob])
        #expect(network.room.group.book?.contains(gone) == false)
    }

    @Test("Who gets a Welcome that is none comes again by itself, and another one lets it in")
    func wrongWelcome() throws {
        let network = RoomNetwork.relay()
        let members = try network.joined("alice", "bob")
        let (alice, bob) = (members[0], members[1])
        let carol = network.add(nick: "carol")
        try network.carry(of: [carol])
        let id = network.peers[carol].client.engine.id
        let commit = network.commit(by: try network.id(alice), epoch: network.epoch, adding: [id], welcome: [1])
        try network.receivedAtHost(MemberRequest.commit(commit).encoded, from: alice)
        try network.carry(of: [carol])
        #expect(network.peers[carol].startOvers == 1 && network.peers[carol].ends.isEmpty)
        network.mendLink(carol)
        try network.carry(of: [carol])
        #expect(network.room.group.asked?.member == (try network.id(bob)))
        try network.carry(of: [bob, carol])
        #expect(network.peers[carol].client.isJoined)
    }

    @Test("It comes again so often, and then no more")
    func wrongWelcomesInARow() throws {
        let network = RoomNetwork.relay()
        let peer = network.add(nick: "bob")
        let id = network.peers[peer].client.engine.id
        let admission = HostMessage.RoomState(
            member: id, secondsLeft: nil, age: 0, nextSequence: 1, epoch: 1, missedPrivately: 0,
            members: [.init(id: id, isHost: false, nick: "bob")], welcome: [1])
        let message = HostMessage.admitted(admission).encoded
        for number in 1...MemberClient.welcomesTried {
            try network.act(peer) { client, actions in
                client.connected(actions: &actions)
                try client.received(type: message.type, body: message.body, actions: &actions)
            }
            #expect(network.peers[peer].startOvers == min(number, MemberClient.welcomesTried - 1))
        }
        #expect(network.peers[peer].ends.map { $0?.code } == [.groupWelcome])
    }

    @Test(
        "Two cannot keep others out, of whom one says that who let it in did not, and then both refuse whoever comes",
        arguments: [true, false])
    func refusingWhereOneIsDoubted(admitsUnattended: Bool) throws {
        let network = RoomNetwork.relay(admitsUnattended: admitsUnattended)
        let (alice, bob) = (try network.joined("alice")[0], try network.joined("bob")[0])
        network.breakLink(alice)
        let mallory = try network.joined("mallory")[0]
        network.mendLink(alice)
        try network.carry()
        network.overrun(mallory)
        network.mendLink(mallory)
        try network.carry()
        #expect(
            network.room.group.passedOver.isDoubted(try network.id(bob)) && network.peers[mallory].client.isJoined)
        let carol = network.add(nick: "carol")
        try network.carry(of: [carol])
        for liar in [alice, mallory] {
            #expect(network.room.group.asked?.member == (try network.id(liar)))
            let refused = [network.peers[carol].client.engine.id]
            let refusal = MemberRequest.commit(GroupCommit(epoch: network.epoch, refused: refused, commit: []))
            try network.receivedAtHost(refusal.encoded, from: liar)
        }
        try network.carry(of: [bob, carol])
        network.timePassed(RoomLimits.lagPause)
        // The two are asked again, and say nothing now.
        for _ in 0..<2 where !network.peers[carol].client.isJoined {
            try network.carry(of: [bob, carol])
            network.timePassed(RoomLimits.committerPatience)
        }
        try network.carry(of: [bob, carol])
        #expect(network.peers[carol].client.isJoined && network.peers[carol].ends.isEmpty)
    }
}
