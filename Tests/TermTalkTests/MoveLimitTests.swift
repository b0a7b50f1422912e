import Chat
import Room
import Testing

@testable import TermTalk

@Suite struct MoveLimitTests {
    @Test func aMinuteLater() {
        var limit = MoveLimit()
        let allowed = [0, 1, 59.999, 60, 119.999, 120].map { limit.allows(at: .seconds($0)) }
        #expect(allowed == [true, false, false, true, false, true])
    }

    @Test("A host that moves twice in a minute is followed once, and heard on")
    func followedOnce() throws {
        try NodeWorld.run { world in
            let address = try RoomAddress("2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion:1")
            let member = world.add(at: address)
            func moves() -> Int { member.events.count { if case .room(.moved) = $0 { true } else { false } } }
            func isBack() -> Bool {
                if case .connection(let state) = member.events.last { state.state == .connected } else { false }
            }
            let places = [1, 2].map { OnionPlace(key: address.onionKey ?? [], port: 100 + $0) }
            world.whenAllAreIn(2) {
                world.host.commands.move(to: places[0])
                world.when({ member.dialCount == 2 && isBack() }) {
                    #expect(moves() == 1)
                    world.host.commands.move(to: places[1])
                    world.sayAsHost("after it")
                    world.when({ member.texts.contains("after it") }) {
                        #expect(moves() == 1 && member.dialCount == 2)
                        world.finish()
                    }
                }
            }
        }
    }
}
