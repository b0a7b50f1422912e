import EventLoop
import TestSupport
import Testing

@testable import Room
@testable import TermTalk

/// The end of a room of which somebody's connection is broken, in made-up time.
@Suite struct EndTests {
    /// How long the host waits at the end for a member whose program was killed so long before.
    private func patience(killedBefore time: Duration) throws -> Duration? {
        let world = try SimulatedRoom(seed: 1, limits: RoomLimits(), hasRealGroup: false, delay: .milliseconds(40))
        world.loop.simulatedTurnsLeft = 100_000
        let stay = try world.addMember()
        try world.addMember()
        var patience: Duration?
        func end() {
            let began = world.loop.now
            world.closeHost()
            func look() {
                guard world.hostClosed == nil else {
                    patience = world.loop.now - began
                    return world.loop.stop()
                }
                world.loop.schedule(after: .milliseconds(100)) { look() }
            }
            look()
        }
        func begin() {
            guard world.host.localMembers.count == 3, !stay.isAway else {
                world.loop.schedule(after: .seconds(1)) { begin() }
                return
            }
            stay.kill()
            stay.link?.breakDown()
            world.loop.schedule(after: time) { end() }
        }
        begin()
        world.loop.run()
        return patience
    }

    @Test("Who was told as away is not waited for; who has gone just now is, no longer than until it would be told")
    func waiting() throws {
        let late = try #require(try patience(killedBefore: RoomLimits.awayGrace + .seconds(1)))
        #expect(late < .seconds(1))
        let justNow = try #require(try patience(killedBefore: .seconds(4)))
        #expect(justNow > .seconds(4) && justNow < .seconds(7))
    }
}
