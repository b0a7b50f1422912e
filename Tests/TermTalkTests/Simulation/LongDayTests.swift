import EventLoop
import Room
import TestSupport
import Testing

@testable import TermTalk

/// A room through a day of made-up time in which people come, leave, break off and are killed.
@Suite(.serialized) struct LongDayTests {
    /// What the room and its host hold at one time.
    private struct Held {
        /// The whole state of the room but for its log.
        var state: Int
        var log: Int
        var connections: Int
        var timers: Int
    }

    private static let hours = 24
    /// Who comes once a minute, and goes when so many others have come.
    private static let stay = 8

    @Test("What a room holds after a day of coming and going is no more than in its first hours")
    func holdsNoMore() async throws {
        let held = try await onOwnThread { try Self.run() }
        let (first, rest) = (held.prefix(Self.hours / 2), held.suffix(Self.hours / 2))
        for (name, value) in [
            ("state", \Held.state), ("log", \.log), ("connections", \.connections), ("timers", \.timers),
        ] {
            let most = (first.map { $0[keyPath: value] }.max() ?? 0, rest.map { $0[keyPath: value] }.max() ?? 0)
            #expect(most.0 > 0 && most.1 * 4 <= most.0 * 5, "\(name): \(held.map { $0[keyPath: value] })")
        }
    }

    private static func run() throws -> [Held] {
        var limits = RoomLimits()
        limits.absence = .seconds(900)
        limits.logByteCount = 1 << 20
        let world = try SimulatedRoom(seed: 7, limits: limits, hasRealGroup: false, delay: .milliseconds(40))
        var held: [Held] = []
        var failure: (any Error)?
        func minute(_ number: Int) {
            do {
                if number > 0, number.isMultiple(of: 60) {
                    held.append(
                        Held(
                            state: world.host.room.snapshot(now: world.loop.time).count,
                            log: world.host.room.log.heldByteCount, connections: world.host.connections.all.count,
                            timers: world.loop.waitingTimerCount))
                }
                guard held.count < hours else { return world.loop.stop() }
                try world.addMember()
                let alive = world.alive
                if alive.count > stay {
                    switch number % 3 {
                    case 0: alive[0].node?.leave()
                    // Its place stays for a while.
                    case 1: alive[0].kill()
                    default:
                        alive[0].link?.goSilent()
                        alive[0].kill()
                    }
                }
                alive.last?.link?.breakDown()
                for _ in 0..<8 { world.sayAsHost() }
                for stay in alive.suffix(4) { world.say(stay) }
            } catch {
                failure = error
                return world.loop.stop()
            }
            world.loop.schedule(after: .seconds(60)) { minute(number + 1) }
        }
        minute(0)
        world.loop.run()
        if let failure { throw failure }
        #expect(world.hostClosed == nil)
        #expect(world.hostTexts.count > 8 * 60 * hours)
        return held
    }
}
