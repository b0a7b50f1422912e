import SecureGroup
import Testing

@testable import Room

/// Connections that break before anything that was said has come to the host.
@Suite struct BrokenConnectionTests {
    @Test(
        "Whatever was said, and however often the connection broke meanwhile, is read when it comes",
        arguments: [2, 6])
    func manyMessages(breaks: Int) throws {
        let world = try RandomRoom(seed: 1)
        try world.join()
        try world.carry()
        let (first, peer) = (world.peers[0], world.peers[1])
        for _ in 0..<MemberClient.outboxHighWaterMark { try world.say(peer) }
        for _ in 0..<breaks {
            world.breakLink(peer)
            try world.mend(peer)
            try world.deliverToMember(peer)
        }
        try world.carry()
        let texts = first.told.compactMap { if case .message(_, let text) = $0 { text } else { nil } }
        #expect(texts == peer.said)
        #expect(first.complaints.isEmpty && peer.complaints.isEmpty)
        #expect(peer.client.outboxCount == 0)
    }

    @Test("So it is where the group has another epoch meanwhile, in which some of it was sealed already")
    func inTwoEpochs() throws {
        let world = try RandomRoom(seed: 1)
        try world.join()
        try world.passCarrying(.seconds(60))
        let (first, peer) = (world.peers[0], world.peers[1])
        func breakOff() throws {
            world.breakLink(peer)
            try world.mend(peer)
            try world.deliverToMember(peer)
        }
        for _ in 0..<120 { try world.say(peer) }
        let epoch = peer.group.epoch
        try world.act(first) { client, actions in
            client.wantUpdate(after: .zero)
            client.timePassed(actions: &actions)
        }
        while try world.step(first, upTo: .max) {}
        try world.deliverToMember(peer)
        #expect(peer.group.epoch == epoch + 1)
        for _ in 0..<(MemberClient.outboxHighWaterMark - 120) { try world.say(peer) }
        for _ in 0..<3 { try breakOff() }
        try world.carry()
        let texts = first.told.compactMap { if case .message(_, let text) = $0 { text } else { nil } }
        #expect(texts == peer.said)
        #expect(first.complaints.isEmpty && peer.complaints.isEmpty)
    }
}
