import Chat
import Testing

@testable import Room

@Suite struct RoomCodeTests {
    @Test("Who hears that a nick is not allowed hears every rule")
    func hint() {
        for notice in [RoomCode.nickInvalid.refusal, RoomCode.nickInvalid.declination, .nickInvalid("x")] {
            #expect(notice.code == .nickInvalid)
            #expect(notice.hint?.contains("begin with a letter or digit") == true)
        }
    }
}
