import Room
import Testing

/// How often something has to go to and fro before a joiner can talk. The handshake before takes one round trip more.
@Suite struct RoundTripTests {
    @Test(
        "In a room of two a joiner talks after one round trip, as before there were groups; after two where the one who lets it in is not at the host",
        arguments: [(true, 1), (false, 2)])
    func joining(committerIsAtHost: Bool, expected: Int) throws {
        let world = try RandomRoom(seed: 1)
        let first = world.peers[0]
        try world.join()
        let joiner = world.peers[1]
        var roundTrips = 0
        while !joiner.client.isJoined, roundTrips < 10 {
            roundTrips += 1
            for peer in world.peers { try world.deliverToHost(peer) }
            if committerIsAtHost {
                while try world.step(first, upTo: .max) {}
            }
            for peer in world.peers { try world.deliverToMember(peer) }
        }
        #expect(roundTrips == expected)
        // And what it says is read when it has come to the other, in half a round trip more with the one at the host.
        try world.say(joiner)
        try world.deliverToHost(joiner)
        try world.deliverToMember(first)
        #expect(first.told.last == .message(number: 1, text: "m1 says 0"))
    }
}
