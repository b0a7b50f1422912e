import Chat
import Testing

@testable import Room

/// What a member knows of what its room is like.
@Suite struct RoomConditionsTests {
    @Test("What was so and is not said again is over, which is told once, before what else comes")
    func over() {
        var conditions = RoomConditions()
        for message in [HostMessage.lockChanged(true), .topicChanged("x"), .slowMode(5)] {
            #expect(conditions.hear(message).isEmpty)
        }
        conditions.forget(wasSlow: true)
        #expect(conditions.hear(.topicChanged("y")).isEmpty)
        #expect(conditions.hear(.receipts([])) == [.locked(false), .slow(seconds: 0)])
        #expect(conditions.hear(.receipts([])).isEmpty)
        conditions.forget(wasSlow: false)
        #expect(conditions.hear(.receipts([])) == [.topic("")])
    }

    @Test("What was over before the member came anew is not told of")
    func nothing() {
        var conditions = RoomConditions()
        for message in [HostMessage.lockChanged(true), .lockChanged(false), .topicChanged("x"), .topicChanged("")] {
            _ = conditions.hear(message)
        }
        conditions.forget(wasSlow: false)
        #expect(conditions.hear(.receipts([])).isEmpty)
    }
}
