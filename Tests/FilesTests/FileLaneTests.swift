import TestSupport
import Testing

@testable import Files

@Suite struct FileLaneTests {
    private static let piece = FileFrame.piece(FileTraffic.unsealed(FileID(0x0102_0304_0506_0708), .list(3), from: 9))
    private static let frames: [FileFrame] = [
        .limit(5), .taken(6), .want(peer: 1, file: FileID(2), first: .list(3), count: 4),
        .have(peer: 1, file: FileID(2), bytes: 7), .end(peer: 1, file: FileID(2), .changed), piece,
    ]

    @Test("Frames are read as they were written; what is cut or longer is refused")
    func codec() throws {
        for frame in Self.frames {
            let bytes = frame.encoded
            #expect(try FileFrame(decoding: bytes) == frame)
            for count in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 40)) {
                #expect(throws: FileError.malformed) { try FileFrame(decoding: Array(bytes[..<count])) }
            }
            #expect(throws: FileError.malformed) { try FileFrame(decoding: bytes + [0]) }
        }
        #expect(throws: FileError.malformed) { try FileFrame(decoding: [0, 0, 0]) }
        #expect(Self.piece.encoded.starts(with: [6, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 0x80, 0, 0, 3]))
        let end = FileFrame.end(peer: 1, file: FileID(2), .changed).encoded
        #expect(try FileFrame(decoding: end.dropLast() + [200]) == .end(peer: 1, file: FileID(2), .unspecified))
        #expect(3 + FileFormat.pieceFrameByteCount + 3 + 9 <= FileFormat.messageByteCount)
    }

    @Test("A lane sends what its window has room for, and goes on when the other end has taken it")
    func window() throws {
        var lane = FileLane(.overTor)
        var other = FileLane(.overTor)
        for _ in 0..<20 { lane.enqueue(Self.piece) }
        var carried: [[UInt8]] = []
        while lane.hasFrames { carried += lane.next(now: .zero) }
        #expect(carried.count == LaneWindow.firstByteCount / FileFormat.pieceFrameByteCount)
        for bytes in carried { #expect(try other.received(bytes, now: .zero) == Self.piece) }
        let answer = other.next(now: .zero)
        #expect(answer.count == 1 && !other.hasFrames)
        #expect(try lane.received(answer[0], now: .milliseconds(5)) == nil)
        #expect(lane.hasFrames && lane.window.underWay == 0)
    }

    @Test("What is small goes before pieces and is not held up by the window")
    func control() {
        var lane = FileLane(.overTor)
        for _ in 0..<20 { lane.enqueue(Self.piece) }
        while lane.hasFrames { _ = lane.next(now: .zero) }
        lane.enqueue(Self.frames[2])
        #expect(lane.next(now: .zero) == [Self.frames[2].encoded])
    }

    @Test("What waits in a lane is bounded")
    func bounds() {
        var lane = FileLane(.overTor)
        for _ in 0..<FileFormat.window { lane.enqueue(Self.piece) }
        #expect(lane.waiting == FileFormat.window)
        lane.enqueue(Self.piece)
        #expect(lane.waiting == FileFormat.window)
        for _ in 0...FileFormat.controlFrames { lane.enqueue(Self.frames[2]) }
        var count = 0
        while lane.hasFrames { count += lane.next(now: .zero).filter { $0.count < 100 }.count }
        #expect(count == FileFormat.controlFrames)
    }

    @Test("A peer cannot have taken more than was sent, nor less than before")
    func lies() throws {
        var window = LaneWindow(.overTor)
        window.sent(100, now: .zero)
        #expect(throws: FileError.malformed) { try window.taken(upTo: 101, now: .zero) }
        try window.taken(upTo: 100, now: .zero)
        #expect(throws: FileError.malformed) { try window.taken(upTo: 99, now: .zero) }
    }

    @Test("The window grows to its bound while answers are quick, and shrinks to its floor when they are not")
    func growth() throws {
        var window = LaneWindow(.overTor)
        var sent: UInt64 = 0
        var taken: UInt64 = 0
        var now = Duration.zero
        var times: [Duration] = []
        /// Fills the window, and has the oldest frame come back after so long.
        func step(_ trip: Duration) throws {
            while window.hasRoom {
                window.sent(FileFormat.pieceFrameByteCount, now: now)
                sent += UInt64(FileFormat.pieceFrameByteCount)
                times.append(now)
            }
            taken += UInt64(FileFormat.pieceFrameByteCount)
            now = max(now, times.removeFirst() + trip)
            try window.taken(upTo: taken, now: now)
        }
        #expect(window.byteCount == LaneWindow.firstByteCount)
        for _ in 0..<40 { try step(.milliseconds(500)) }
        #expect(window.byteCount == LaneWindow.Bounds.overTor.largest)
        for _ in 0..<400 { try step(.milliseconds(1_500)) }
        #expect(window.byteCount < 2 * LaneWindow.Bounds.overTor.smallest)
        #expect(window.byteCount >= LaneWindow.Bounds.overTor.smallest)
    }
}
