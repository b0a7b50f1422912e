/// One end of a connection's lane of files: what waits for the connection, in a queue of its own that goes behind
/// everything that is said, and what the other end has taken.
package struct FileLane: Sendable {
    private var control: [[UInt8]] = []
    private var pieces: [[UInt8]] = []
    /// Pieces at the beginning of `pieces` that have been sent.
    private var sentCount = 0
    private(set) var window: LaneWindow
    private var receivedBytes: UInt64 = 0
    private var toldBytes: UInt64 = 0

    package init(_ bounds: LaneWindow.Bounds) {
        window = LaneWindow(bounds)
    }

    /// Pieces that wait for the connection.
    package var waiting: Int { pieces.count - sentCount }

    /// Whether nothing waits and no piece has passed: another one would do the same.
    package var isFresh: Bool { control.isEmpty && waiting == 0 && receivedBytes == 0 && window.isFresh }

    /// Whether ``next(now:)`` has something.
    package var hasFrames: Bool { !control.isEmpty || receivedBytes != toldBytes || waiting > 0 && window.hasRoom }

    /// Queues a frame; what asks, or tells, is dropped where too much of it waits, and pieces where so many wait as no honest
    /// receiver asks for.
    package mutating func enqueue(_ frame: FileFrame) {
        if frame.isPiece {
            guard waiting < FileFormat.window else { return }
            pieces.append(frame.encoded)
        } else if control.count < FileFormat.controlFrames {
            control.append(frame.encoded)
        }
    }

    /// A frame has come: what is for this lane itself is taken.
    ///
    /// - Returns: the frame, when it is for somebody else.
    /// - Throws: ``FileError/malformed``.
    package mutating func received(_ bytes: [UInt8], now: Duration) throws(FileError) -> FileFrame? {
        let frame = try FileFrame(decoding: bytes)
        switch frame {
        case .taken(let count):
            try window.taken(upTo: count, now: now)
            return nil
        case .piece:
            receivedBytes += UInt64(bytes.count)
            return frame
        default:
            return frame
        }
    }

    /// The frames of the next sealed message, at most ``FileFormat/messageByteCount`` bytes with a header of 3 bytes each;
    /// none when there is nothing, or the window is closed for what there is.
    package mutating func next(now: Duration) -> [[UInt8]] {
        var frames: [[UInt8]] = []
        var room = FileFormat.messageByteCount
        if receivedBytes != toldBytes {
            toldBytes = receivedBytes
            frames.append(FileFrame.taken(receivedBytes).encoded)
            room -= 3 + frames[0].count
        }
        var taken = 0
        while taken < control.count, control[taken].count + 3 <= room {
            room -= 3 + control[taken].count
            frames.append(control[taken])
            taken += 1
        }
        control.removeFirst(taken)
        if waiting > 0, window.hasRoom, room >= 3 + FileFormat.pieceFrameByteCount {
            window.sent(pieces[sentCount].count, now: now)
            frames.append(pieces[sentCount])
            pieces[sentCount] = []
            sentCount += 1
            if sentCount == pieces.count {
                pieces.removeAll(keepingCapacity: true)
                sentCount = 0
            }
        }
        return frames
    }
}
