/// The constants of files that members pass to each other: what is on the wire (docs/protocol.md, "Files"), and the limits
/// of this implementation.
package enum FileFormat {
    // MARK: On the wire

    /// Bytes of a file in one piece; the last one is filled up with zeros. Sealed, with all headers around it, a piece fits a
    /// frame of 15,616 bytes: over tor at 400 KB/s a message waits 39 ms for one.
    package static let pieceByteCount = 15_360

    /// Bytes of a sealed piece.
    static let sealedByteCount = pieceByteCount + 16

    /// Bytes of the hash of one piece.
    static let leafByteCount = 32

    /// Hashes in one piece of the list of hashes.
    static let leavesPerPage = pieceByteCount / leafByteCount

    /// Bytes of the largest file: the list of its hashes, which both ends hold in memory, has 36 MB.
    package static let largestSize: UInt64 = 16 << 30

    /// Bytes of UTF-8 of an offered name: what file systems take.
    package static let nameByteCount = 255

    /// Bytes of the body of a frame that carries a piece.
    package static let pieceFrameByteCount = PieceFrame.byteCount

    /// Bytes of frames, with their records' headers of 3 bytes, in one sealed message of 15,616 bytes.
    static let messageByteCount = 15_590

    // MARK: Limits

    /// Pieces that a receiver has asked for and not written yet, in all its transfers together: 1 MB, so that a round trip
    /// of 2 s over two circuits still carries 500 KB/s.
    package static let window = 64

    /// Transfers that one member receives at a time; more wait for their turn.
    package static let incoming = 8

    /// Files that one member offers at a time.
    package static let outgoing = 64

    /// Pieces of one file that are wanted of its sender and not sent: what 64 receivers want.
    static let wanted = 64 * window

    /// Small frames that wait for a connection; more are dropped, and what they asked for is asked for again.
    static let controlFrames = 1_024

    /// Pieces that a receiver refuses before it gives up: whoever sends wrong ones can go on for ever.
    static let refused = 16

    /// The pieces of a file of `size` bytes.
    package static func pieceCount(size: UInt64) -> UInt32 {
        UInt32(clamping: (size + UInt64(pieceByteCount) - 1) / UInt64(pieceByteCount))
    }

    /// The pieces that a receiver fetches of a file that has `count`: the next of 1, 2, 4 and so on, in eight steps between
    /// them, so that their number says little of the size.
    static func paddedCount(_ count: UInt32) -> UInt32 {
        guard count > 8 else { return count }
        let power = UInt32(1) << (31 - UInt32((count - 1).leadingZeroBitCount))
        let step = power / 8
        return (count + step - 1) / step * step
    }

    /// The pieces of the list of the hashes of so many pieces.
    static func pageCount(pieces: UInt32) -> UInt32 {
        (pieces + UInt32(leavesPerPage) - 1) / UInt32(leavesPerPage)
    }
}
