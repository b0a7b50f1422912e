import TestSupport
import Testing

@testable import Room

@Suite struct StalePostsTests {
    /// What becomes of posts that come in this order: `id`, current or not.
    private func accepted(_ posts: (id: UInt64, isCurrent: Bool)...) -> [Bool] {
        var stale = StalePosts()
        return posts.map { stale.accepts(MessageID($0.id), isCurrent: $0.isCurrent) }
    }

    @Test("What was declined comes before what was said later, however often it is declined")
    func order() {
        // The first one comes again with another old epoch; so the second has to wait once more.
        #expect(
            accepted(
                (1, false), (2, true), (1, false), (2, true), (1, true), (3, true), (2, true), (3, true), (4, true))
                == [false, false, false, false, true, false, true, true, true])
    }

    @Test("One that does not come again holds the next ones up once")
    func givenUp() {
        #expect(accepted((1, false), (2, true), (2, true), (3, true)) == [false, false, true, true])
        #expect(
            accepted((1, false), (2, false), (3, true), (2, true), (4, true), (3, true), (4, true))
                == [false, false, false, true, false, true, true])
    }

    @Test("So many are remembered, and the oldest is forgotten then", arguments: [0, 1])
    func bound(excess: Int) {
        var stale = StalePosts()
        var accepted = 0
        for value in 0..<RoomLimits.staleDeclines + excess
        where stale.accepts(MessageID(UInt64(value)), isCurrent: false) {
            accepted += 1
        }
        #expect(accepted == 0)
        // The first one again: known, and so before all others; or forgotten, and so behind them.
        let first = stale.accepts(MessageID(0), isCurrent: true)
        #expect(first == (excess == 0))
    }

    /// A room of the host, alice and bob in which alice's link carries nothing while carol comes in.
    private func changed(after act: (RoomNetwork, Int) throws -> Void) throws -> (RoomNetwork, alice: Int, bob: Int) {
        let network = RoomNetwork()
        let host = network.add(nick: "host", isHost: true)
        try network.carry()
        let members = try network.joined("alice", "bob")
        try act(network, members[0])
        let carol = network.add(nick: "carol")
        try network.carry(of: [host, carol])
        #expect(network.peers[carol].client.isJoined)
        return (network, members[0], members[1])
    }

    @Test("A private message to somebody who left before it could be sealed again does not silence its sender")
    func receiverGone() throws {
        let (network, alice, bob) = try changed { network, alice in try network.say("psst", alice, to: "bob") }
        network.act(bob) { client, actions in client.leave(actions: &actions) }
        try network.carry(of: [0, bob])
        try network.carry()
        #expect(network.peers[alice].errors == [.noSuchMember])
        for text in ["a", "b", "c"] {
            try network.say(text, alice)
            try network.carry()
        }
        #expect(network.peers[0].texts == ["a", "b", "c"])
        #expect(network.peers[alice].errors == [.noSuchMember])
        #expect(network.peers[alice].client.outboxCount == 0)
    }

    @Test("What is said between two answers of the host does not overtake what it has declined")
    func between() throws {
        let (network, alice, _) = try changed { network, alice in
            for text in ["1", "2"] { try network.say(text, alice) }
        }
        func toHost() throws {
            while !network.peers[alice].toHost.isEmpty {
                try network.receivedAtHost(network.peers[alice].toHost.removeFirst(), from: alice)
            }
        }
        // Both are declined, and alice speaks when it has heard of the first one only.
        try toHost()
        let second = network.peers[alice].toClient.removeLast()
        _ = try network.step(upTo: .max, of: [alice])
        try network.say("3", alice)
        try toHost()
        network.peers[alice].toClient.insert(second, at: 0)
        try network.carry()
        #expect(network.peers[0].texts == ["1", "2", "3"])
        #expect(network.peers[alice].client.outboxCount == 0)
        #expect(network.peers[alice].errors.isEmpty)
    }
}
