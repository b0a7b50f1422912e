import Chat
import TestSupport
import Testing
import Wire

@testable import Room

/// Who moderates, and what members that do can ask of the room.
@Suite struct RolesTests {
    /// A relay's room of alice, who has created it, bob and carol.
    private func room() throws -> (RoomNetwork, alice: Int, bob: Int, carol: Int) {
        var limits = RoomLimits()
        limits.isRelay = true
        let network = RoomNetwork(limits: limits)
        network.isRelay = true
        let alice = try network.joined("alice")[0]
        let members = try network.joined("bob", "carol")
        network.timePassed(.seconds(60))
        try network.carry()
        return (network, alice, members[0], members[1])
    }

    private func perform(_ command: RoomCommand, _ peer: Int, _ network: RoomNetwork) throws {
        try network.act(peer) { client, actions in try client.moderate(command, actions: &actions) }
        try network.carry()
    }

    private func moderators(_ peer: Int, _ network: RoomNetwork) -> [String] {
        network.peers[peer].client.memberList.filter(\.isModerator).map(\.nick)
    }

    private func told(_ peer: Int, _ network: RoomNetwork) -> [RoomChange] {
        network.peers[peer].events.compactMap {
            if case .room(let change) = $0, case .moderator = change { change } else { nil }
        }
    }

    @Test("In a relay's room its creator moderates, and names others; everybody is told, newcomers too")
    func naming() throws {
        let (network, alice, bob, carol) = try room()
        for peer in [alice, bob, carol] { #expect(moderators(peer, network) == ["alice"]) }
        try perform(.op("bob"), alice, network)
        let dave = try network.joined("dave")[0]
        for peer in [alice, bob, carol, dave] { #expect(moderators(peer, network) == ["alice", "bob"]) }
        let change = RoomChange.moderator(id: try network.id(bob), nick: "bob", isModerator: true)
        for peer in [alice, bob, carol] { #expect(told(peer, network) == [change]) }
        #expect(network.peers[bob].client.isModerator && !network.peers[carol].client.isModerator)
        network.timePassed(.seconds(60))
        try perform(.deop("bob"), alice, network)
        for peer in [alice, bob, carol, dave] { #expect(moderators(peer, network) == ["alice"]) }
        for peer in network.peers { #expect(peer.warnings.isEmpty && peer.errors.isEmpty) }
    }

    @Test("A moderator that the group has left behind asks at once, and not only when it is back; nobody else is heard")
    func moderatingMeanwhile() throws {
        let (network, alice, bob, carol) = try room()
        // The room has given up the connection, and the moderator does not know that yet.
        network.moderateAll { [link = network.peers[alice].link] room, now, actions in
            room.overrun(link, now: now)
            actions.append(.release(link))
        }
        let members = try [alice, bob, carol].map { try network.id($0) }
        func kick(_ name: String) throws {
            try network.act(alice) { client, actions in
                try client.moderate(.kick(name, reason: "", keepsInvites: true), actions: &actions)
            }
        }
        func kicked(_ number: Int) -> Moderation {
            .expel(members[number], isBanned: false, keepsInvites: true, reason: "")
        }
        try kick("carol")
        try network.carry()
        #expect(network.moderated.map(\.0) == [kicked(2)] && !network.peers[alice].isUp)
        // Once it knows, it asks right at the beginning of the next connection, and on it.
        try kick("bob")
        network.mendLink(alice)
        // The first one has no answer yet.
        #expect(try network.step(upTo: 2, of: [alice]))
        #expect(network.moderated.map(\.0) == [kicked(2), kicked(1)] && !network.peers[alice].client.isJoined)
        try network.act(alice) { client, actions in try client.moderate(.topic("tea"), actions: &actions) }
        #expect(try network.step(upTo: 2, of: [alice]))
        #expect(network.moderated.count == 3 && !network.peers[alice].client.isJoined)
        // Who does not moderate, or has no place, hears nothing.
        network.overrun(bob)
        network.mendLink(bob)
        network.add(nick: "dave")
        let dave = network.peers.count - 1
        for peer in [bob, dave] {
            network.peers[peer].toClient = []
            try network.receivedAtHost(MemberRequest.moderate(MessageID(2), .topic("milk")).encoded, from: peer)
            #expect(network.peers[peer].toClient.isEmpty)
        }
        #expect(network.moderated.count == 3)
        try network.carry()
        #expect(network.peers[alice].client.isJoined && network.peers[alice].client.outboxCount == 0)
    }

    @Test("So much that is asked for on the way back slows that connection")
    func moderatingMeanwhileWithoutEnd() throws {
        let (network, alice, _, _) = try room()
        network.overrun(alice)
        network.mendLink(alice)
        network.peers[alice].pauses = []
        for number in 0..<UInt64(RoomLimits().messageBurst) {
            try network.receivedAtHost(
                MemberRequest.moderate(MessageID(number), .topic("tea")).encoded, from: alice)
        }
        #expect(!network.peers[alice].pauses.isEmpty)
    }

    @Test("Who has given itself new keys a moment ago has its turn for naming somebody a little later")
    func namingSoon() throws {
        let (network, alice, _, _) = try room()
        try perform(.op("bob"), alice, network)
        try perform(.op("carol"), alice, network)
        #expect(moderators(alice, network) == ["alice", "bob"])
        network.timePassed(RoomLimits.ownUpdateInterval)
        network.act(alice) { client, actions in
            client.upkeep.updateDue = network.now
            client.timePassed(actions: &actions)
        }
        try network.carry()
        #expect(moderators(alice, network) == ["alice", "bob", "carol"])
    }

    @Test(
        "What is changed right behind another change, or while new keys have to wait, is changed as well",
        arguments: [Duration.zero, RoomLimits.ownUpdateInterval])
    func namingTogether(pause: Duration) throws {
        let (network, alice, bob, carol) = try room()
        try perform(.op("bob"), alice, network)
        network.timePassed(pause)
        for command in [RoomCommand.deop("bob"), .op("carol")] {
            try network.act(alice) { client, actions in try client.moderate(command, actions: &actions) }
        }
        for _ in 0..<30 {
            try network.carry()
            network.timePassed(.seconds(5))
            network.act(alice) { client, actions in client.timePassed(actions: &actions) }
        }
        for peer in [alice, bob, carol] { #expect(moderators(peer, network) == ["alice", "carol"]) }
    }

    @Test("Where as many moderate as can, whoever names one more is told so")
    func namingTooMany() throws {
        let (network, alice, _, _) = try room()
        let names = (1..<RoomLimits.moderators).map { "m\($0)" }
        for name in names { _ = try network.joined(name) }
        for name in names + ["bob"] {
            network.timePassed(.seconds(60))
            try perform(.op(name), alice, network)
        }
        #expect(moderators(alice, network).count == RoomLimits.moderators)
        #expect(network.peers[alice].errors == [.notPermitted])
        // What comes behind it is carried out.
        network.timePassed(.seconds(60))
        try perform(.deop("m1"), alice, network)
        network.timePassed(.seconds(60))
        try perform(.op("bob"), alice, network)
        #expect(moderators(alice, network).contains("bob") && network.peers[alice].errors.count == 1)
    }

    @Test("Nobody sends itself out by mistake")
    func oneself() throws {
        let (network, alice, bob, _) = try room()
        for command in [RoomCommand.kick("alice", reason: ""), .ban("alice", reason: "")] {
            #expect(throws: ChatEvent.Notice.self) { try perform(command, alice, network) }
        }
        #expect(network.peers[alice].client.isJoined && moderators(bob, network) == ["alice"])
    }

    @Test("What is to be changed of who moderates is so after joining anew, too")
    func namingOverAnotherStay() throws {
        let (network, alice, bob, _) = try room()
        try network.act(alice) { client, actions in try client.moderate(.op("bob"), actions: &actions) }
        network.overrun(alice)
        network.mendLink(alice)
        for _ in 0..<30 {
            try network.carry()
            network.timePassed(.seconds(5))
            network.act(alice) { client, actions in client.timePassed(actions: &actions) }
        }
        #expect(network.peers[alice].client.isJoined)
        for peer in [alice, bob] { #expect(moderators(peer, network) == ["alice", "bob"]) }
    }

    /// The moderator sends somebody out, as a relay's host has it.
    private func sendOut(_ nick: String, by moderator: Int, _ network: RoomNetwork) throws {
        let gone = try #require(network.peers[moderator].client.memberList.first { $0.nick == nick }?.id)
        let sender = try network.id(moderator)
        try network.act(moderator) { client, actions in
            try client.moderate(.kick(nick, reason: ""), actions: &actions)
        }
        try network.carry(of: [moderator])
        network.moderate { room, actions in
            room.spoilInvite(by: gone, sentOutBy: sender, now: network.now)
            room.expel(gone, banned: false, reason: "", now: network.now, actions: &actions)
        }
    }

    @Test("Once who was sent out is out of the group, another secret comes before all others who come and go")
    func anotherSecretComesFirst() throws {
        let (network, alice, bob, carol) = try room()
        let (gone, moderator) = (try network.id(bob), try network.id(alice))
        try sendOut("bob", by: alice, network)
        while network.room.group.book?.contains(gone) == true {
            try #require(try network.step(upTo: 1, of: [alice]))
        }
        let epoch = network.epoch
        #expect(network.room.group.asked?.member == moderator && network.room.group.asked?.isUpdate == true)
        network.act(carol) { client, actions in client.leave(actions: &actions) }
        try network.carry(of: [carol])
        network.timePassed(.seconds(8))
        #expect(network.room.memberCount == 1 && network.epoch == epoch)
        try network.carry()
        #expect(network.room.group.book?.secretGeneration == 1)
    }

    @Test("Whoever was sent out is removed by the moderator who did it, also where all others are silent")
    func removedByItsModerator() throws {
        let (network, alice, bob, carol) = try room()
        try perform(.op("carol"), alice, network)
        let dave = try network.joined("dave")[0]
        network.timePassed(.seconds(60))
        try network.carry()
        let gone = try network.id(dave)
        try sendOut("dave", by: carol, network)
        for _ in 0..<5 { try network.carry(of: [carol]) }
        #expect(network.room.group.book?.contains(gone) == false)
        #expect(network.room.group.book?.secretGeneration == 1)
        _ = bob
    }

    @Test("The host is not sent out, and whoever wants that is told so")
    func theHost() throws {
        let network = RoomNetwork()
        _ = network.add(nick: "host", isHost: true)
        try network.carry()
        let alice = try network.joined("alice")[0]
        try perform(.op("alice"), 0, network)
        for command in [RoomCommand.kick("host", reason: ""), .ban("host", reason: "")] {
            #expect(throws: ChatEvent.Notice.theHostStays) { try perform(command, alice, network) }
        }
    }

    @Test("Who is none can name nobody and ask for nothing, whatever its program does")
    func others() throws {
        let (network, alice, bob, carol) = try room()
        #expect(throws: ChatEvent.Notice.moderatorsOnly) { try perform(.lock, bob, network) }
        #expect(throws: ChatEvent.Notice.moderatorsOnly) { try perform(.op("bob"), bob, network) }
        // It sends nothing that it has not asked for itself.
        network.act(bob) { client, _ in client.outbox.sent.insert(MessageID(1)) }
        let lock = MemberRequest.moderate(MessageID(1), .lock(true)).encoded
        try network.receivedAtHost(lock, from: bob)
        try network.carry()
        #expect(network.moderated.isEmpty && network.peers[bob].errors == [.notPermitted])
        let commit = PlainGroup.commit(
            epoch: network.epoch, by: try network.id(bob), moderator: try network.id(bob), isModerator: true)
        let epoch = network.epoch
        var request = GroupCommit(epoch: epoch, commit: commit)
        request.groupInfo = PlainGroup.info(
            epoch: epoch + 1, Set(network.room.members.keys), [try network.id(alice), try network.id(bob)])
        try network.receivedAtHost(MemberRequest.commit(request).encoded, from: bob)
        #expect(network.epoch == epoch)
        _ = carol
    }

    @Test(
        "What a moderator asked for on a connection that broke is done once, whether or not the room had heard of it",
        arguments: [false, true], [false, true])
    func onceOverABrokenConnection(wasHeard: Bool, hasPlace: Bool) throws {
        let (network, alice, bob, _) = try room()
        try network.act(alice) { client, actions in try client.moderate(.lock, actions: &actions) }
        let request = try #require(network.peers[alice].toHost.last)
        if wasHeard { try network.receivedAtHost(request, from: alice) }
        #expect(network.moderated.count == (wasHeard ? 1 : 0))
        if hasPlace {
            network.breakLink(alice)
        } else {
            // The answer is lost.
            network.overrun(alice)
            network.peers[alice].toHost = []
            network.peers[alice].toClient = []
        }
        #expect(network.peers[alice].client.outboxCount == 1)
        network.mendLink(alice)
        try network.carry()
        network.timePassed(.seconds(60))
        try network.carry()
        #expect(network.peers[alice].client.isJoined)
        #expect(network.moderated.map(\.0) == [.lock(true)])
        #expect(network.peers[alice].client.outboxCount == 0 && network.peers[alice].errors.isEmpty)
        _ = bob
    }

    @Test("What is asked for while the connection is broken is done when it is there again, in that order")
    func whileAway() throws {
        let (network, alice, _, _) = try room()
        network.breakLink(alice)
        for command in [RoomCommand.lock, .topic("cats"), .unlock] {
            try network.act(alice) { client, actions in try client.moderate(command, actions: &actions) }
        }
        #expect(network.peers[alice].client.outboxCount == 3)
        network.mendLink(alice)
        try network.carry()
        #expect(network.moderated.map(\.0) == [.lock(true), .topic("cats"), .lock(false)])
        #expect(network.peers[alice].client.outboxCount == 0)
    }

    @Test("Who sends somebody out of a relay's room is told if the invite could not be changed, once that one is out")
    func invitesStay() throws {
        let (network, alice, bob, carol) = try room()
        func wait(_ seconds: Int) throws {
            network.timePassed(.seconds(seconds))
            network.act(alice) { client, actions in client.timePassed(actions: &actions) }
            try network.carry()
        }
        let invites = { network.peers[alice].warnings.filter { $0 == .inviteStays }.count }
        try perform(.kick("bob", reason: "", keepsInvites: true), alice, network)
        try network.expel("bob")
        try wait(1)
        #expect(invites() == 0)
        (network.peers[alice].client.engine as? PlainGroup)?.hasSecretsLeft = false
        try perform(.ban("carol", reason: ""), alice, network)
        try wait(1)
        #expect(invites() == 0)
        try network.expel("carol", banned: true)
        try wait(1)
        #expect(invites() == 1)
        try wait(60)
        #expect(invites() == 1)
        for peer in [bob, carol] { #expect(network.peers[peer].warnings.isEmpty) }
    }

    @Test("The end of a room with a host is the host's, also for a moderator")
    func endOfAHostsRoom() throws {
        let network = RoomNetwork()
        let host = network.add(nick: "host", isHost: true)
        try network.carry()
        let bob = try network.joined("bob")[0]
        try perform(.op("bob"), host, network)
        #expect(network.peers[bob].client.isModerator)
        #expect(throws: ChatEvent.Notice.hostOnly) { try perform(.end, bob, network) }
        #expect(network.peers[bob].client.othersToEnd == 0)
        try network.expel("bob")
        #expect(network.peers[host].warnings.isEmpty)
    }

    @Test("A moderator that is a member asks the room for what moderators do")
    func asking() throws {
        let (network, alice, bob, _) = try room()
        let commands: [(RoomCommand, Moderation)] = [
            (
                .kick("bob", reason: "loud", keepsInvites: true),
                .expel(try network.id(bob), isBanned: false, keepsInvites: true, reason: "loud")
            ),
            (.ban("bob", reason: ""), .expel(try network.id(bob), isBanned: true, keepsInvites: false, reason: "")),
            (.lock, .lock(true)), (.unlock, .lock(false)), (.topic("cats"), .topic("cats")),
            (.slow(seconds: 9), .slow(seconds: 9)), (.extend(seconds: 60), .extend(seconds: 60)), (.end, .end),
        ]
        for (command, _) in commands { try perform(command, alice, network) }
        #expect(network.moderated.map(\.what) == commands.map(\.1))
        #expect(network.moderated.allSatisfy { $0.by == network.peers[alice].client.id })
        // There is no host whom somebody could ask.
        for command in [RoomCommand.listInvites, .approve("bob"), .move] {
            #expect(throws: ChatEvent.Notice.notAtRelay) { try perform(command, alice, network) }
        }
        #expect(throws: ChatEvent.Notice.moderatorsOnly) { try perform(.end, bob, network) }
        #expect(network.peers[alice].client.othersToEnd == 2 && network.peers[bob].client.othersToEnd == 0)
        #expect(throws: ChatEvent.Notice.self) { try perform(.kick("nobody", reason: ""), alice, network) }
    }
}
