import Chat
import EventLoop
import Foundation
import Room
import RoomStore
import SecureGroup
import Sodium
import Testing

@testable import TermTalk

/// The log is at its bound, where a member that is away holds it; what is said to that member alone pushes its place out.
@Suite(.serialized) struct OverrunTests {
    private static func limits() -> RoomLimits {
        var limits = RoomLimits()
        limits.logByteCount = 1 << 20
        return limits
    }

    /// All but 10 KiB of the log are taken while bob is away.
    private func fill(
        _ world: NodeWorld, _ body: @escaping (_ alice: NodeWorld.Person, NodeWorld.Person, NodeWorld.Person) -> Void
    ) {
        let (alice, bob, carol) = (world.add(nick: "alice"), world.add(nick: "bob"), world.add(nick: "carol"))
        world.whenAllAreIn(4) {
            bob.isReachable = false
            bob.breakConnection()
            world.when({ alice.events.contains { if case .memberAway = $0 { true } else { false } } }) {
                for _ in 0..<16 { alice.node?.say(String(repeating: "x", count: 64_000), kind: .text, to: nil) }
                world.when({ alice.delivered == 16 && carol.texts.count == 16 }) { body(alice, bob, carol) }
            }
        }
    }

    @Test("Who sends a private message that makes its receiver fall behind is told that it is missed, the receiver too")
    func isTold() throws {
        try NodeWorld.run(limits: Self.limits()) { world in
            fill(world) { alice, bob, _ in
                alice.node?.say(String(repeating: "y", count: 60_000), kind: .text, to: "bob")
                world.when({
                    alice.events.contains { if case .acknowledged(_, 0, 0, missed: 1) = $0 { true } else { false } }
                }) {
                    bob.isReachable = true
                    bob.node?.tryNow()
                    world.when({ bob.missed.reduce(0, +) == 17 }) { world.finish() }
                }
            }
        }
    }

    /// A host whose room is kept in a folder that goes with the test.
    private final class Disk {
        let directory = FileManager.default.temporaryDirectory.appending(path: "termtalk-\(UUID().uuidString)").path
        private var store: RoomStore?
        private var mailbox: LoopMailbox<StoreReport>?
        /// While the disk stands still: what it has done by now.
        private var heldBack: [[StoreReport]]?
        private var authority: SoleAuthority?

        init() throws {
            SodiumLibrary.initialize()
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }

        deinit {
            try? FileManager.default.removeItem(atPath: directory)
        }

        private static func key(_ byte: UInt8) -> SecretBytes {
            SecretBytes(copying: [UInt8](repeating: byte, count: RoomStore.keyByteCount).span)
        }

        func keep(_ host: HostNode, _ loop: EventLoop) throws {
            let made = LoopMailbox<StoreReport>(loop: loop) { [weak self] reports in
                if self?.heldBack == nil {
                    self?.authority?.storeReported(reports)
                } else {
                    self?.heldBack?.append(reports)
                }
            }
            let mailbox = try #require(made)
            let store = try RoomStore.create(in: directory, name: "room", key: Self.key(7)) {
                [sender = mailbox.sender] in sender.send($0)
            }
            (self.mailbox, self.store) = (mailbox, store)
            let authority = SoleAuthority(
                host,
                journal: RoomJournal(store, next: 0, checkpointed: 0) { [unowned host] in
                    KeptState.snapshot(
                        host.room, host.door.invites, [], key: Self.key(9), now: host.loop.time, wallClock: 0)
                })
            self.authority = authority
            host.authority = authority
        }

        func standStill() { heldBack = [] }

        func goOn() {
            let reports = heldBack ?? []
            heldBack = nil
            for some in reports { authority?.storeReported(some) }
        }

        /// Opens what is on the disk now, as after a kill.
        func openCopy(_ limits: RoomLimits) throws {
            let copy = directory + "/copy"
            try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: directory + "/room.store", toPath: copy + "/room.store")
            let (again, recovered) = try RoomStore.open(in: copy, name: "room", key: Self.key(7)) { _ in }
            let snapshot = try #require(recovered.snapshot)
            _ = try KeptState(
                recovered, snapshot: snapshot, limits: limits, book: PublicRoomGroup.self, key: Self.key(9), now: .zero,
                wallClock: 0)
            try again.close(within: .seconds(60))
        }

        func close() throws {
            try store?.close(within: .seconds(60))
            mailbox?.close()
        }
    }

    @Test("A kept room whose host is killed then can be opened again")
    func isKept() throws {
        let disk = try Disk()
        try NodeWorld.run(limits: Self.limits()) { world in
            try disk.keep(world.host, world.loop)
            fill(world) { alice, _, carol in
                alice.node?.say(String(repeating: "y", count: 60_000), kind: .text, to: "bob")
                world.when({ alice.delivered == 17 }) {
                    // The next one is restored from the log alone.
                    alice.node?.say("to carol", kind: .text, to: "carol")
                    // What carol has acknowledged is on the disk.
                    world.when({
                        alice.events.contains { if case .acknowledged(_, 1, 1, missed: 0) = $0 { true } else { false } }
                    }) {
                        #expect(carol.texts.last == "to carol")
                        #expect(throws: Never.self) { try disk.openCopy(Self.limits()) }
                        world.finish()
                    }
                }
            }
        }
        try disk.close()
    }

    @Test("After more waited for the disk than the log holds, the host's participant has heard all, and lets others in")
    func slowDisk() throws {
        let disk = try Disk()
        try NodeWorld.run(limits: Self.limits()) { world in
            let host = world.host
            try disk.keep(host, world.loop)
            let people = ["alice", "bob", "carol"].map { world.add(nick: $0) }
            world.whenAllAreIn(4) {
                disk.standStill()
                let end = host.room.log.end + 24
                for person in people {
                    for _ in 0..<8 { person.node?.say(String(repeating: "x", count: 64_000), kind: .text, to: nil) }
                }
                world.onceTrue({ host.room.log.end >= end }) {
                    disk.goOn()
                    people[0].node?.say("after all", kind: .text, to: nil)
                    world.when({ world.hostTexts.last == "after all" }) {
                        #expect(world.hostTexts.count == 25)
                        let dave = world.add(nick: "dave")
                        world.when({ dave.id != nil }) { world.finish() }
                    }
                }
            }
        }
        try disk.close()
    }
}

extension NodeWorld {
    /// Calls `body` once `condition` is true of what no event tells.
    fileprivate func onceTrue(_ condition: @escaping () -> Bool, _ body: @escaping () -> Void) {
        guard !condition() else { return body() }
        loop.schedule(after: .milliseconds(10)) { [weak self] in self?.onceTrue(condition, body) }
    }
}
