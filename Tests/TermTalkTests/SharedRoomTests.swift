import Chat
import EventLoop
import Room
import SecureSession
import TestSupport
import Testing
import Wire

@testable import TermTalk

/// A room that several hosts hold, over a log that is made up.
@Suite struct SharedRoomTests {
    private func run(seed: UInt64, _ body: (SharedWorld) throws -> Void) throws {
        let loop = try EventLoop(simulatedFrom: MonotonicTime(nanoseconds: 1_000_000_000))
        let world = SharedWorld(loop: loop, seed: seed)
        var isOver = false
        loop.schedule(after: .seconds(3_000)) {
            if !isOver {
                Issue.record("seed \(seed): the deadline has passed: \(world.people.map { $0.events.suffix(4) })")
            }
            loop.stop()
        }
        try body(world)
        loop.run()
        isOver = true
        world.end()
    }

    /// One comes in at the first host and founds the group, one at the second.
    private func begin(
        _ world: SharedWorld, hosts: Int = 2,
        _ body: @escaping (SharedWorld.Person, SharedWorld.Person, Invite) throws -> Void
    ) throws {
        for _ in 0..<hosts { try world.addHost() }
        world.when({ world.hosts.allSatisfy(\.isOpen) }) {
            let first = try world.add("first", at: 0)
            world.when({ !first.invites.isEmpty && world.isSettled }) {
                let invite = try Invite(parsing: first.invites[0])
                let second = try world.add("second", at: 1, inviteOfGroup: invite)
                world.when({ second.isIn && first.knows(of: 2) && world.isSettled }) { try body(first, second, invite) }
            }
        }
    }

    private func snapshots(_ world: SharedWorld) -> Set<[UInt8]> {
        Set(world.hosts.filter { $0.isOpen }.compactMap(\.authority?.snapshot))
    }

    @Test("Members at two hosts hear each other in one order, and the hosts have the same room", arguments: 1...20)
    func order(seed: Int) throws {
        try run(seed: UInt64(seed)) { world in
            try begin(world, hosts: 3) { first, second, invite in
                let third = try world.add("third", at: 2, inviteOfGroup: invite)
                world.when({ third.isIn && first.knows(of: 3) && second.knows(of: 3) && world.isSettled }) {
                    for number in 0..<10 {
                        for (name, person) in [("a", first), ("b", second), ("c", third)] {
                            person.node?.say("\(name)\(number)", kind: .text, to: nil)
                        }
                    }
                    second.node?.say("psst", kind: .text, to: "first")
                    world.when({
                        world.people.allSatisfy { $0.texts.count { $0 != "psst" } >= 30 }
                            && first.texts.contains("psst")
                            && world.isSettled && world.people.allSatisfy { $0.delivered >= 10 }
                    }) {
                        let orders = Set(world.people.map { $0.texts.filter { $0 != "psst" } })
                        #expect(orders.count == 1 && orders.first?.count == 30)
                        #expect(snapshots(world).count == 1)
                        world.loop.stop()
                    }
                }
            }
        }
    }

    @Test("Who was at a host that is killed comes back at another, and has missed nothing", arguments: 1...20)
    func hostKilled(seed: Int) throws {
        try run(seed: UInt64(seed)) { world in
            try begin(world) { first, second, _ in
                first.node?.say("before", kind: .text, to: nil)
                world.when({ second.texts == ["before"] && first.texts == ["before"] }) {
                    world.kill(0)
                    second.node?.say("meanwhile", kind: .text, to: nil)
                    first.node?.say("mine", kind: .text, to: nil)
                    first.place = 1
                    first.node?.tryNow()
                    world.when({ first.texts.count == 3 && second.texts.count == 3 && world.isSettled }) {
                        #expect(first.texts == second.texts)
                        #expect(first.joins == 1 && first.ending == nil)
                        world.loop.stop()
                    }
                }
            }
        }
    }

    @Test(
        "The members of a host that is killed go to the others in shares, and have all that is said, once",
        arguments: 1...6)
    func shares(seed: Int) throws {
        try run(seed: UInt64(seed)) { world in
            try begin(world, hosts: 3) { first, second, invite in
                let others = try (0..<12).map { number in
                    try world.add("m\(number)", at: 0, inviteOfGroup: invite, isFollowing: true)
                }
                let all = ["192.0.2.1:12345", "192.0.2.2:12345", "192.0.2.3:12345"]
                world.when({
                    others.allSatisfy { $0.hosts == all && $0.knows(of: 14) } && second.knows(of: 14)
                        && world.isSettled
                }) {
                    for number in 0..<5 {
                        second.node?.say("before \(number)", kind: .text, to: nil)
                        for person in others { person.node?.say("\(number)", kind: .text, to: nil) }
                    }
                    world.kill(0)
                    for number in 0..<5 { second.node?.say("after \(number)", kind: .text, to: nil) }
                    let count = 10 + 5 * others.count
                    world.when({
                        others.allSatisfy { $0.texts.count >= count && $0.hosts == Array(all.dropFirst()) }
                            && second.texts.count >= count && world.isSettled
                    }) {
                        // Nobody had to wait twice.
                        #expect(others.allSatisfy { $0.pauses == 1 })
                        #expect(Set((others + [second]).map(\.texts)).count == 1)
                        #expect(second.texts.count == count && Set(second.texts.prefix(count)).count == 15)
                        #expect(others.allSatisfy { $0.joins == 1 && $0.ending == nil })
                        let places = others.map(\.place)
                        #expect(places.count { $0 == 1 } >= 1 && places.count { $0 == 2 } >= 1 && !places.contains(0))
                        #expect(snapshots(world).count == 1)
                        world.loop.stop()
                    }
                }
            }
        }
    }

    @Test("The room's hosts are told to who comes in and when they change, and are in the invites that members show")
    func hostList() throws {
        try run(seed: 5) { world in
            try begin(world, hosts: 2) { first, second, invite in
                let third = try world.add("third", at: 1, inviteOfGroup: invite, isFollowing: true)
                world.when({ third.isIn && third.hosts != nil && first.knows(of: 3) && world.isSettled }) {
                    #expect(third.hosts == ["192.0.2.1:12345", "192.0.2.2:12345"] && second.hosts == third.hosts)
                    third.node?.showInvite(as: .text)
                    let shown = try Invite(parsing: third.invites.last ?? "")
                    #expect(([shown.address] + shown.alternatives).map(\.text) == third.hosts?.reversed())
                    _ = try world.addLateHost()
                    world.when({ third.hosts?.count == 3 && second.hosts?.count == 3 && world.isSettled }) {
                        #expect(third.hosts?.last == "192.0.2.3:12345")
                        #expect(snapshots(world).count == 1)
                        world.stop(1)
                        world.when({ third.hosts == ["192.0.2.1:12345", "192.0.2.3:12345"] && third.place != 1 }) {
                            #expect(third.joins == 1 && third.ending == nil)
                            world.loop.stop()
                        }
                    }
                }
            }
        }
    }

    @Test("A host that was taken for dead drops its members, is named no more, and says again where it is")
    func takenForDead() throws {
        try run(seed: 7) { world in
            try begin(world) { first, second, _ in
                let both = ["192.0.2.1:12345", "192.0.2.2:12345"]
                world.when({ second.hosts == both && first.hosts == both && world.isSettled }) {
                    let told = second.events.count
                    world.declareGone(1, by: 0)
                    world.when({
                        first.events.contains { $0 == .room(.hosts(addresses: [both[0]])) } && first.hosts == both
                            && second.events.dropFirst(told).contains { $0 == .room(.hosts(addresses: both)) }
                            && world.isSettled
                    }) {
                        #expect(second.pauses == 1 && second.joins == 1 && second.ending == nil && first.pauses == 0)
                        #expect(snapshots(world).count == 1)
                        world.loop.stop()
                    }
                }
            }
        }
    }

    @Test("The members of a host that reads its log again keep their places, and miss nothing", arguments: 1...6)
    func reload(seed: Int) throws {
        try run(seed: UInt64(seed)) { world in
            try begin(world) { first, second, _ in
                second.node?.say("before", kind: .text, to: nil)
                world.when({ first.texts == ["before"] && second.texts == ["before"] && world.isSettled }) {
                    try world.reload(1)
                    first.node?.say("meanwhile", kind: .text, to: nil)
                    second.node?.say("mine", kind: .text, to: nil)
                    world.when({ first.texts.count == 3 && second.texts.count == 3 && world.isSettled }) {
                        #expect(Set(first.texts) == ["before", "meanwhile", "mine"] && first.texts == second.texts)
                        #expect(second.joins == 1 && second.ending == nil && second.pauses == 1)
                        #expect(!first.events.contains { if case .memberLeft = $0 { true } else { false } })
                        #expect(snapshots(world).count == 1)
                        world.loop.stop()
                    }
                }
            }
        }
    }

    @Test("Who was told what the store has lost comes in anew, to its place, into a locked room too", arguments: 1...6)
    func lostByTheStore(seed: Int) throws {
        try run(seed: UInt64(seed)) { world in
            try begin(world) { first, second, _ in
                first.node?.perform(.lock)
                world.when({ second.events.contains(.room(.locked(true))) && world.isSettled }) {
                    try world.reload(1, hasLost: true)
                    world.when({ second.joins == 2 && second.isIn && world.isSettled }) {
                        second.node?.say("here", kind: .text, to: nil)
                        world.when({ first.texts == ["here"] && second.texts == ["here"] && world.isSettled }) {
                            #expect(second.ending == nil)
                            #expect(!first.events.contains { if case .memberLeft = $0 { true } else { false } })
                            #expect(snapshots(world).count == 1)
                            world.loop.stop()
                        }
                    }
                }
            }
        }
    }

    @Test("A host that starts late has the same room, and takes members", arguments: 1...10)
    func late(seed: Int) throws {
        try run(seed: UInt64(seed)) { world in
            try begin(world) { first, second, invite in
                for number in 0..<5 { first.node?.say("\(number)", kind: .text, to: nil) }
                world.when({ second.texts.count == 5 && world.isSettled }) {
                    _ = try world.addLateHost()
                    world.when({ world.hosts.allSatisfy(\.isOpen) && world.isSettled }) {
                        let third = try world.add("third", at: 2, inviteOfGroup: invite)
                        world.when({
                            third.isIn && first.knows(of: 3) && second.knows(of: 3) && world.isSettled
                        }) {
                            first.place = 2
                            first.breakConnection()
                            third.node?.say("hello", kind: .text, to: nil)
                            world.when({
                                third.texts == ["hello"] && first.texts.last == "hello"
                                    && second.texts.last == "hello" && world.isSettled
                            }) {
                                #expect(first.texts == second.texts && first.joins == 1)
                                #expect(snapshots(world).count == 1)
                                world.loop.stop()
                            }
                        }
                    }
                }
            }
        }
    }

    @Test("Who is sent out at one host, and the end of the room, are the same at all")
    func moderation() throws {
        try run(seed: 3) { world in
            try begin(world) { first, second, _ in
                first.node?.perform(.kick("second", reason: "", keepsInvites: true))
                world.when({ second.ending != nil && world.isSettled }) {
                    #expect(second.ending?.reason == .kicked)
                    #expect(snapshots(world).count == 1)
                    world.hosts[1].node.ending.close(.hostQuit)
                    world.when({ first.ending != nil && world.hosts.allSatisfy { $0.node.room.isClosed } }) {
                        #expect(first.ending?.reason == .hostQuit)
                        world.loop.stop()
                    }
                }
            }
        }
    }

    @Test("Only one of two who come at once with the relay's own invite founds the group", arguments: 1...10)
    func founders(seed: Int) throws {
        try run(seed: UInt64(seed)) { world in
            for _ in 0..<2 { try world.addHost() }
            world.when({ world.hosts.allSatisfy(\.isOpen) }) {
                let rivals = [try world.add("one", at: 0), try world.add("two", at: 1)]
                world.when({
                    rivals.contains { !$0.invites.isEmpty } && rivals.contains { $0.ending != nil } && world.isSettled
                }) {
                    #expect(rivals.compactMap { $0.ending?.notice?.code } == [.groupInviteNeeded])
                    #expect(snapshots(world).count == 1)
                    world.loop.stop()
                }
            }
        }
    }

    @Test("The room's time ends at all hosts")
    func time() throws {
        try run(seed: 1) { world in
            try world.addHost(timeToLive: .seconds(60))
            try world.addHost()
            world.when({ world.hosts.allSatisfy(\.isOpen) }) {
                let first = try world.add("first", at: 1)
                world.when({ first.ending != nil && world.hosts.allSatisfy { $0.node.room.isClosed } }) {
                    #expect(first.ending?.reason == .ttl)
                    world.loop.stop()
                }
            }
        }
    }

    @Test("Nothing is remembered of links by which somebody was refused and has said something else behind that")
    func refusedVisitors() throws {
        try run(seed: 1) { world in
            try begin(world) { _, _, invite in
                let pass = RoomInput.Pass.group(RoomInput.mark(of: invite.secret.presharedKey))
                let before = try world.table(of: 1).links(of: 1)
                #expect(before.count == 1)
                for number in 0..<20 {
                    let id = MemberID(entropy: UInt32(number))
                    for request in [MemberRequest.join(nick: "", member: id, keyPackage: [1]), .leave] {
                        let message = request.encoded
                        world.write(
                            .said(
                                1_000 + UInt32(number), key: [UInt8](repeating: UInt8(number), count: 32), way: 0, pass,
                                type: message.type, body: message.body), by: 0)
                    }
                    world.write(
                        .returned(
                            2_000 + UInt32(number), key: [UInt8](repeating: 200, count: 32), session: 7, received: 0),
                        by: 0)
                }
                world.when({ world.isSettled }) {
                    let after = try world.table(of: 1).links(of: 1)
                    #expect(after == before)
                    world.loop.stop()
                }
            }
        }
    }
}
