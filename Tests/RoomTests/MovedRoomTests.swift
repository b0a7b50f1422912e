import Testing
import Wire

@testable import Room

@Suite struct MovedRoomTests {
    private static let place = OnionPlace(key: Array(0..<32), port: 12_345)

    @Test func theMessageReadsAsItWasWritten() throws {
        let message = HostMessage.moved(Self.place).encoded
        #expect(message.body == Array(0..<32) + [0x30, 0x39])
        #expect(try HostMessage(type: message.type, body: message.body) == .moved(Self.place))
    }

    @Test(arguments: [0, 33, 35]) func anotherLengthIsNone(_ count: Int) {
        let type = HostMessage.moved(Self.place).encoded.type
        #expect(throws: RoomError.malformed) {
            try HostMessage(type: type, body: [UInt8](repeating: 0, count: count))
        }
    }

    @Test("No member can say it: the host does not know it as a request")
    func noMemberCanSayIt() {
        let message = HostMessage.moved(Self.place).encoded
        #expect(throws: RoomError.malformed) { try MemberRequest(type: message.type, body: message.body) }
    }
}
