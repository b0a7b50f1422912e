/// A connected, ordered, reliable stream of bytes that lives on one event loop.
///
/// Everything above this protocol is the same for a TCP socket, a Unix socket, and the in-memory pair of the tests.
package protocol ByteStream: AnyObject {
    /// Receives what happens on the stream. Held strongly until the stream closes; bytes arrive only while it is set.
    var handler: (any ByteStreamHandler)? { get set }

    /// Bytes accepted by `write` that the kernel (or the other end of the pair) has not taken yet.
    var pendingByteCount: Int { get }

    /// Sends `bytes` after all that was written before. Tries the socket at once; what it does not take is copied and
    /// sent when the socket is writable again. Bytes written after a close are dropped.
    func write(_ bytes: Span<UInt8>)

    /// Stops delivering bytes, so that the peer is slowed by its own transport. May be called inside a callback.
    func pauseReading()

    /// Delivers bytes again.
    func resumeReading()

    /// Closes once all pending bytes have been sent; the handler's `streamClosed` follows.
    func closeAfterWriting()

    /// Closes now and drops pending bytes. The handler hears nothing more; closing twice is allowed.
    func close()
}

/// The owner of a ``ByteStream``; called on the loop's thread, never from inside `write`.
package protocol ByteStreamHandler: AnyObject {
    /// Bytes arrived; the span is valid during the call only.
    func streamReceived(_ bytes: Span<UInt8>)

    /// Pending bytes fell to or below the low-water mark after having been above the high-water mark.
    func streamDrained()

    /// The stream has ended; nothing follows.
    func streamClosed(_ reason: StreamCloseReason)
}

/// Why a stream ended.
package enum StreamCloseReason: Sendable, Equatable {
    /// The peer closed its side in order.
    case endOfFile
    /// This side asked for `closeAfterWriting` and all bytes have been sent.
    case finished
    /// The operating system reported this `errno`.
    case failed(errno: Int32)
}
