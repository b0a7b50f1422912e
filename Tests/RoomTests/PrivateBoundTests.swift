import Chat
import Testing
import Wire

@testable import Room

/// What may wait for one member alone.
@Suite struct PrivateBoundTests {
    /// As the log counts it: a sixteenth of what one sender may leave there.
    private static let cost = RoomLimits.privateByteCountPerSender / 16
    private static let overhead = RoomLog.cost(
        of: HostMessage.privatePosted(
            from: MemberID(entropy: 1), to: MemberID(entropy: 2), id: MessageID(1), age: 7, content: []
        ).encoded)

    /// A room in which somebody says something to the first peer, which is away and has a place in the log.
    private final class Talk {
        let network: RoomNetwork
        let peers: [Int]
        private let receiver: MemberID
        private var count: UInt64 = 0

        init() throws {
            var limits = RoomLimits()
            limits.messageBurst = .greatestFiniteMagnitude
            limits.byteBurst = .greatestFiniteMagnitude
            network = RoomNetwork(limits: limits)
            peers = try network.joined("receiver", "a", "b", "c", "d", "e")
            receiver = try network.id(peers[0])
            _ = network.room.log.open(receiver, records: 0)
            network.breakLink(peers[0])
            network.peers[peers[0]].toClient = []
        }

        /// Whether the room takes so much from a peer for the receiver.
        func takes(_ cost: Int, from sender: Int) throws -> Bool {
            count += 1
            let content = [UInt8](repeating: 0, count: cost - overhead)
            let request = MemberRequest.privatePost(
                id: MessageID(count), epoch: network.epoch, to: receiver, content: content)
            try network.receivedAtHost(request.encoded, from: peers[sender])
            guard let message = network.peers[peers[0]].toClient.popLast()?.message else {
                let answer = try #require(network.peers[peers[sender]].toClient.last?.message)
                #expect(answer == HostMessage.declined(MessageID(count), .away).encoded)
                return false
            }
            network.room.log.append(message, for: .one(receiver), records: 1)
            return true
        }

        /// The receiver has so many of what waited.
        func received(_ count: UInt32) {
            _ = network.room.log.acknowledged(count, by: receiver)
        }
    }

    @Test("So much of all others waits for a member alone, and no byte more, until it has received some")
    func receiver() throws {
        let talk = try Talk()
        for sender in 1...4 {
            for _ in 0..<16 { #expect(try talk.takes(Self.cost, from: sender)) }
        }
        #expect(talk.network.room.log.heldByteCount == RoomLimits.privateByteCount)
        #expect(try !talk.takes(Self.overhead, from: 5))
        talk.received(1)
        #expect(try !talk.takes(Self.cost + 1, from: 5))
        #expect(try talk.takes(Self.cost, from: 5))
        #expect(try !talk.takes(Self.overhead, from: 5))
    }

    @Test(
        "Of who has said it nothing is remembered once all was received, or is kept no more", arguments: [true, false])
    func remembered(isReceived: Bool) throws {
        let talk = try Talk()
        for sender in 1...5 { #expect(try talk.takes(Self.cost, from: sender)) }
        let (network, peer) = (talk.network, talk.peers[0])
        let id = try network.id(peer)
        #expect(network.room.members[id]?.privateBytes.count == 5)
        if isReceived {
            talk.received(5)
            network.room.acknowledged(sequence: 0, by: network.peers[peer].link, now: network.now)
        } else {
            network.overrun(peer)
        }
        #expect(network.room.members[id]?.privateBytes.isEmpty == true)
    }

    @Test("So much of one other, until all has been received that waited")
    func sender() throws {
        let talk = try Talk()
        for _ in 0..<15 { #expect(try talk.takes(Self.cost, from: 1)) }
        #expect(try !talk.takes(Self.cost + 1, from: 1))
        #expect(try talk.takes(Self.cost, from: 1))
        #expect(try !talk.takes(Self.overhead, from: 1))
        #expect(try talk.takes(Self.cost, from: 2))
        talk.received(16)
        #expect(try !talk.takes(Self.overhead, from: 1))
        talk.received(17)
        #expect(try talk.takes(Self.cost, from: 1))
    }
}
