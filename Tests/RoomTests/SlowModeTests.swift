import Chat
import TestSupport
import Testing
import Wire

@testable import Room

/// Slow mode, at the room and at its members.
@Suite struct SlowModeTests {
    private func hosted() throws -> RoomNetwork {
        let network = RoomNetwork()
        _ = network.add(nick: "host", isHost: true)
        try network.carry()
        return network
    }

    private func slow(_ network: RoomNetwork, _ seconds: Int64) throws {
        // Not right after somebody has come in.
        network.now += .seconds(3)
        network.moderate { room, actions in room.setSlowMode(seconds: seconds, actions: &actions) }
        try network.carry()
    }

    private func refusal(_ body: () throws -> Void) -> ChatEvent.Notice? {
        #expect(throws: ChatEvent.Notice.self, performing: body)
    }

    @Test("Everybody is told, and who comes later")
    func told() throws {
        let network = try hosted()
        let alice = try network.joined("alice")[0]
        try slow(network, 10)
        let bob = try network.joined("bob")[0]
        for peer in [0, alice, bob] { #expect(network.peers[peer].events.contains(.room(.slow(seconds: 10)))) }
        try slow(network, 0)
        for peer in [0, alice, bob] { #expect(network.peers[peer].events.last == .room(.slow(seconds: 0))) }
        try slow(network, ChatLimits.slowestSeconds + 1)
        #expect(network.peers[bob].events.last == .room(.slow(seconds: ChatLimits.slowestSeconds)))
    }

    @Test("A member is told how long it has to wait, and may then; the host and private messages do not wait")
    func waiting() throws {
        let network = try hosted()
        let alice = try network.joined("alice")[0]
        try slow(network, 10)
        try network.say("one", alice)
        // Not confirmed yet.
        #expect(refusal { try network.say("two", alice) }?.count == 10)
        try network.carry()
        network.now += .milliseconds(3_500)
        let notice = try #require(refusal { try network.say("two", alice) })
        #expect(notice.code == .slowMode)
        #expect(notice.count == 7)
        try network.say("psst", alice, to: "host")
        try network.carry()
        for number in 1...3 { try network.say("host \(number)", 0) }
        network.now += .milliseconds(6_499)
        #expect(refusal { try network.say("two", alice) }?.count == 1)
        network.now += .milliseconds(1)
        try network.say("two", alice)
        try network.carry()
        #expect(network.peers[0].texts == ["one", "psst", "host 1", "host 2", "host 3", "two"])
        #expect(network.peers[alice].delivered.count == 3)
    }

    @Test("Coming in counts as a post: who leaves and comes back does not get around it")
    func rejoining() throws {
        let network = try hosted()
        try slow(network, 3_600)
        for number in 0..<10 {
            let peer = try network.joined("again\(number)")[0]
            try? network.say("spam", peer)
            try network.carry()
            network.act(peer) { client, actions in client.leave(actions: &actions) }
            try network.carry()
        }
        #expect(network.peers[0].texts.isEmpty)
        let patient = try network.joined("patient")[0]
        #expect(refusal { try network.say("too soon", patient) }?.count == 3_600)
        network.now += .seconds(3_600)
        try network.say("at last", patient)
        try network.carry()
        #expect(network.peers[0].texts == ["at last"])
    }

    @Test("The host holds back who does not keep to it, in its order")
    func enforced() throws {
        let network = try hosted()
        let alice = try network.joined("alice")[0]
        network.moderate { room, actions in room.setSlowMode(seconds: 10, actions: &actions) }
        // It has not heard of slow mode.
        for text in ["one", "two", "three"] { try network.say(text, alice) }
        try network.carry()
        #expect(network.peers[0].texts == ["one"])
        #expect(network.peers[alice].errors.isEmpty)
        for said in 2...3 {
            network.now += .milliseconds(9_999)
            network.act(alice) { client, actions in client.timePassed(actions: &actions) }
            try network.carry()
            #expect(network.peers[0].texts.count == said - 1)
            #expect(network.peers[alice].client.nextDeadline == network.now + .milliseconds(1))
            network.now += .milliseconds(1)
            network.act(alice) { client, actions in client.timePassed(actions: &actions) }
            try network.carry()
            #expect(network.peers[0].texts.count == said)
        }
        #expect(network.peers[0].texts == ["one", "two", "three"])
        #expect(network.peers[alice].delivered.count == 3)
    }

    @Test("When it ends, what was held back goes out")
    func ended() throws {
        let network = try hosted()
        let alice = try network.joined("alice")[0]
        network.moderate { room, actions in room.setSlowMode(seconds: 3_600, actions: &actions) }
        for text in ["one", "two", "three"] { try network.say(text, alice) }
        try network.carry()
        try slow(network, 0)
        #expect(network.peers[0].texts == ["one", "two", "three"])
        try network.say("four", alice)
        try network.say("five", alice)
        try network.carry()
        #expect(network.peers[0].texts.suffix(2) == ["four", "five"])
    }

    @Test("One that never comes again holds the others back only for a moment")
    func nothingIsHeldForGood() throws {
        let network = try hosted()
        let alice = try network.joined("alice")[0]
        let id = try network.id(alice)
        try slow(network, 10)
        func isHeld(_ message: UInt64) -> Bool {
            network.room.isTooSoon(MessageID(message), from: id, now: network.now)
        }
        #expect(!isHeld(1))
        #expect(isHeld(2))
        network.now += .seconds(10)
        // Ahead of the one that was held back first.
        #expect(isHeld(3))
        #expect(!isHeld(3))
        network.now += .seconds(9)
        #expect(isHeld(4))
    }

    @Test("A member that comes back to its place waits all the same")
    func comingBack() throws {
        let network = try hosted()
        let alice = try network.joined("alice")[0]
        try slow(network, 60)
        try network.say("one", alice)
        try network.carry()
        network.breakLink(alice)
        network.mendLink(alice)
        try network.carry()
        #expect(refusal { try network.say("two", alice) }?.code == .slowMode)
    }

    @Test("What it looks like on the wire")
    func encoding() throws {
        let message = HostMessage.slowMode(10).encoded
        #expect(message == EncodedMessage(type: RoomMessageType.slowMode, body: [0, 0, 0, 10]))
        #expect(try HostMessage(type: message.type, body: message.body) == .slowMode(10))
        for body in [[], [0, 0, 0], [0, 0, 0, 10, 0]] as [[UInt8]] {
            #expect(throws: RoomError.malformed) { try HostMessage(type: message.type, body: body) }
        }
    }

    @Test("What was on its way when slow mode began goes again, also when the refusal comes late")
    func lateRefusal() throws {
        let network = try hosted()
        let alice = try network.joined("alice")[0]
        for text in ["one", "two"] { try network.say(text, alice) }
        network.moderate { room, actions in room.setSlowMode(seconds: 1, actions: &actions) }
        let requests = network.peers[alice].toHost
        network.peers[alice].toHost = []
        for request in requests { try network.receivedAtHost(request, from: alice) }
        // That there is slow mode, and the echo of the first.
        _ = try network.step(upTo: 2, of: [alice])
        network.now += .seconds(3)
        try network.carry()
        let due = try #require(network.peers[alice].client.slowDeadline)
        #expect(due <= network.now + .seconds(1))
        network.now = due
        network.act(alice) { client, actions in client.timePassed(actions: &actions) }
        try network.carry()
        #expect(network.peers[0].texts == ["one", "two"])
    }

    @Test("A refusal of what was behind it does not make a message that is on its way again go twice")
    func olderRefusal() throws {
        let network = try hosted()
        let alice = try network.joined("alice")[0]
        try network.say("first", alice)
        network.moderate { room, actions in room.setSlowMode(seconds: 1, actions: &actions) }
        for text in ["second", "third"] { try network.say(text, alice) }
        let requests = network.peers[alice].toHost
        network.peers[alice].toHost = []
        for request in requests { try network.receivedAtHost(request, from: alice) }
        // That there is slow mode, the echo, and the first of the two refusals.
        _ = try network.step(upTo: 3, of: [alice])
        network.now = try #require(network.peers[alice].client.slowDeadline)
        network.act(alice) { client, actions in client.timePassed(actions: &actions) }
        #expect(network.peers[alice].toHost.count { $0.type == RoomMessageType.post } == 1)
        try network.carry()
        network.now += .seconds(1)
        network.act(alice) { client, actions in client.timePassed(actions: &actions) }
        try network.carry()
        #expect(network.peers[0].texts == ["first", "second", "third"])
        #expect(network.peers[alice].texts == ["first", "second", "third"])
    }

    @Test("Who cannot follow the group says nothing, and does not look again and again whether it may")
    func stuck() throws {
        let network = try hosted()
        let alice = try network.joined("alice")[0]
        try slow(network, 10)
        network.now += .seconds(60)
        network.peers[alice].client.upkeep.stuckUntil = network.now + GroupUpkeep.undoPatience
        try network.say("hi", alice)
        #expect(network.peers[alice].client.outboxCount == 1)
        #expect(network.peers[alice].client.nextDeadline.map { $0 > network.now } == true)
    }
}
