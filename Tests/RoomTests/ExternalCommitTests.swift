import Sodium
import TestSupport
import Testing
import Wire

@testable import Room

/// A member of a relay's room comes in by itself, while others are there who have been asked in vain.
@Suite struct ExternalCommitTests {
    private static func relay() -> RoomNetwork {
        var limits = RoomLimits()
        limits.isRelay = true
        let network = RoomNetwork(limits: limits)
        network.isRelay = true
        return network
    }

    /// What alice has said stays on its way, and she answers what she is asked.
    private func letAliceAnswer(_ network: RoomNetwork, _ alice: Int) throws {
        let said = network.peers[alice].toHost
        network.peers[alice].toHost = []
        _ = try network.step(upTo: .max, of: [alice])
        for message in network.peers[alice].toHost where message.type == RoomMessageType.commit {
            try network.receivedAtHost(message, from: alice)
        }
        network.peers[alice].toHost = said
    }

    @Test("What others have on its way is not too late after that, and it is counted as a change of members")
    func floor() throws {
        let network = Self.relay()
        let peers = try network.joined("alice", "bob")
        let (alice, bob) = (peers[0], peers[1])
        network.timePassed(.seconds(30))
        try network.carry()
        var externals = 0
        for number in 0..<20 {
            try network.say("hello \(number)", alice)
            // Bob comes anew without a word, twice: as if alice's Welcome had been none.
            for _ in 0..<2 where network.room.group.unfollowed.steps.last?.committer != (try network.id(bob)) {
                network.overrun(bob)
                network.mendLink(bob)
                try network.carry(of: [bob])
                try letAliceAnswer(network, alice)
                try network.carry(of: [bob])
            }
            if network.room.group.unfollowed.steps.last?.committer == (try network.id(bob)) { externals += 1 }
            let onItsWay = network.peers[alice].toHost
            network.peers[alice].toHost = []
            for message in onItsWay {
                #expect(throws: Never.self) { try network.receivedAtHost(message, from: alice) }
            }
            try network.carry()
            network.timePassed(.seconds(3))
            try network.carry()
        }
        #expect(externals > 0 && network.peers[alice].isUp)
    }
}
