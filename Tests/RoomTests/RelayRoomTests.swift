import Chat
import Sodium
import TestSupport
import Testing
import Wire

@testable import Room

/// A room whose host is a relay: nobody takes part at the host, and the members let each other in.
@Suite struct RelayRoomTests {
    private func codes(_ network: RoomNetwork, _ peer: Int) -> [NoticeCode?] {
        network.peers[peer].ends.map { $0?.code }
    }

    @Test("The first one creates the group and registers it, once; the others are let in by a member")
    func registering() throws {
        let network = RoomNetwork.relay()
        let alice = try network.joined("alice")[0]
        #expect(network.registered == [[UInt8](repeating: 7, count: 32)])
        #expect(network.peers[alice].invitesShown == 1)
        let others = try network.joined("bob", "carol")
        #expect(others.allSatisfy { network.peers[$0].invitesShown == 0 })
        #expect(network.registered.count == 1)
        try network.say("hi", others[1])
        try network.carry()
        #expect(network.peers[alice].texts == ["hi"])
        // The same again, over another connection.
        try network.receivedAtHost(
            MemberRequest.register(presharedKey: SecretContent(copying: [UInt8](repeating: 7, count: 32).span)).encoded,
            from: alice)
        #expect(network.registered.count == 1)
        // What is not the group's changes nothing, and costs nobody its place.
        for peer in [alice, others[0]] {
            try network.receivedAtHost(Self.registration(of: 1), from: peer)
            #expect(network.registered.count == 1 && !network.peers[peer].isReleased)
        }
    }

    private static func registration(of generation: UInt64) -> EncodedMessage {
        MemberRequest.register(
            presharedKey: SecretContent(copying: PlainGroup.handshakeKey(of: generation).span)
        ).encoded
    }

    /// The member sends another one out, and the room has its Commit that gives the group another secret; it has heard nothing of that
    /// yet, and is killed now where it is to be.
    private func renew(_ network: RoomNetwork, by peer: Int, sendingOut other: Int, isKilled: Bool) throws {
        let name = try network.id(other).description
        try network.act(peer) { client, actions in
            try client.moderate(.kick(name, reason: "", keepsInvites: false), actions: &actions)
        }
        try network.carry(of: [peer])
        let id = try network.id(other)
        let moderator = try network.id(peer)
        let generation = network.room.group.book?.secretGeneration ?? 0
        network.moderate { room, actions in
            room.spoilInvite(by: id, sentOutBy: moderator, now: network.now)
            room.expel(id, banned: false, reason: "", now: network.now, actions: &actions)
        }
        let others = network.peers.indices.filter { $0 != peer }
        while network.room.group.book?.secretGeneration == generation {
            try network.carry(of: others)
            if network.peers[peer].toHost.isEmpty {
                try #require(try network.step(upTo: 1, of: [peer]))
            } else {
                try network.receivedAtHost(network.peers[peer].toHost.removeFirst(), from: peer)
            }
        }
        network.peers[peer].toHost = []
        #expect(network.room.group.book?.secretGeneration == generation + 1 && network.room.groupInvite == nil)
        if isKilled { network.breakLink(peer) }
    }

    @Test("A moderator is killed right behind its Commit: another member tells the relay of the new invite")
    func killedBeforeItRegisters() throws {
        let network = RoomNetwork.relay()
        let peers = try network.joined("alice", "bob", "carol", "dave")
        try renew(network, by: peers[0], sendingOut: peers[3], isKilled: true)
        try network.carry()
        #expect(network.registered.count == 1 && network.room.isInviteSpoilt(now: network.now))
        let bob = network.peers[peers[1]].client
        let due = try #require(bob.upkeep.registrationDue)
        #expect(due >= network.now + GroupUpkeep.registrationPatience)
        network.now += GroupUpkeep.registrationPatience + .seconds(60)
        for peer in peers[1...2] { network.act(peer) { client, actions in client.timePassed(actions: &actions) } }
        try network.carry()
        #expect(network.registered == [0, 1].map { PlainGroup.handshakeKey(of: $0) })
        #expect(!network.room.isInviteSpoilt(now: network.now))
        for peer in peers[1...2] {
            #expect(network.peers[peer].warnings == [.inviteRenewed] && network.peers[peer].invitesShown == 1)
            #expect(network.peers[peer].client.upkeep.registrationDue == nil)
        }
        let erin = try network.joined("erin")[0]
        try network.say("hi", erin)
        try network.carry()
        #expect(network.peers[peers[2]].texts == ["hi"])
    }

    @Test("So does one that was away, or that joins anew, when it is back")
    func registeringLater() throws {
        for joinsAnew in [false, true] {
            let network = RoomNetwork.relay()
            let peers = try network.joined("alice", "bob", "carol")
            try renew(network, by: peers[0], sendingOut: peers[2], isKilled: true)
            try network.carry()
            if joinsAnew { network.overrun(peers[1]) } else { network.breakLink(peers[1]) }
            network.timePassed(.seconds(600))
            network.mendLink(peers[1])
            try network.carry()
            #expect(network.registered.count == (joinsAnew ? 2 : 1))
            network.now += GroupUpkeep.registrationPatience + .seconds(60)
            network.act(peers[1]) { client, actions in client.timePassed(actions: &actions) }
            try network.carry()
            #expect(network.registered.count == 2 && network.peers[peers[1]].invitesShown == 1)
        }
    }

    @Test("Where the moderator tells the relay, nobody else does; a late word of the secret of before changes nothing")
    func lateRegistration() throws {
        let network = RoomNetwork.relay()
        let peers = try network.joined("alice", "bob", "carol", "dave")
        try renew(network, by: peers[0], sendingOut: peers[3], isKilled: false)
        try network.carry()
        #expect(network.registered == [0, 1].map { PlainGroup.handshakeKey(of: $0) })
        #expect(network.peers[peers[1]].client.upkeep.registrationDue == nil)
        try renew(network, by: peers[0], sendingOut: peers[2], isKilled: true)
        // Of the secret of before, of one that there is not, and of none.
        for generation: UInt64 in [1, 0, 3, 99] {
            try network.receivedAtHost(Self.registration(of: generation), from: peers[1])
        }
        #expect(network.room.groupInvite == nil && network.room.formerGroupInvites.count == 2)
        #expect(network.room.isInviteSpoilt(now: network.now) && !network.peers[peers[1]].isReleased)
        try network.carry()
        try network.receivedAtHost(Self.registration(of: 2), from: peers[1])
        #expect(network.registered.count == 3 && !network.room.isInviteSpoilt(now: network.now))
    }

    @Test("Whoever was a moderator when it told the relay of a secret keeps its place when it is none any more")
    func registeringAsNone() throws {
        let network = RoomNetwork.relay()
        let peers = try network.joined("alice", "bob", "carol")
        try renew(network, by: peers[0], sendingOut: peers[2], isKilled: false)
        #expect(network.room.group.book?.isModerator(try network.id(peers[1])) == false)
        try network.receivedAtHost(Self.registration(of: 1), from: peers[1])
        #expect(network.registered.count == 2 && !network.peers[peers[1]].isReleased)
    }

    @Test("Each request is charged: at a member's limit all is read, and one past it there is a pause")
    func charges() throws {
        let burst = Int(RoomLimits().messageBurst)
        let leave = MemberRequest.leave.encoded
        for (request, cost) in [(Self.registration(of: 9), 1), (leave, 1)] {
            for more in 0...1 {
                let network = RoomNetwork.relay()
                let peer = try network.joined("alice", "bob")[1]
                let id = try network.id(peer)
                network.room.members[id]?.messages = TokenBucket(capacity: RoomLimits().messageBurst, now: network.now)
                let rest = burst / cost - 1 + more
                for _ in 0..<rest { try network.receivedAtHost(Self.registration(of: 9), from: peer) }
                #expect(network.peers[peer].pauses.isEmpty)
                try network.receivedAtHost(request, from: peer)
                #expect(network.peers[peer].pauses.isEmpty == (more == 0))
            }
        }
        // What tells of the group again, and a Commit that came too late.
        let external = MemberRequest.joinExternally(GroupCommit(epoch: 0, commit: [1])).encoded
        for isFounding in [true, false] {
            let network = RoomNetwork.relay()
            let peer = try network.joined("alice")[0]
            let id = try network.id(peer)
            network.room.members[id]?.messages = TokenBucket(capacity: RoomLimits().messageBurst, now: network.now)
            let founding = MemberRequest.found(groupInfo: PlainGroup.info(epoch: 0, [id], [id])).encoded
            for _ in 0..<burst / Int(RoomLimits.commitCost) {
                try network.receivedAtHost(isFounding ? founding : external, from: peer)
            }
            #expect(network.peers[peer].pauses.isEmpty)
            try network.receivedAtHost(isFounding ? founding : external, from: peer)
            #expect(network.peers[peer].pauses.count == 1)
        }
    }

    @Test("Who has sent somebody out still knows it after it has joined anew")
    func sendingOutAndComingBack() throws {
        let network = RoomNetwork.relay()
        let alice = try network.joined("alice", "bob")[0]
        try network.act(alice) { client, actions in
            try client.moderate(.kick("bob", reason: "", keepsInvites: false), actions: &actions)
            client.connected(actions: &actions)
            #expect(client.upkeep.expelled.entries.map(\.nick) == ["bob"])
        }
    }

    @Test("All leave, and the next one comes in by itself; the group does not begin anew")
    func nobodyThere() throws {
        let network = RoomNetwork.relay()
        let members = try network.joined("alice", "bob")
        for peer in members { network.act(peer) { client, actions in client.leave(actions: &actions) } }
        try network.carry()
        #expect(network.room.memberCount == 0)
        let epoch = network.epoch
        let carol = try network.joined("carol")[0]
        // Its own Commit, and the one that removes those who have left.
        #expect(network.epoch == epoch + 2)
        let id = try network.id(carol)
        #expect(network.peers[carol].client.engine.members == [id])
        #expect(network.registered.count == 1 && network.peers[carol].invitesShown == 0)
        let dave = try network.joined("dave")[0]
        try network.say("hi", carol)
        try network.carry()
        #expect(network.peers[dave].texts == ["hi"])
    }

    @Test("A member whose connection is broken learns of those who came meanwhile, and they talk")
    func returning() throws {
        let network = RoomNetwork.relay()
        let (alice, bob) = (try network.joined("alice")[0], try network.joined("bob")[0])
        try network.say("before", alice)
        try network.carry()
        network.breakLink(alice)
        network.breakLink(bob)
        let carol = try network.joined("carol")[0]
        #expect(network.peers[carol].client.memberList.count == 3)
        try network.say("is anybody there", carol)
        try network.carry()
        network.mendLink(bob)
        try network.carry()
        try network.say("I am", bob)
        try network.carry()
        #expect(network.peers[carol].texts == ["is anybody there", "I am"])
        #expect(network.peers[bob].texts == ["before", "is anybody there", "I am"])
        #expect(network.peers.allSatisfy { $0.startOvers == 0 && $0.errors.isEmpty })
        network.mendLink(alice)
        try network.carry()
        #expect(network.peers[alice].texts == network.peers[bob].texts)
    }

    @Test("Of several who wait while nobody is there one comes in by itself, and lets in the others")
    func several() throws {
        let network = RoomNetwork.relay()
        let alice = try network.joined("alice")[0]
        network.breakLink(alice)
        let epoch = network.epoch
        _ = try network.joined("bob", "carol", "dave")
        #expect(network.epoch == epoch + 2)
        network.mendLink(alice)
        try network.carry()
        #expect(network.peers.allSatisfy { $0.client.engine.members.count == 4 && $0.startOvers == 0 })
    }

    @Test("One that does not come in by itself within 8 s does not hold up the next")
    func noAnswer() throws {
        let network = RoomNetwork.relay()
        let alice = try network.joined("alice")[0]
        network.breakLink(alice)
        let silent = network.add(nick: "silent")
        try network.carry(of: [])
        let bob = network.add(nick: "bob")
        for message in network.peers[silent].toHost { try network.receivedAtHost(message, from: silent) }
        network.peers[silent].toHost = []
        try network.carry(of: [bob])
        #expect(!network.peers[bob].client.isJoined)
        network.timePassed(RoomLimits.committerPatience - .nanoseconds(1))
        try network.carry(of: [bob])
        #expect(!network.peers[bob].client.isJoined)
        network.timePassed(.nanoseconds(1))
        try network.carry(of: [bob])
        #expect(network.peers[bob].client.isJoined)
        // Whose connection ends is not waited for at all.
        network.breakLink(silent)
        network.breakLink(bob)
        let gone = network.add(nick: "gone")
        for message in network.peers[gone].toHost { try network.receivedAtHost(message, from: gone) }
        let carol = network.add(nick: "carol")
        try network.carry(of: [carol])
        #expect(!network.peers[carol].client.isJoined)
        network.breakLink(gone)
        network.timePassed(.zero)
        try network.carry(of: [carol])
        #expect(network.peers[carol].client.isJoined)
    }

    @Test("An external Commit of an epoch that is over changes nothing, and its sender comes in all the same")
    func lateCommit() throws {
        let network = RoomNetwork.relay()
        let alice = try network.joined("alice")[0]
        network.breakLink(alice)
        let bob = network.add(nick: "bob")
        // The tree, and what lets it in.
        _ = try network.step(upTo: 2)
        // Alice is back and gives itself new keys before bob's Commit comes.
        network.mendLink(alice)
        network.act(alice) { client, actions in
            client.wantUpdate(after: .zero)
            client.timePassed(actions: &actions)
        }
        try network.carry(of: [alice])
        let epoch = network.epoch
        try network.carry()
        network.timePassed(RoomLimits.committerPatience)
        try network.carry()
        #expect(network.peers[bob].client.isJoined)
        #expect(network.epoch > epoch)
        #expect(network.peers[alice].client.engine.members == network.peers[bob].client.engine.members)
    }

    @Test("An external Commit of one whom a member has let in meanwhile changes nothing")
    func overtakenCommit() throws {
        let network = RoomNetwork.relay()
        let alice = try network.joined("alice")[0]
        network.breakLink(alice)
        let bob = network.add(nick: "bob")
        // The Commit is under way for longer than the relay waits.
        // The tree, and what lets it in.
        _ = try network.step(upTo: 2)
        let late = network.peers[bob].toHost
        #expect(late.count == 1)
        network.peers[bob].toHost = []
        network.mendLink(alice)
        network.timePassed(RoomLimits.committerPatience)
        try network.carry()
        #expect(network.peers[bob].client.isJoined)
        let epoch = network.epoch
        for message in late { try network.receivedAtHost(message, from: bob) }
        try network.carry()
        #expect(network.epoch == epoch && network.peers[bob].startOvers == 0)
        #expect(network.peers[alice].client.engine.members == network.peers[bob].client.engine.members)
    }

    @Test("Two who bar a moderator do not keep the group from getting another secret when that one sends somebody out")
    func renewingWhileBarred() throws {
        let network = RoomNetwork.relay()
        let peers = try network.joined("alice", "bob", "carol", "dave")
        let alice = try network.id(peers[0])
        _ = network.room.group.bar(alice)
        try renew(network, by: peers[0], sendingOut: peers[3], isKilled: false)
        try network.carry()
        #expect(network.registered == [0, 1].map { PlainGroup.handshakeKey(of: $0) })
    }

    @Test("In a room with a password nobody comes in while nobody is there, and is told so")
    func password() throws {
        let network = RoomNetwork.relay(admitsUnattended: false)
        let alice = try network.joined("alice")[0]
        network.breakLink(alice)
        let bob = network.add(nick: "bob")
        try network.carry()
        #expect(codes(network, bob) == [.nobodyHere])
        network.mendLink(alice)
        try network.carry()
        // The nick is free again.
        _ = try network.joined("bob")
    }

    @Test("A Commit without a GroupInfo, or with a false one, is declined: nobody could come in while nobody is there")
    func noGroupInfo() throws {
        let network = RoomNetwork.relay()
        let alice = try network.joined("alice")[0]
        let epoch = network.epoch
        for info in [[], [1], PlainGroup.info(epoch: epoch + 2, [try network.id(alice)], [try network.id(alice)])] {
            var commit = try network.peers[alice].client.engine.commit(adding: [], removing: [])
            commit.groupInfo = info
            network.peers[alice].toHost.append(MemberRequest.commit(commit).encoded)
            try network.carry()
            #expect(network.epoch == epoch && !network.peers[alice].client.engine.hasPendingCommit)
        }
        network.breakLink(alice)
        let bob = try network.joined("bob")[0]
        #expect(network.epoch == epoch + 1 && network.peers[bob].errors.isEmpty)
    }

    @Test("What was not offered is not taken: in a host's room, from somebody who was not asked, without a Commit")
    func notOffered() throws {
        let external = MemberRequest.joinExternally(GroupCommit(epoch: 0, commit: [1])).encoded
        let register = MemberRequest.register(
            presharedKey: SecretContent(copying: [UInt8](repeating: 7, count: 32).span)
        ).encoded
        let hosted = RoomNetwork()
        _ = hosted.add(nick: "host", isHost: true)
        try hosted.carry()
        let member = try hosted.joined("alice")[0]
        for message in [external, register, MemberRequest.found(groupInfo: []).encoded] {
            #expect(throws: RoomError.malformed) { try hosted.receivedAtHost(message, from: member) }
        }
        let network = RoomNetwork.relay()
        let alice = try network.joined("alice")[0]
        let first = network.epoch
        // A member's came too late.
        try network.receivedAtHost(external, from: alice)
        #expect(network.epoch == first)
        let stranger = network.add(nick: "stranger")
        network.peers[stranger].toHost = []
        #expect(throws: RoomError.malformed) { try network.receivedAtHost(external, from: stranger) }
        // Waits for alice, who does not answer; nobody has offered it to come in by itself.
        let bob = network.add(nick: "bob")
        try network.carry(of: [bob])
        let epoch = network.epoch
        #expect(throws: RoomError.malformed) { try network.receivedAtHost(external, from: bob) }
        #expect(network.epoch == epoch && !network.peers[bob].isAdmitted)
    }

    @Test("Before the group is registered it begins anew when its first member is gone")
    func unregistered() throws {
        let network = RoomNetwork.relay()
        let alice = network.add(nick: "alice")
        for message in network.peers[alice].toHost { try network.receivedAtHost(message, from: alice) }
        network.peers[alice].toHost = []
        #expect(!network.room.isRegistered)
        network.act(alice) { client, actions in client.leave(actions: &actions) }
        try network.receivedAtHost(MemberRequest.leave.encoded, from: alice)
        let bob = try network.joined("bob")[0]
        #expect(network.room.isRegistered && network.peers[bob].invitesShown == 1)
    }

    @Test("A GroupInfo and a Welcome are taken up to their limits, and not past them")
    func limits() throws {
        func check(_ message: EncodedMessage, isFromHost: Bool = false) -> Bool {
            isFromHost
                ? (try? HostMessage(type: message.type, body: message.body)) != nil
                : (try? MemberRequest(type: message.type, body: message.body)) != nil
        }
        for (more, isTaken) in [(0, true), (1, false)] {
            let info = [UInt8](repeating: 1, count: RoomLimits.groupInfoByteCount + more)
            var commit = GroupCommit(epoch: 1, commit: [1])
            commit.groupInfo = info
            #expect(check(MemberRequest.commit(commit).encoded) == isTaken)
            #expect(check(MemberRequest.joinExternally(commit).encoded) == isTaken)
            #expect(check(MemberRequest.found(groupInfo: info).encoded) == isTaken)
            #expect(check(HostMessage.groupInfo(epoch: 1, info).encoded, isFromHost: true) == isTaken)
            let welcome = [UInt8](repeating: 1, count: RoomLimits.welcomeByteCount + more)
            #expect(check(MemberRequest.commit(GroupCommit(epoch: 1, commit: [], welcome: welcome)).encoded) == isTaken)
            let refused = (0..<RoomLimits.candidatesPerCommit + more).map { MemberID(entropy: UInt32($0)) }
            #expect(check(MemberRequest.commit(GroupCommit(epoch: 1, refused: refused, commit: [])).encoded) == isTaken)
            let removed = (0..<RoomLimits.removalsPerCommit + more).map { MemberID(entropy: UInt32($0)) }
            #expect(check(HostMessage.commitWanted(adding: [], removing: removed).encoded, isFromHost: true) == isTaken)
        }
    }
}
