import EventLoop
import Foundation
import TestSupport
import Testing

@testable import Room
@testable import TermTalk

/// A member that is away for a day, in made-up time, while others talk and the group changes. `make day-away` is the whole
/// day, with real groups.
@Suite(.serialized) struct DayAwayTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let messages = environment["TERMTALK_DAY_MESSAGES"].flatMap { Int($0) } ?? 10_000
    private static let hasRealGroup = environment["TERMTALK_DAY_REAL"] != nil
    /// What two people say in a second, so that each gives itself new keys as often as it may.
    private static let perSecond = 10

    @Test("Who was away through all of it reads every message, once and in order, through every Commit")
    func reads() async throws {
        try await onOwnThread { try Self.run() }
    }

    private static func run() throws {
        let world = try SimulatedRoom(seed: 1, limits: RoomLimits(), hasRealGroup: hasRealGroup)
        world.loop.simulatedTurnsLeft = 40 * messages + 100_000
        let ada = try world.addMember()
        let bob = try world.addMember()
        var said = 0
        var leaving: (epoch: UInt64, heard: Int) = (0, 0)
        var returned: (at: ContinuousClock.Instant, madeUp: MonotonicTime)?
        var reading = Duration.zero
        var readingMadeUp = Duration.zero
        func later(_ body: @escaping () -> Void) { world.loop.schedule(after: .seconds(1), body) }
        func begin() {
            guard !ada.isAway, !bob.isAway, world.host.localMembers.count == 3 else { return later(begin) }
            leaving = (world.host.room.group.epoch, bob.told.count)
            bob.isReachable = false
            bob.link?.breakDown()
            later(talk)
        }
        func talk() {
            guard said < messages else {
                bob.isReachable = true
                returned = (.now, world.loop.now)
                return later(wait)
            }
            for _ in 0..<perSecond / 2 {
                said += 2
                world.sayAsHost()
                ada.said.append("\(ada.name) \(said)")
                ada.node?.say("\(ada.name) \(said)", kind: .text, to: nil)
            }
            later(talk)
        }
        func wait() {
            guard world.isSettled, let returned else { return later(wait) }
            reading = .now - returned.at
            readingMadeUp = world.loop.now - returned.madeUp
            world.loop.stop()
        }
        begin()
        world.loop.run()
        let commits = world.host.room.group.epoch - leaving.epoch
        print(
            """
            day away: \(bob.told.count - leaving.heard) messages and \(commits) Commits, \
            \(world.host.room.log.heldByteCount / 1_048_576) MiB held at the end, read in \(reading), \
            \(readingMadeUp) of made-up time from when the host could be reached, real groups: \(hasRealGroup)
            """)
        #expect(world.loop.simulatedTurnsLeft > 0)
        #expect(bob.told.count - leaving.heard >= messages)
        #expect(commits >= UInt64(messages / 250))
        #expect(bob.missedCount == 0)
        #expect(SimulationVerdict.complaints(of: world) == [])
    }
}
