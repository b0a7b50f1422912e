import Chat
import EventLoop
import Room
import SecureSession
import Testing

@testable import TermTalk

/// What becomes of members, and of those who come, when invites change and members are removed.
@Suite struct ModerationNodeTests {
    @Test("A member whose invite was revoked comes back after a broken connection; nobody else comes in with it")
    func revoked() throws {
        try NodeWorld.run { world in
            let alice = world.add(nick: "alice")
            world.whenAllAreIn(2) {
                #expect(throws: Never.self) { try world.host.doorkeeper.revokeInvite(number: InviteTable.roomNumber) }
                alice.breakConnection()
                world.sayAsHost("back?")
                world.when({ alice.texts == ["back?"] }) {
                    #expect(alice.dialCount == 2)
                    let bob = world.add(nick: "bob")
                    world.when({ bob.ending != nil }) {
                        #expect(bob.ending?.notice?.code == .inviteUsed)
                        #expect(world.host.memberCount == 2)
                        world.finish()
                    }
                }
            }
        }
    }

    @Test("A removed member is out, and so is its invite; one that came with the same stays", arguments: [false, true])
    func expelled(banned: Bool) throws {
        try NodeWorld.run { world in
            let alice = world.add(nick: "alice")
            let bob = world.add(nick: "bob")
            world.whenAllAreIn(3) {
                #expect(throws: Never.self) { try world.host.commands.expel("alice", banned: banned, reason: "loud") }
                world.when({ alice.ending != nil && world.host.memberCount == 2 }) {
                    #expect(alice.ending?.reason == (banned ? .banned : .kicked))
                    bob.breakConnection()
                    world.sayAsHost("quiet now")
                    world.when({ bob.texts == ["quiet now"] }) {
                        #expect(alice.texts.isEmpty)
                        let again = world.add(nick: "alice")
                        world.when({ again.ending != nil }) {
                            #expect(again.ending?.notice?.code == .inviteUsed)
                            world.finish()
                        }
                    }
                }
            }
        }
    }

    @Test("A member removed while it is away learns it when it comes back, and cannot stay")
    func expelledWhileAway() throws {
        try NodeWorld.run { world in
            let alice = world.add(nick: "alice")
            let bob = world.add(nick: "bob")
            world.whenAllAreIn(3) {
                alice.isReachable = false
                alice.breakConnection()
                world.when({ alice.dialCount > 1 }) {
                    #expect(throws: Never.self) { try world.host.commands.expel("alice", banned: true, reason: "") }
                    alice.isReachable = true
                    world.when({ alice.ending != nil }) {
                        #expect([.banned, .inviteUsed].contains(alice.ending?.notice?.code))
                        #expect(bob.ending == nil)
                        #expect(world.host.memberCount == 2)
                        world.finish()
                    }
                }
            }
        }
    }

    @Test("Work that is long overdue is no time that the host has slept")
    func overdueWork() throws {
        try NodeWorld.run { world in
            let alice = world.add(nick: "alice")
            world.whenAllAreIn(2) {
                alice.isReachable = false
                alice.breakConnection()
                world.when({ alice.dialCount > 1 }) {
                    let end = world.host.room.nextDeadline
                    #expect(end != nil)
                    world.host.sweeper.schedule(at: .zero)
                    world.when({ world.host.sweeper.dueAt.map { $0 > .seconds(1) } != false && alice.dialCount > 2 }) {
                        #expect(world.host.room.nextDeadline == end)
                        world.finish()
                    }
                }
            }
        }
    }

    @Test("The key that waits for the host may go: its place in the line is free")
    func goneWhileWaiting() throws {
        var limits = RoomLimits()
        limits.asksHost = true
        try NodeWorld.run(limits: limits) { world in
            let alice = world.add(nick: "alice")
            world.when({ alice.events.contains(.starting(.approval, progress: nil)) }) {
                alice.breakConnection()
                world.when({ alice.ending != nil }) {
                    #expect(throws: ChatEvent.Notice.self) {
                        try world.host.commands.decide(on: "alice", isApproved: true)
                    }
                    #expect(world.waiting == [])
                    let bob = world.add(nick: "bob")
                    world.when({ bob.events.contains(.starting(.approval, progress: nil)) }) {
                        #expect(world.waiting == ["bob"])
                        #expect(throws: Never.self) { try world.host.commands.decide(on: "bob", isApproved: true) }
                        #expect(world.waiting == [])
                        world.when({ bob.id != nil }) { world.finish() }
                    }
                }
            }
        }
    }

    @Test(
        "Who waits and shows a password all the same is out, and out of the line",
        arguments: [0x70, 0x71, 0x78] as [UInt8])
    func admissionWhileWaiting(type: UInt8) throws {
        var limits = RoomLimits()
        limits.asksHost = true
        try NodeWorld.run(limits: limits) { world in
            let alice = world.add(nick: "alice")
            world.when({ alice.events.contains(.starting(.approval, progress: nil)) }) {
                guard let connection = world.visitor else {
                    Issue.record("nobody waits")
                    return world.finish()
                }
                world.host.doorkeeper.received(type: type, body: [], from: connection)
                #expect(world.waiting == [])
                #expect(!world.host.room.awaits(connection.link))
                #expect(world.host.door.visitors.isEmpty)
                world.finish()
            }
        }
    }

    @Test("A connection that is forgotten twice takes nobody out of the line who has its number since")
    func forgottenTwice() throws {
        var limits = RoomLimits()
        limits.asksHost = true
        try NodeWorld.run(limits: limits) { world in
            let bob = world.add(nick: "bob")
            world.when({ world.waiting == ["bob"] }) {
                guard let connection = world.visitor else {
                    Issue.record("nobody waits")
                    return world.finish()
                }
                world.host.drop(connection)
                bob.isReachable = false
                world.add(nick: "alice")
                world.when({ world.waiting == ["alice"] }) {
                    #expect(world.visitor?.link == connection.link)
                    world.host.drop(connection)
                    #expect(world.waiting == ["alice"])
                    world.finish()
                }
            }
        }
    }

    @Test("Who would be let in behind a connection that is released has no place")
    func admittedBehindAReleasedConnection() throws {
        try NodeWorld.run { world in
            let alice = world.add(nick: "alice")
            world.whenAllAreIn(2) {
                guard let id = alice.id, let link = world.host.room.credentials(of: id)?.link else {
                    Issue.record("alice is not in")
                    return world.finish()
                }
                world.host.connections[link]?.release()
                world.host.perform([.admit(link, MemberID(entropy: 1))])
                #expect(world.host.room.memberCount == 1)
                world.finish()
            }
        }
    }
}

extension NodeWorld {
    /// The first connection that is not a member's.
    fileprivate var visitor: HostConnection? { host.door.visitors.first.flatMap { host.connections[$0.link] } }

    /// Who waits for the host, as far as it was told.
    fileprivate var waiting: [String] {
        var nicks: [MemberID: String] = [:]
        for case .room(let change) in hostEvents {
            if case .joinRequest(let id, let nick) = change { nicks[id] = nick }
            if case .joinRequestOver(let id) = change { nicks[id] = nil }
        }
        return nicks.values.sorted()
    }
}
