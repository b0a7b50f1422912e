import Chat
import EventLoop
import Room
import SharedLogModel
import TestSupport
import Testing

@testable import TermTalk

/// Rooms of three hosts with members, over the hosts' real log on a made-up Redis that delays, breaks, repeats, and loses its end.
@Suite struct SharedStoreRoomTests {
    private static let texts = 30

    @Test("Nothing is lost, repeated or in another order, and the hosts have the same room", arguments: 1...12)
    func faults(seed: Int) throws {
        let loop = try EventLoop(simulatedFrom: MonotonicTime(nanoseconds: 1_000_000_000))
        let world = SharedWorld(loop: loop, seed: UInt64(seed), withStore: true)
        let run = Run(world, seed: UInt64(seed))
        loop.schedule(after: .seconds(3_000)) { loop.stop() }
        for _ in 0..<3 { try world.addHost() }
        world.when({ world.hosts.allSatisfy(\.isOpen) }) { try run.begin() }
        loop.run()
        #expect(run.isOver, "seed \(seed): \(run.trace), \(world.people.map(\.texts.count)), \(world.isSettled)")
        world.end()
        for host in world.hosts { host.replica?.kill() }
    }

    private final class Run {
        let world: SharedWorld
        private var random: SeededRandom
        private var said: Set<String> = []
        private(set) var trace: [String] = []
        private(set) var isOver = false

        init(_ world: SharedWorld, seed: UInt64) {
            self.world = world
            random = SeededRandom(seed: seed)
        }

        private var loop: EventLoop { world.loop }

        func begin() throws {
            let first = try world.add("first", at: 0, isFollowing: true)
            world.when({ [self] in !first.invites.isEmpty && world.isSettled }) { [self] in
                let invite = try Invite(parsing: first.invites[0])
                for place in 1...2 {
                    try world.add("m\(place)", at: place, inviteOfGroup: invite, isFollowing: true)
                }
                world.when({ [self] in
                    world.people.allSatisfy { $0.isIn && $0.knows(of: 3) && $0.hosts?.count == 3 } && world.isSettled
                }) { [self] in talk() }
            }
        }

        private func talk() {
            for number in 0..<SharedStoreRoomTests.texts {
                loop.schedule(after: .milliseconds(random.below(30_000))) { [self] in
                    let text = "text \(number)"
                    said.insert(text)
                    world.people[random.below(world.people.count)].node?.say(text, kind: .text, to: nil)
                }
            }
            for _ in 0..<5 {
                loop.schedule(after: .milliseconds(random.below(25_000))) { [self] in
                    do { try fault() } catch { Issue.record(error) }
                }
            }
            world.when({ [self] in
                said.count == SharedStoreRoomTests.texts && world.isSettled && world.store?.isUp == true
                    && world.people.allSatisfy { $0.texts.count >= said.count }
            }) { [self] in
                #expect(Set(world.people.map(\.texts)).count == 1)
                #expect(world.people[0].texts.count == said.count && Set(world.people[0].texts) == said)
                #expect(world.people.allSatisfy { $0.joins == 1 && $0.ending == nil })
                #expect(Set(world.hosts.filter(\.isAlive).compactMap(\.authority?.snapshot)).count == 1)
                #expect(world.hosts.allSatisfy { $0.storeLostCount == 0 })
                isOver = true
                loop.stop()
            }
        }

        /// Of those that Redis and the hosts together lose nothing by.
        private func fault() throws {
            guard let store = world.store, store.isUp else { return }
            let kind = random.below(7)
            trace.append("\(loop.time / .milliseconds(1)) \(kind)")
            switch kind {
            case 0, 1:
                let back = kind == 0 ? random.below(min(4, store.changes)) : nil
                store.kill()
                loop.schedule(after: .milliseconds(100 + random.below(5_000))) { store.start(back: back) }
            case 2: store.cutConnections()
            case 3:
                store.stop()
                loop.schedule(after: .milliseconds(100 + random.below(5_000))) { store.wake() }
            case 4: store.flush()
            case 5:
                guard world.isSettled, world.hosts.count(where: \.isAlive) == 3 else { return }
                world.kill(random.below(3))
            default:
                let host = world.hosts[random.below(3)]
                host.replica?.drop()
            }
        }
    }
}
