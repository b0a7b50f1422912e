import Chat
import EventLoop
import Room
import SecureSession
import Sodium
import TestSupport
import Testing
import Wire

@testable import TermTalk

/// The door as a value: no loop, no sockets, no handshakes.
@Suite struct DoorTests {
    /// `#expect` calls nothing that changes a value.
    private final class World {
        var door: Door
        var room: Room
        let invite: InviteSecret
        private var nextLink = 1

        init(_ limits: Door.Limits = .init(), room: RoomLimits = .init(), password: RoomPassword? = nil) {
            SodiumLibrary.initialize()
            invite = InviteSecret()
            door = Door(invite: invite, password: password, limits: limits, now: .zero)
            self.room = Room(limits: room, closesAt: nil, book: PlainBook.self)
        }

        /// A connection of which the door is asked; who gives way to it is gone. Nil when it is not taken.
        func arrive(from network: PeerNetwork? = nil, at now: Duration = .zero) -> LinkID? {
            guard let givingWay = door.opens(to: network, now: now) else { return nil }
            for link in givingWay { door.gone(link) }
            let link = LinkID(slot: nextLink)
            nextLink += 1
            door.arrived(link, from: network)
            return link
        }

        /// Somebody who has done the handshake, with an invite or without.
        func guest(_ key: UInt8, invite: InviteSecret? = nil, from network: PeerNetwork? = nil) throws -> LinkID {
            let link = try #require(arrive(from: network))
            if let invite { door.answered(link, invite: invite) }
            door.proved(link, key: [key])
            return link
        }

        func member(_ key: UInt8, from network: PeerNetwork?) throws -> LinkID {
            let link = try guest(key, from: network)
            door.becameMember(link)
            return link
        }

        /// The room is told that the visitor asks to join.
        func join(_ link: LinkID, _ key: UInt8) throws {
            var actions: [RoomAction] = []
            let id = MemberID(entropy: UInt32(link.slot))
            let request = MemberRequest.join(nick: "", member: id, keyPackage: [1]).encoded
            try room.received(
                type: request.type, body: request.body, from: link, key: [key], now: .zero, actions: &actions)
        }

        func makeInvite(uses: Int, lifetime: Duration? = nil) throws -> InviteSecret {
            let entry = door.makeInvite(uses: uses, lifetime: lifetime, now: .zero)
            return try #require(entry).secret
        }

        func refusal(_ link: LinkID, isEnding: Bool = false, at now: Duration = .zero) -> RoomCode? {
            door.refusal(of: link, room: room, isEnding: isEnding, now: now)
        }

        func answersOpen(_ link: LinkID) -> Bool { door.answersOpen(link, now: .zero) }
        func answersInvited() -> Bool { door.answersInvited(now: .zero) }
        func mayBeginPassword(_ link: LinkID) -> Bool { door.mayBeginPassword(link, now: .zero) }
        func mayTryPassword(_ link: LinkID) -> Bool { door.mayTryPassword(link, now: .zero) }
        func notices() -> [ChatEvent.Notice] { door.takeNotices() }
    }

    private static let home = PeerNetwork(.ip("192.0.2.1", port: 1))
    private static let elsewhere = PeerNetwork(.ip("192.0.2.2", port: 1))

    @Test("Reasons to refuse come in one order: the end, the password, the invite, the address")
    func order() throws {
        var limits = Door.Limits()
        limits.addresses.peers = 1
        let world = World(limits, password: try NodeWorld.stretched("open sesame"))
        _ = try world.member(1, from: Self.home)
        let used = try world.makeInvite(uses: 1)
        let first = try world.guest(2, invite: used, from: Self.elsewhere)
        world.door.cameIn(first)
        world.door.becameMember(first)
        // Everything is wrong with this one, and is mended one by one.
        let guest = try world.guest(3, invite: used, from: Self.home)
        #expect(world.refusal(guest, isEnding: true) == .expired)
        #expect(world.refusal(guest) == .passwordRequired)
        world.door.passwordWasRight(guest)
        #expect(world.refusal(guest) == .inviteUsed)
        world.door.answered(guest, invite: world.invite)
        #expect(world.refusal(guest) == .rateLimited)
        let neighbour = try world.guest(4, invite: world.invite, from: PeerNetwork(.ip("192.0.2.3", port: 1)))
        world.door.passwordWasRight(neighbour)
        #expect(world.refusal(neighbour) == nil)
    }

    @Test("At the door's limit all stay; past it the oldest of those that came least far gives way")
    func placesAtTheDoor() throws {
        var limits = Door.Limits()
        limits.gate.pending = 4
        let world = World(limits)
        let invited = try world.guest(1, invite: world.invite)
        let proven = try world.guest(2)
        let asking = try #require(world.arrive())
        #expect(world.answersOpen(asking))
        let silent = try #require(world.arrive())
        #expect(world.door.visitors.map(\.link) == [invited, proven, asking, silent])
        #expect(world.door.visitors.map(\.progress) == [.invited, .proven, .asking, .silent])
        let later = try #require(world.arrive())
        #expect(world.door.visitors.map(\.link) == [invited, proven, asking, later])
        world.door.answered(later, invite: world.invite)
        let last = try #require(world.arrive())
        #expect(world.door.visitors.map(\.link) == [invited, proven, later, last])
    }

    @Test("A busy address holds back its own only, and a member from there comes back")
    func addresses() throws {
        var limits = Door.Limits()
        limits.addresses.peers = 2
        limits.addresses.arrivalsPerMinute = 4
        let world = World(limits)
        let member = try world.member(1, from: Self.home)
        let first = try world.guest(2, from: Self.home)
        // One place is left there: the next one takes it.
        let second = try world.guest(3, from: Self.home)
        #expect(!world.door.visitors.contains { $0.link == first })
        #expect(world.refusal(second) == nil)
        #expect(world.arrive(from: Self.home) != nil)
        #expect(world.arrive(from: Self.home) == nil)
        #expect(world.arrive(from: Self.elsewhere) != nil)
        world.door.wentAway(member)
        #expect(world.arrive(from: Self.home) != nil)
        world.door.gone(member)
        #expect(world.arrive(from: Self.home) == nil)
    }

    @Test("So many of one address may ask to join as it has places, members counted")
    func joinersOfAnAddress() throws {
        var limits = Door.Limits()
        limits.addresses.peers = 3
        let world = World(limits)
        _ = try world.member(1, from: Self.home)
        let joiners = try (2...3).map { try world.guest($0, from: Self.home) }
        #expect(joiners.map { world.refusal($0) } == [nil, nil])
        let member = joiners[0]
        world.door.becameMember(member)
        let late = try world.guest(4, from: Self.home)
        #expect(world.refusal(late) == (world.door.visitors.contains { $0.link == joiners[1] } ? .rateLimited : nil))
        world.door.gone(member)
        world.door.gone(joiners[1])
        #expect(world.refusal(late) == nil)
    }

    @Test("An invite for one lets one in, also while that one is on its way")
    func invitesInUse() throws {
        let world = World()
        let secret = try world.makeInvite(uses: 1, lifetime: .seconds(10))
        // The host is in, so who comes waits for a Commit.
        var actions: [RoomAction] = []
        let host = MemberRequest.join(nick: "host", member: MemberID(entropy: 99), keyPackage: [1]).encoded
        try world.room.received(
            type: host.type, body: host.body, from: LinkID(slot: 0), key: [99], isHost: true, now: .zero,
            actions: &actions)
        let first = try world.guest(1, invite: secret)
        let second = try world.guest(2, invite: secret)
        #expect(world.refusal(first) == nil && world.refusal(second) == nil)
        try world.join(first, 1)
        try #require(world.room.isComingIn(at: first))
        #expect(world.refusal(second) == .inviteUsed)
        world.door.gone(first)
        #expect(world.refusal(second) == nil)
        #expect(world.refusal(second, at: .seconds(10)) == .inviteUsed)
    }

    @Test("At a relay the first one founds the group, and then only its own invite opens")
    func relays() throws {
        var limits = RoomLimits()
        limits.isRelay = true
        let world = World(room: limits)
        let founder = try world.guest(1, invite: world.invite)
        #expect(world.refusal(founder) == nil)
        #expect(!world.door.foundsAnew(founder, room: world.room))
        try world.join(founder, 1)
        let stranger = try world.guest(2)
        #expect(world.refusal(stranger) == .groupInviteNeeded)
        let follower = try world.guest(3, invite: world.invite)
        #expect(world.refusal(follower) == .groupInviteNeeded)
    }

    @Test("A relay lets nobody new in for a while after somebody was sent out who knows the invite")
    func spoiltInvite() throws {
        var limits = RoomLimits()
        limits.isRelay = true
        let world = World(room: limits)
        let guest = try world.guest(1)
        #expect(world.refusal(guest) == nil)
        world.room.spoilInvite(by: MemberID(entropy: 7), sentOutBy: MemberID(entropy: 8), now: .zero)
        #expect(world.refusal(guest) == .groupInviteNeeded)
        #expect(world.refusal(guest, at: RoomLimits.spoiltInviteTime - .nanoseconds(1)) == .groupInviteNeeded)
        #expect(world.refusal(guest, at: RoomLimits.spoiltInviteTime) == nil)
    }

    @Test("Wrong passwords close the entrance that they came through, and no other")
    func passwords() throws {
        let world = World(password: try NodeWorld.stretched("open sesame"))
        let open = try world.guest(1)
        let invited = try world.guest(2, invite: world.invite)
        #expect(world.mayBeginPassword(open) && world.mayTryPassword(open))
        for _ in 0...PasswordGuesses.Limits().free {
            #expect(world.door.passwordWasWrong(open, now: .zero).code == .passwordGuessed)
        }
        #expect(!world.mayBeginPassword(open) && !world.mayTryPassword(open))
        #expect(world.mayBeginPassword(invited) && world.mayTryPassword(invited))
        world.door.passwordWasRight(invited)
        #expect(world.refusal(invited) == nil)
        #expect(world.refusal(open) == .passwordRequired)
    }

    @Test("Many refusals are an attack, which is told once, with their causes")
    func attacks() throws {
        var limits = Door.Limits()
        limits.gate.openBurst = 0
        limits.gate.inviteBurst = 0
        let world = World(limits)
        let link = try #require(world.arrive())
        for _ in 0..<AttackWatch.Limits().threshold / 2 {
            #expect(!world.answersOpen(link) && !world.answersInvited())
        }
        let notices = world.notices()
        #expect(notices.map(\.code) == [.underAttack])
        #expect(notices.first?.message.contains("handshakes without an invite") == true)
        #expect(notices.first?.message.contains("handshakes with an invite") == true)
        #expect(world.notices().isEmpty)
        // While nobody can come, it is not over.
        world.door.becameReachable(false, now: .seconds(59))
        world.door.timePassed(now: .seconds(100))
        #expect(world.notices().isEmpty)
        world.door.becameReachable(true, now: .seconds(100))
        let end = try #require(world.door.nextDeadline)
        world.door.timePassed(now: end - .nanoseconds(1))
        #expect(world.notices().isEmpty)
        world.door.timePassed(now: end)
        #expect(world.notices().map(\.code) == [.attackOver])
    }
}
