import Testing

@testable import SecureSession

@Suite struct LaneTests {
    @Test("Frames of the lane come beside messages, unnumbered, and say what has been received")
    func beside() throws {
        var channel = RecordChannel()
        var peer = RecordChannel()
        var events: [SessionEvent] = []
        let frames: [[UInt8]] = [[1], [], [UInt8](repeating: 7, count: 15_000)]
        let payload = channel.lanePayload(of: frames, capacity: SessionProtocol.laneContentLimit)
        var wire = [UInt8](repeating: 0, count: 15_598)
        channel.write(payload, of: [], to: &wire, at: 0)
        try peer.received(wire, count: wire.count, now: .zero, events: &events)
        #expect(events == frames.map { .lane($0) })
        #expect(peer.receivedCount == 0 && peer.owesAcknowledgementSince == nil)
        #expect(channel.sentCount == 0 && !channel.awaitsAcknowledgement)
    }

    @Test("What is around the largest frames fills 15,616 bytes")
    func limit() {
        #expect(SessionProtocol.laneContentLimit == 15_590)
        #expect(Padding.bucket(for: SessionProtocol.laneContentLimit) == 15_616)
    }

    @Test("A frame of the lane that is cut is refused")
    func cut() {
        var peer = RecordChannel()
        var events: [SessionEvent] = []
        let wire: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 9, 1, 2]
        #expect(throws: SessionError.malformed) {
            try peer.received(wire, count: wire.count, now: .zero, events: &events)
        }
    }

    @Test("A pause comes unnumbered, and has no body")
    func pause() throws {
        var channel = RecordChannel()
        var peer = RecordChannel()
        var events: [SessionEvent] = []
        var wire = [UInt8](repeating: 0, count: 470)
        channel.write(channel.pausePayload(), of: [], to: &wire, at: 0)
        try peer.received(wire, count: wire.count, now: .zero, events: &events)
        #expect(events == [.pausing] && peer.receivedCount == 0 && peer.owesAcknowledgementSince == nil)
        let withBody: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 9]
        #expect(throws: SessionError.malformed) {
            try peer.received(withBody, count: withBody.count, now: .zero, events: &events)
        }
    }
}
