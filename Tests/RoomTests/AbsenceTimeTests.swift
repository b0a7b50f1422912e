import Chat
import Testing

@testable import Room

/// When something was said that is read after an absence.
@Suite struct AbsenceTimeTests {
    @Test("The age that the room tells is compared with a clock that nobody sets, and only minutes count")
    func ages() {
        var time = AbsenceTime()
        time.entered(roomAge: 100, now: .seconds(5_000))
        time.heard(now: .seconds(5_010))
        #expect(time.secondsAgo(roomAge: 200, now: .seconds(5_159)) == nil)
        #expect(time.secondsAgo(roomAge: 200, now: .seconds(5_160)) == 60)
        #expect(time.secondsAgo(roomAge: 200, now: .seconds(90_000)) == 84_900)
    }

    @Test("A host's age that cannot be is not believed: from before the last that was heard, or from the future")
    func impossible() {
        var time = AbsenceTime()
        time.entered(roomAge: 100, now: .seconds(5_000))
        time.heard(now: .seconds(6_000))
        for age: UInt32 in [0, 99, 1_099] { #expect(time.secondsAgo(roomAge: age, now: .seconds(6_100)) == 100) }
        for age: UInt32 in [1_200, 1_201, .max] { #expect(time.secondsAgo(roomAge: age, now: .seconds(6_100)) == nil) }
        time.entered(roomAge: .max, now: .zero)
        #expect(time.secondsAgo(roomAge: 0, now: .seconds(60)) == 60)
    }

    @Test("Who comes back reads when things were said, who is there reads nothing of it")
    func afterAnAbsence() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob")
        network.timePassed(.seconds(3_600))
        try network.say("live", peers[1])
        try network.carry()
        network.breakLink(peers[0])
        network.timePassed(.seconds(300))
        let early = RoomNetwork.wallTime(at: network.now)
        try network.say("early", peers[1])
        try network.say("early, for you", peers[1], to: "alice")
        try network.carry()
        network.timePassed(.seconds(28_800))
        try network.say("just now", peers[1])
        try network.carry()
        network.timePassed(.seconds(30))
        network.mendLink(peers[0])
        try network.carry()
        try network.say("live again", peers[1])
        try network.carry()
        let said = network.peers[peers[0]].messages.reduce(into: [:]) { $0[$1.text] = .some($1.saidAt) }
        #expect(said == ["live": nil, "early": early, "early, for you": early, "just now": nil, "live again": nil])
        // What has waited in the kernel for a program that was stopped.
        try network.say("at night", peers[1])
        try network.carry(of: [peers[1]])
        network.timePassed(.seconds(100))
        network.peers[peers[0]].client.isLate = true
        try network.carry()
        network.peers[peers[0]].client.isLate = false
        let late = network.peers[peers[0]].messages.last
        #expect(late?.text == "at night" && late?.saidAt == RoomNetwork.wallTime(at: network.now) - 100)
        // Who was there all the time, and who said it.
        #expect(network.peers[peers[1]].messages.allSatisfy { $0.saidAt == nil })
    }
}
