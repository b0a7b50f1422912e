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

    @Test("The sender of a private message that makes its receiver fall behind is told that it is missed, and the receiver too")
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

    @Test("A kept room whose host is killed then can be opened again")
    func isKept() throws {
        SodiumLibrary.initialize()
        let directory = FileManager.default.temporaryDirectory.appending(path: "termtalk-\(UUID().uuidString)").path
        let copy = directory + "/copy"
        try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let storeKey = SecretBytes(copying: [UInt8](repeating: 7, count: RoomStore.keyByteCount).span)
        func invitesKey() -> SecretBytes { SecretBytes(copying: [UInt8](repeating: 9, count: 32).span) }
        var kept: (RoomStore, LoopMailbox<StoreReport>)?
        try NodeWorld.run(limits: Self.limits()) { world in
            let host = world.host
            let mailbox = try #require(
                LoopMailbox<StoreReport>(loop: world.loop, receive: { host.storeReported($0) }))
            let store = try RoomStore.create(in: directory, name: "room", key: storeKey) { [sender = mailbox.sender] in
                sender.send($0)
            }
            kept = (store, mailbox)
            host.onStoreFailed = { Issue.record("\($0)") }
            host.keep(
                with: RoomJournal(store, next: 0, checkpointed: 0) { [unowned host] in
                    KeptState.snapshot(
                        host.room, host.door.invites, key: invitesKey(), now: host.loop.time, wallClock: 0)
                })
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
                        do {
                            try FileManager.default.copyItem(
                                atPath: directory + "/room.store", toPath: copy + "/room.store")
                            let (again, recovered) = try RoomStore.open(in: copy, name: "room", key: storeKey) { _ in }
                            let snapshot = try #require(recovered.snapshot)
                            #expect(throws: Never.self) {
                                try KeptState(
                                    recovered, snapshot: snapshot, limits: Self.limits(), book: PublicRoomGroup.self,
                                    key: invitesKey(), now: .zero, wallClock: 0)
                            }
                            try again.close(within: .seconds(60))
                        } catch {
                            Issue.record(error)
                        }
                        world.finish()
                    }
                }
            }
        }
        try kept?.0.close(within: .seconds(60))
        kept?.1.close()
    }
}
