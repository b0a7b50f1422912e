import Chat
import EventLoop
import Room
import SecureSession
import Testing

@testable import TermTalk

@Suite struct NodeTests {
    @Test("Three talk, all hear all in one order", arguments: [(1, 8), (61, 40), (65_536, 200)], [true, false])
    func talk(_ size: (chunk: Int, count: Int), isInvited: Bool) throws {
        try NodeWorld.run(isInvited: isInvited) { world in
            world.chunkSize = size.chunk
            let alice = world.add(nick: "alice")
            let bob = world.add(nick: "bob")
            world.whenAllAreIn(3) {
                for number in 0..<size.count {
                    alice.node?.say("alice \(number)", kind: .text, to: nil)
                    bob.node?.say("bob \(number)", kind: .text, to: nil)
                    world.sayAsHost("host \(number)")
                }
                world.when({
                    world.hostTexts.count == 3 * size.count && alice.texts.count + bob.texts.count == 6 * size.count
                }) {
                    #expect(alice.texts == world.hostTexts)
                    #expect(bob.texts == world.hostTexts)
                    #expect(alice.texts.filter { $0.hasPrefix("bob") } == (0..<size.count).map { "bob \($0)" })
                    world.finish()
                }
            }
        }
    }

    @Test("A text of 64 KiB in drops of 100 bytes")
    func longText() throws {
        try NodeWorld.run { world in
            world.chunkSize = 1_000
            let text = String(repeating: "x", count: ChatLimits.textByteCount)
            let alice = world.add()
            let bob = world.add()
            world.whenAllAreIn(3) {
                alice.node?.say(text, kind: .action, to: nil)
                world.when({ bob.messages.count == 1 && alice.delivered == 1 }) {
                    #expect(bob.texts == [text])
                    #expect(bob.messages.map(\.kind) == [.action])
                    world.finish()
                }
            }
        }
    }

    @Test("Connections break again and again: nothing is lost, repeated or reordered, and nobody seems to leave")
    func breaking() throws {
        try NodeWorld.run { world in
            world.chunkSize = 300
            let people = [world.add(nick: "alice"), world.add(nick: "bob")]
            let count = 150
            var breaks = 0
            world.whenAllAreIn(3) {
                let ids = people.map(\.id)
                let comings = world.hostComings.count
                var said = 0
                func goOn() {
                    if said < count {
                        for person in people {
                            person.node?.say("\(person === people[0] ? "a" : "b") \(said)", kind: .text, to: nil)
                        }
                        world.sayAsHost("h \(said)")
                        said += 1
                        if said % 10 == 0 {
                            people[breaks % 2].breakConnection()
                            breaks += 1
                        }
                    }
                    // Who waits for its next try need not wait for long.
                    for person in people { person.node?.tryNow() }
                    _ = world.loop.schedule(after: .milliseconds(2)) { goOn() }
                }
                goOn()
                world.when({
                    world.hostTexts.count == 3 * count
                        && people.allSatisfy { $0.texts.count == 3 * count && $0.delivered == count }
                }) {
                    for person in people {
                        #expect(person.texts == world.hostTexts)
                        #expect(person.messages.map(\.sequence) == (1...UInt64(3 * count)).map { $0 })
                        #expect(person.dialCount > 5)
                    }
                    #expect(people.map(\.id) == ids)
                    #expect(world.hostComings.count == comings)
                    #expect(world.host.memberCount == 3)
                    world.finish()
                }
            }
        }
    }

    @Test("What is malformed ends the connection, and what came with it is heard all the same, once")
    func malformed() throws {
        try NodeWorld.run { world in
            let alice = world.add(nick: "alice")
            world.whenAllAreIn(2) {
                guard let id = alice.id else { return world.finish() }
                world.sayAsHost("before")
                let unknown = HostMessage.nickChanged(MemberID(entropy: 99), "x").encoded
                world.host.room.log.append(unknown, for: .one(id), records: 1)
                world.sayAsHost("behind")
                alice.onEvent = { [weak world, weak alice] _ in
                    world?.loop.atEndOfTurn { alice?.node?.tryNow() }
                }
                world.when({
                    guard case .connection(let connection)? = alice.events.last else { return false }
                    return connection.state == .connected
                }) {
                    world.sayAsHost("after")
                    world.when({ alice.texts.count >= 3 }) {
                        #expect(alice.texts == ["before", "behind", "after"] && alice.dialCount == 2)
                        #expect(alice.id == id && alice.warnings.isEmpty)
                        world.finish()
                    }
                }
            }
        }
    }

    @Test("A connection that breaks while it resumes is resumed by the next one")
    func breakingWhileResuming() throws {
        try NodeWorld.run { world in
            world.chunkSize = 64
            let alice = world.add(nick: "alice")
            world.whenAllAreIn(2) {
                let id = alice.id
                world.sayAsHost("before")
                var broken = 0
                func breakSoon() {
                    guard broken < 12 else { return }
                    broken += 1
                    alice.breakConnection()
                    alice.node?.tryNow()
                    // In the middle of the handshake, and at each of some points after it.
                    var turns = 3 + 2 * broken
                    func wait() {
                        turns -= 1
                        world.loop.atEndOfTurn { turns > 0 ? wait() : breakSoon() }
                    }
                    wait()
                }
                breakSoon()
                alice.node?.say("meanwhile", kind: .text, to: nil)
                world.when({ world.hostTexts.count == 2 && alice.texts.count == 2 && broken == 12 }) {
                    #expect(alice.id == id)
                    #expect(alice.texts == world.hostTexts)
                    #expect(world.hostComings.count == 1)
                    world.finish()
                }
            }
        }
    }

    @Test("After its absence a member comes in anew, and what it said meanwhile arrives once")
    func graceTime() throws {
        var limits = RoomLimits()
        limits.absence = .milliseconds(300)
        try NodeWorld.run(limits: limits) { world in
            let alice = world.add(nick: "alice")
            let bob = world.add(nick: "bob")
            world.whenAllAreIn(3) {
                let id = alice.id
                alice.isReachable = false
                alice.breakConnection()
                alice.node?.say("from afar", kind: .text, to: nil)
                #expect(alice.waiting == ["from afar"])
                for number in 0..<3 { world.sayAsHost("\(number)") }
                world.when({ world.host.memberCount == 2 }) {
                    #expect(world.hostComings.count == 3)
                    alice.isReachable = true
                    alice.node?.tryNow()
                    world.when({ bob.texts.last == "from afar" && alice.delivered == 1 }) {
                        #expect(alice.id == id)
                        #expect(bob.texts == ["0", "1", "2", "from afar"])
                        #expect(alice.texts == ["from afar"])
                        #expect(alice.missed == [3])
                        #expect(world.host.localMembers.map(\.nick) == ["host", "alice", "bob"])
                        #expect(alice.ending == nil)
                        world.finish()
                    }
                }
            }
        }
    }

    @Test("A member that takes nothing is cut off at the limit, keeps its place, and is told what it has missed")
    func cutOff() throws {
        var limits = RoomLimits()
        // Well above what an honest member may leave without acknowledgement.
        limits.logByteCount = 1_000_000
        try NodeWorld.run(limits: limits) { world in
            let alice = world.add(nick: "alice")
            let bob = world.add(nick: "bob")
            world.whenAllAreIn(3) {
                let id = alice.id
                let comings = world.hostComings.count
                alice.isReachable = false
                alice.breakConnection()
                var said = 0
                // 10,000 bytes of text, 20 around them, 3 of the record, and what it costs to be held.
                let most = limits.logByteCount / 10_000
                func say() {
                    guard said < 2 * most else { return }
                    said += 1
                    world.sayAsHost(String(repeating: "x", count: 10_000))
                    world.loop.atEndOfTurn(say)
                }
                say()
                alice.node?.say("from afar", kind: .text, to: nil)
                world.when({ bob.texts.count == said && said == 2 * most }) {
                    alice.isReachable = true
                    alice.node?.tryNow()
                    world.when({ alice.delivered == 1 && bob.texts.count == said + 1 }) {
                        #expect(alice.missed == [said])
                        #expect(alice.texts == ["from afar"])
                        #expect(alice.messages.map(\.sequence) == [UInt64(said + 1)])
                        #expect(alice.id == id)
                        #expect(world.hostComings.count == comings)
                        #expect(world.host.localMembers.map(\.nick) == ["host", "alice", "bob"])
                        world.finish()
                    }
                }
            }
        }
    }

    @Test("What the host said last reaches everybody before the room closes, slow ones too")
    func hostCloses() throws {
        try NodeWorld.run { world in
            world.chunkSize = 2_000
            let people = [world.add(), world.add(), world.add()]
            world.whenAllAreIn(4) {
                for number in 0..<100 { world.sayAsHost("\(number) " + String(repeating: "x", count: 3_000)) }
                world.host.ending.close(.hostQuit)
                world.when({ world.hostClosed != nil && people.allSatisfy { $0.ending != nil } }) {
                    for person in people {
                        #expect(person.texts.count == 100)
                        #expect(person.ending?.reason == .hostQuit)
                        #expect(person.ending?.notice == nil)
                    }
                    #expect(world.hostClosed == .hostQuit)
                    world.finish()
                }
            }
        }
    }

    @Test("A member that was away when the room closed hears of it when it comes back at once")
    func closingWhileAway() throws {
        try NodeWorld.run { world in
            let alice = world.add(nick: "alice")
            world.whenAllAreIn(2) {
                alice.isReachable = false
                alice.breakConnection()
                world.loop.atEndOfTurn {
                    world.sayAsHost("goodbye")
                    world.host.ending.close(.hostQuit)
                    #expect(world.hostClosed == nil)
                    alice.isReachable = true
                    alice.node?.tryNow()
                }
                world.when({ world.hostClosed != nil && alice.ending != nil }) {
                    #expect(alice.texts == ["goodbye"])
                    #expect(alice.ending?.reason == .hostQuit)
                    #expect(alice.ending?.notice == nil)
                    world.finish()
                }
            }
        }
    }

    @Test("A member whose room's time is over does not look for its host any more")
    func endWhileAway() throws {
        try NodeWorld.run(closesAfter: .milliseconds(100)) { world in
            let alice = world.add(nick: "alice")
            world.whenAllAreIn(2) {
                alice.isReachable = false
                alice.breakConnection()
                world.when({ alice.ending != nil }) {
                    #expect(alice.ending?.reason == .ttl)
                    #expect(alice.ending?.notice == nil)
                    world.finish()
                }
            }
        }
    }

    @Test("After a sleep a member does not wait for its connection to be found dead")
    func waking() throws {
        try NodeWorld.run { world in
            let alice = world.add(nick: "alice")
            world.whenAllAreIn(2) {
                let id = alice.id
                alice.node?.woke()
                alice.node?.say("awake", kind: .text, to: nil)
                #expect(alice.waiting == ["awake"])
                world.when({ world.hostTexts == ["awake"] && alice.delivered == 1 }) {
                    #expect(alice.dialCount == 2)
                    #expect(alice.id == id)
                    let states = alice.events.compactMap {
                        if case .connection(let change) = $0 { change } else { nil }
                    }
                    #expect(states.map(\.state) == [.reconnecting, .connected])
                    #expect(states.first?.cause == "sleep")
                    world.finish()
                }
            }
        }
    }

    @Test("At the end of its time the room closes for all")
    func timeToLive() throws {
        try NodeWorld.run(closesAfter: .milliseconds(500)) { world in
            let people = [world.add(), world.add()]
            world.when({ world.hostClosed != nil && people.allSatisfy { $0.ending != nil } }) {
                #expect(world.hostClosed == .ttl)
                #expect(people.allSatisfy { $0.ending?.reason == .ttl })
                world.finish()
            }
        }
    }

    @Test("Leaving waits for delivery, also across a broken connection")
    func leaving() throws {
        try NodeWorld.run { world in
            world.chunkSize = 500
            let alice = world.add(nick: "alice")
            let bob = world.add(nick: "bob")
            world.whenAllAreIn(3) {
                for number in 0..<50 { alice.node?.say("\(number)", kind: .text, to: nil) }
                alice.node?.leave()
                alice.breakConnection()
                alice.node?.tryNow()
                world.when({ alice.ending != nil && world.host.memberCount == 2 }) {
                    #expect(alice.delivered == 50)
                    #expect(alice.ending?.reason == .quit)
                    world.when({ bob.texts.count == 50 }) {
                        #expect(bob.texts == (0..<50).map { "\($0)" })
                        #expect(
                            world.hostComings.last.map {
                                if case .memberLeft(_, "alice", .quit, _) = $0 { true } else { false }
                            } == true)
                        world.finish()
                    }
                }
            }
        }
    }

    @Test("A member with more unconfirmed messages than it should have says so, and when it is over")
    func congestion() throws {
        try NodeWorld.run { world in
            let alice = world.add(nick: "alice")
            world.whenAllAreIn(2) {
                for _ in 0..<MemberClient.outboxHighWaterMark - 1 { alice.node?.say("x", kind: .text, to: nil) }
                #expect(alice.node?.isCongested == false)
                alice.node?.say("x", kind: .text, to: nil)
                #expect(alice.node?.isCongested == true)
                alice.node?.onDecongested = {
                    #expect(alice.node?.isCongested == false)
                    world.finish()
                }
            }
        }
    }

    @Test("The host that says too much is told to wait, and when to go on")
    func hostCongestion() throws {
        var limits = RoomLimits()
        // Founding the group is charged, too.
        limits.messageBurst = RoomLimits.commitCost + 10
        limits.messagesPerSecond = 1
        try NodeWorld.run(limits: limits) { world in
            for _ in 0..<10 { world.sayAsHost("x") }
            #expect(world.host.local?.isCongested == false)
            world.sayAsHost("x")
            #expect(world.host.local?.isCongested == true)
            world.host.local?.onDecongested = {
                #expect(world.host.local?.isCongested == false)
                world.finish()
            }
        }
    }

    @Test("A joiner that comes in while another member is cut off sees it, and it is found again")
    func joiningWhileOneIsCutOff() throws {
        var limits = RoomLimits()
        limits.logByteCount = 4_000
        try NodeWorld.run(limits: limits) { world in
            let alice = world.add(nick: "alice")
            world.whenAllAreIn(2) {
                // What alice has received so far is acknowledged by then.
                world.loop.schedule(after: .seconds(1)) { startTalking(without: alice) }
            }
            func startTalking(without alice: NodeWorld.Person) {
                alice.isReachable = false
                alice.breakConnection()
                // So much that what follows, somebody's coming, is too much.
                world.sayAsHost(String(repeating: "x", count: 3_000))
                let bob = world.add(nick: "bob")
                world.when({ bob.id != nil }) {
                    #expect(world.host.memberCount == 3)
                    world.sayAsHost("see?")
                    world.when({ bob.texts == ["see?"] }) {
                        alice.isReachable = true
                        alice.node?.tryNow()
                        world.when({ alice.missed == [2] }) {
                            for person in [alice, bob] {
                                var list: [String] = []
                                person.onEvent = { if case .members(let members) = $0 { list = members.map(\.nick) } }
                                person.node?.listMembers()
                                #expect(list == ["host", "alice", "bob"])
                            }
                            world.finish()
                        }
                    }
                }
            }
        }
    }

    @Test("Who may not come in is told why, and its connection is closed")
    func refused() throws {
        var limits = RoomLimits()
        limits.members = 2
        try NodeWorld.run(limits: limits) { world in
            _ = world.add(nick: "alice")
            world.whenAllAreIn(2) {
                let bob = world.add(nick: "bob")
                world.when({ bob.ending != nil }) {
                    #expect(bob.ending?.notice?.code == .roomFull)
                    #expect(world.host.memberCount == 2)
                    world.finish()
                }
            }
        }
    }

    @Test("A console that takes nothing from the start does not keep a member from going on after a break")
    func stuckConsole() throws {
        try NodeWorld.run { world in
            let person = world.add(nick: "ada")
            person.node?.outputProgress = { OutputProgress(told: UInt64(person.events.count), taken: 0) }
            world.whenAllAreIn(2) {
                person.breakConnection()
                world.sayAsHost("meanwhile")
                world.when({ person.texts == ["meanwhile"] }) {
                    #expect(person.events.count { if case .joinedRoom = $0 { true } else { false } } == 1)
                    #expect(person.missed == [])
                    world.finish()
                }
            }
        }
    }
}
