import Testing
import Wire

@testable import Room

/// What a member may have under way, and that it gets all of its outbox through to a host that keeps little.
@Suite struct SendWindowTests {
    @Test("A full window takes one message more when one was confirmed")
    func full() {
        var window = SendWindow()
        func takes(_ count: Int) -> Bool { window.takes(count) }
        let size = SendWindow.widest / 8 - SendWindow.messageCost
        for _ in 0..<8 { #expect(takes(size)) }
        #expect(!takes(0))
        window.removed(size, at: 0)
        #expect(window.count == 7)
        #expect(takes(size))
        #expect(!takes(0))
        // Not under way: nothing changes.
        window.removed(size, at: 8)
        #expect(!takes(0))
    }

    @Test("After a return it begins with little, takes one message of any size, and doubles with what is confirmed")
    func careful() {
        var window = SendWindow()
        func takes(_ count: Int) -> Bool { window.takes(count) }
        window.begin(isReturn: true)
        #expect(takes(RoomLimits.contentByteCount))
        #expect(!takes(0))
        window.begin(isReturn: true)
        let size = SendWindow.careful / 4 - SendWindow.messageCost
        var taken = 0
        for round in 0..<12 {
            while window.takes(size) { taken += 1 }
            #expect(taken == min(4 << round, SendWindow.widest / (SendWindow.careful / 4)))
            for _ in 0..<taken { window.removed(size, at: 0) }
            taken = 0
        }
        #expect(window.count == 0)
        window.begin(isReturn: false)
        #expect(takes(SendWindow.widest - SendWindow.messageCost))
    }

    /// What comes back of its own words, 12 kB of it, is more than the host keeps for the member; each time it is cut off and
    /// joins anew.
    @Test("Who has more to say than the host keeps for it gets all of it through, once, in order")
    func smallHost() throws {
        let network = RoomNetwork()
        let peers = try network.joined("alice", "bob")
        let alice = peers[0]
        network.overrun(alice)
        let said = (0..<300).map { "\($0) " + String(repeating: "x", count: 300) }
        for text in said { try network.say(text, alice) }
        network.mendLink(alice)
        var cuts = 0
        for _ in 0..<10_000 where network.peers[alice].client.outboxCount > 0 {
            // Bob lets alice in again, each time.
            network.timePassed(.seconds(1))
            while let request = network.peers[peers[1]].toHost.first {
                network.peers[peers[1]].toHost.removeFirst()
                try network.receivedAtHost(request, from: peers[1])
            }
            for request in network.peers[alice].toHost {
                network.peers[alice].toHost.removeFirst()
                try network.receivedAtHost(request, from: alice)
                // As the session counts it, with what a record costs besides its body.
                let held = network.peers[alice].toClient.reduce(0) { $0 + ($1.message?.body.count ?? 0) + 99 }
                if held > 12_000 {
                    network.overrun(alice)
                    network.mendLink(alice)
                    cuts += 1
                    break
                }
            }
            for peer in peers {
                let messages = network.peers[peer].toClient
                network.peers[peer].toClient = []
                for case (let message?, _) in messages {
                    try network.act(peer) { client, actions in
                        try client.received(type: message.type, body: message.body, actions: &actions)
                    }
                }
            }
        }
        #expect(network.peers[alice].client.outboxCount == 0)
        #expect(network.peers[peers[1]].texts == said)
        #expect(cuts > 0)
    }
}
