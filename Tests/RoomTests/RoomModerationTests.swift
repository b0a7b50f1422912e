import Chat
import TestSupport
import Testing
import Wire

@testable import Room

@Suite struct RoomModerationTests {
    private func codes(_ network: RoomNetwork, _ peer: Int) -> [NoticeCode?] {
        network.peers[peer].ends.map { $0?.code }
    }

    private func changes(_ network: RoomNetwork, _ peer: Int) -> [RoomChange] {
        network.peers[peer].events.compactMap { if case .room(let change) = $0 { change } else { nil } }
    }

    private func hosted(_ limits: RoomLimits = RoomLimits(), closesAt: Duration? = nil) throws -> RoomNetwork {
        let network = RoomNetwork(limits: limits, closesAt: closesAt)
        _ = network.add(nick: "host", isHost: true)
        try network.carry()
        return network
    }

    @Test("A removed member hears why, the others that it is gone", arguments: [false, true])
    func expelling(banned: Bool) throws {
        let network = try hosted()
        let members = try network.joined("alice", "bob")
        let id = try network.id(members[0])
        try network.expel("alice", banned: banned, reason: "too loud")
        #expect(codes(network, members[0]) == [banned ? .banned : .kicked])
        #expect(network.peers[members[0]].ends.first??.message.contains("too loud") == true)
        #expect(network.peers[members[0]].isReleased)
        #expect(network.room.memberCount == 2)
        for peer in [0, members[1]] {
            #expect(
                network.peers[peer].events.last
                    == .memberLeft(id: id, nick: "alice", reason: banned ? .banned : .kicked, count: 2))
        }
        // Nothing of what is said afterwards.
        let heard = network.peers[members[0]].events.count
        try network.say("at last", members[1])
        try network.carry()
        #expect(network.peers[members[0]].events.count == heard)
    }

    @Test("A banned key does not come back; a kicked one may, if it has an invite that is in force")
    func comingBack() throws {
        let network = try hosted()
        let members = try network.joined("alice", "bob")
        try network.expel("alice", banned: true)
        try network.expel("bob")
        for peer in members {
            network.peers[peer].client = MemberClient(nick: "again", engine: PlainGroup())
            network.peers[peer].isUp = false
            network.mendLink(peer)
            try network.carry()
        }
        #expect(codes(network, members[0]) == [.banned, .banned])
        #expect(codes(network, members[1]) == [.kicked])
        #expect(network.peers[members[1]].client.isJoined)
    }

    @Test("A member that is away loses its place, too")
    func expellingTheAbsent() throws {
        let network = try hosted()
        let alice = try network.joined("alice")[0]
        network.breakLink(alice)
        try network.moderate { room, actions in
            room.expel(try room.member(named: "alice"), banned: true, reason: "", now: network.now, actions: &actions)
        }
        #expect(network.room.memberCount == 1)
        network.mendLink(alice)
        try network.carry()
        #expect(network.room.memberCount == 1)
    }

    @Test("The keys that may not come back are bounded: the oldest is forgotten")
    func bannedKeys() throws {
        let network = try hosted()
        for number in 0...RoomLimits.bannedKeys {
            network.timePassed(.seconds(2))
            let peer = try network.joined("m\(number)")[0]
            try network.expel("m\(number)", banned: true)
            #expect(network.peers[peer].isReleased)
        }
        #expect(network.room.bannedKeys.count == RoomLimits.bannedKeys)
        #expect(!network.room.bannedKeys.contains(network.peers[1].key))
        #expect(network.room.bannedKeys.contains(network.peers[2].key))
    }

    @Test("Members are named by id or nick, and the host cannot be removed")
    func naming() throws {
        let network = try hosted()
        let alice = try network.joined("alice")[0]
        let id = try network.id(alice)
        #expect(try network.room.member(named: "alice") == id)
        #expect(try network.room.member(named: "ALICE") == id)
        #expect(try network.room.member(named: id.description) == id)
        for name in ["host", "bob", "", try network.id(0).description] {
            #expect(throws: ChatEvent.Notice.self) { try network.room.member(named: name) }
        }
    }

    @Test("A locked room takes nobody new, and those back whose place is kept")
    func lock() throws {
        let network = try hosted()
        let alice = try network.joined("alice")[0]
        network.moderate { room, actions in room.setLocked(true, actions: &actions) }
        try network.carry()
        let bob = network.add(nick: "bob")
        try network.carry()
        #expect(codes(network, bob) == [.roomLocked])
        network.breakLink(alice)
        network.overrun(alice)
        network.mendLink(alice)
        try network.carry()
        #expect(network.peers[alice].client.isJoined)
        #expect(network.room.memberCount == 2)
        network.moderate { room, actions in room.setLocked(false, actions: &actions) }
        _ = try network.joined("carol")
        #expect(changes(network, 0) == [.locked(true), .locked(false)])
        // Told when it was locked, when it came back, and when it was opened.
        #expect(changes(network, alice) == [.locked(true), .locked(true), .locked(false)])
    }

    @Test("The topic is told to all, and to whoever comes later")
    func topic() throws {
        let network = try hosted()
        let alice = try network.joined("alice")[0]
        network.moderate { room, actions in room.setTopic("cats", actions: &actions) }
        try network.carry()
        let bob = try network.joined("bob")[0]
        #expect(changes(network, alice) == [.topic("cats")])
        #expect(changes(network, bob) == [.topic("cats")])
        // 400 bytes: the last whole character that fits.
        let long = String(repeating: "\u{e9}", count: ChatLimits.remarkByteCount / 2)
        network.moderate { room, actions in room.setTopic(long + "x", actions: &actions) }
        try network.carry()
        #expect(changes(network, bob).last == .topic(long))
        network.moderate { room, actions in room.setTopic("", actions: &actions) }
        try network.carry()
        let carol = try network.joined("carol")[0]
        #expect(changes(network, carol).isEmpty)
    }

    @Test("A room that is extended ends later, and all know when")
    func extend() throws {
        let network = try hosted(closesAt: .seconds(1_100))
        let alice = try network.joined("alice")[0]
        try network.moderate { room, actions in
            try room.extend(by: .seconds(50), now: network.now, actions: &actions)
        }
        try network.carry()
        #expect(changes(network, alice) == [.extended(secondsLeft: 150)])
        #expect(network.room.closesAt == .seconds(1_150))
        let endless = try hosted()
        #expect(throws: ChatEvent.Notice.self) {
            try endless.moderate { room, actions in
                try room.extend(by: .seconds(50), now: endless.now, actions: &actions)
            }
        }
    }

    // MARK: Approval

    @Test("Who waits for the Commit that would let it in does not come into a locked room; who has a place comes back")
    func lockedMeanwhile() throws {
        let network = try hosted()
        let alice = try network.joined("alice")[0]
        network.overrun(alice)
        network.mendLink(alice)
        let bob = network.add(nick: "bob")
        try network.carry(of: [alice, bob])
        network.moderate { room, actions in room.setLocked(true, actions: &actions) }
        try network.carry()
        #expect(codes(network, bob) == [.roomLocked])
        #expect(network.peers[alice].client.isJoined)
        #expect(network.room.memberCount == 2)
        // Its name is free.
        network.moderate { room, actions in room.setLocked(false, actions: &actions) }
        _ = try network.joined("bob")
    }

    @Test("What comes with a Commit costs a member as much as anything else that long")
    func longCommits() throws {
        var limits = RoomLimits()
        limits.byteBurst = 10_000
        limits.bytesPerSecond = 1_000
        let network = try hosted(limits)
        let alice = try network.joined("alice")[0]
        let bytes = [UInt8](repeating: 1, count: 12_000)
        let request = MemberRequest.commit(GroupCommit(epoch: network.epoch, commit: [], welcome: bytes))
        try network.receivedAtHost(request.encoded, from: alice)
        #expect(network.peers[alice].pauses.count == 1)
    }

    @Test("Only a Commit that would be accepted is shown to somebody who could follow it")
    func worthALook() throws {
        let network = try hosted()
        let alice = try network.joined("alice")[0]
        network.timePassed(.seconds(30))
        let id = try network.id(alice)
        func isShown(
            epoch: UInt64, adding: [MemberID] = [], removing: [MemberID] = [], welcome: [UInt8] = []
        ) throws -> Bool {
            let commit = network.commit(by: id, epoch: epoch, adding: adding, removing: removing, welcome: welcome)
            let request = MemberRequest.commit(commit).encoded
            var isShown = false
            var actions: [RoomAction] = []
            let before = network.epoch
            do throws(RoomError) {
                try network.room.received(
                    type: request.type, body: request.body, from: network.peers[alice].link,
                    key: network.peers[alice].key,
                    now: network.now,
                    witness: { _, _ in
                        isShown = true
                        return false
                    }, actions: &actions)
            } catch {
                // Whoever sends what cannot be followed loses its place; here it keeps it, for the next question.
                #expect(isShown)
            }
            #expect(network.epoch == before)
            return isShown
        }
        #expect(try isShown(epoch: network.epoch))
        #expect(try !isShown(epoch: network.epoch + 1))
        #expect(try !isShown(epoch: network.epoch, adding: [MemberID(entropy: 1)], welcome: [1]))
        #expect(try !isShown(epoch: network.epoch, removing: [id]))
        #expect(try !isShown(epoch: network.epoch, welcome: [1]))
        var update = network.commit(by: id, epoch: network.epoch)
        // What lets the host back in is in each.
        update.groupInfo = []
        try network.receivedAtHost(MemberRequest.commit(update).encoded, from: alice)
        #expect(try isShown(epoch: network.epoch))
        try network.receivedAtHost(
            MemberRequest.commit(network.commit(by: id, epoch: network.epoch)).encoded, from: alice)
        // Not twice within the pause.
        #expect(try !isShown(epoch: network.epoch))
    }

    @Test("Who waits for a Commit, or for the host, is known by its link until it is gone or in")
    func waitingLinks() throws {
        let network = try asking()
        let alice = network.add(nick: "alice")
        let link = network.peers[alice].link
        #expect(!network.room.awaits(link))
        try network.carry()
        #expect(network.room.awaits(link))
        network.moderate { room, actions in
            room.decide(on: network.asked[0].id, refusal: nil, now: network.now, actions: &actions)
        }
        #expect(network.room.awaits(link))
        try network.carry()
        #expect(!network.room.awaits(link))
    }

    private func asking() throws -> RoomNetwork {
        var limits = RoomLimits()
        limits.asksHost = true
        return try hosted(limits)
    }

    @Test("Two who wait do not have names that read alike")
    func namesOfThoseWhoWait() throws {
        let network = try asking()
        let first = network.add(nick: "alice")
        try network.carry()
        let second = network.add(nick: "AIice")
        let third = network.add(nick: network.asked[0].id.description)
        try network.carry()
        #expect(codes(network, second).isEmpty && codes(network, third).isEmpty)
        let names = network.asked.map(\.nick)
        #expect(names == ["alice", "AIice2", "\(network.asked[0].id)2"])
        network.breakLink(first)
        network.add(nick: "alice")
        try network.carry()
        #expect(network.asked.map(\.nick) == names + ["alice"])
    }

    @Test("Whoever comes waits for the host, and sees and hears nothing meanwhile")
    func approval() throws {
        let network = try asking()
        let alice = network.add(nick: "alice")
        let bob = network.add()
        try network.carry()
        #expect(network.room.memberCount == 1)
        #expect(network.asked.map(\.nick) == ["alice", network.asked[1].id.description])
        #expect(network.peers[alice].events == [.starting(.approval, progress: nil)])
        try network.say("secret", 0)
        try network.carry()

        try network.moderate { room, actions in
            let (id, _) = try room.waiting(named: "alice")
            room.decide(on: id, refusal: nil, now: network.now, actions: &actions)
        }
        try network.moderate { room, actions in
            let (id, link) = try room.waiting(named: network.asked[1].id.description)
            #expect(link == network.peers[bob].link)
            room.decide(on: id, refusal: .denied, now: network.now, actions: &actions)
        }
        try network.carry()
        #expect(network.peers[alice].client.isJoined)
        #expect(network.peers[alice].client.id == network.asked[0].id)
        #expect(codes(network, bob) == [.joinDenied])
        #expect(network.room.memberCount == 2)
        #expect(!network.peers[alice].events.contains { if case .message = $0 { true } else { false } })
        // The decision is made once.
        #expect(throws: ChatEvent.Notice.self) { _ = try network.room.waiting(named: "alice") }
    }

    @Test("A second request of one who waits is a violation, and one that has gone is forgotten")
    func waitingOnce() throws {
        let network = try asking()
        let alice = network.add(nick: "alice")
        try network.carry()
        #expect(throws: RoomError.malformed) {
            try network.receivedAtHost(
                MemberRequest.join(nick: "again", member: MemberID(entropy: 5), keyPackage: []).encoded, from: alice)
        }
        #expect(network.room.linkGone(network.peers[alice].link) == network.asked.first?.id)
        #expect(network.room.linkGone(network.peers[alice].link) == nil)
        #expect(throws: ChatEvent.Notice.self) { _ = try network.room.waiting(named: "alice") }
    }

    @Test("One who waits is named whatever the case")
    func namingThoseWhoWait() throws {
        let network = try asking()
        network.add(nick: "Harry")
        try network.carry()
        #expect(try network.room.waiting(named: "harry").id == network.asked[0].id)
        #expect(throws: ChatEvent.Notice.self) { _ = try network.room.waiting(named: "ron") }
    }

    @Test("So many wait, and one more does not; a nick that is taken is refused at once")
    func waitingLimit() throws {
        let network = try asking()
        let taken = network.add(nick: "host")
        for number in 0..<ChatLimits.waiting { network.add(nick: "m\(number)") }
        let last = network.add(nick: "last")
        try network.carry()
        #expect(codes(network, taken).count == 1)
        #expect(network.asked.count == ChatLimits.waiting)
        #expect(codes(network, last) == [.rateLimited])
        // The end of the room is theirs, too.
        network.moderate { room, actions in room.close(.hostQuit, actions: &actions) }
        try network.carry()
        #expect(network.peers[last - 1].isReleased)
    }

    @Test("Who kept its place comes back without asking")
    func comingBackWithoutAsking() throws {
        let network = try asking()
        let alice = network.add(nick: "alice")
        try network.carry()
        network.moderate { room, actions in
            room.decide(on: network.asked[0].id, refusal: nil, now: network.now, actions: &actions)
        }
        try network.carry()
        network.overrun(alice)
        network.mendLink(alice)
        try network.carry()
        #expect(network.peers[alice].client.isJoined)
        #expect(network.asked.count == 1)
    }
}
