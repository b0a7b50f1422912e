package import EventLoop

/// One end of a pair of streams in memory, for tests of what works over any ``ByteStream``.
package final class MemoryStream: ByteStream {
    /// When `streamDrained` is called.
    package var waterMarks = WaterMarks.standard

    /// How many bytes at most reach the other end in one turn; 1 feeds it drop by drop.
    package var chunkSize = 65536

    private let loop: EventLoop
    private weak var peer: MemoryStream?
    private var currentHandler: (any ByteStreamHandler)?
    private var outgoing: [UInt8] = []
    private var sentCount = 0
    private var isReadingPaused = false
    private var isClosing = false
    private var isClosed = false
    private var isPeerGone = false
    private var wasAboveHigh = false
    private var isTurnAsked = false

    private init(loop: EventLoop) {
        self.loop = loop
    }

    deinit {
        if !isClosed { peer?.peerLeft() }
    }

    /// Two streams that are connected to each other. Each end must be held by someone: dropping it closes it.
    package static func makePair(loop: EventLoop) -> (MemoryStream, MemoryStream) {
        let pair = (MemoryStream(loop: loop), MemoryStream(loop: loop))
        pair.0.peer = pair.1
        pair.1.peer = pair.0
        return pair
    }

    package var handler: (any ByteStreamHandler)? {
        get { currentHandler }
        set {
            guard !isClosed else { return }
            currentHandler = newValue
            askForTurns()
        }
    }

    package var pendingByteCount: Int { outgoing.count - sentCount }

    package func write(_ bytes: Span<UInt8>) {
        guard !isClosed, !isClosing, !isPeerGone else { return }
        outgoing.reserveCapacity(outgoing.count + bytes.count)
        for index in bytes.indices { outgoing.append(bytes[index]) }
        if pendingByteCount > waterMarks.high { wasAboveHigh = true }
        askForTurn()
    }

    package func pauseReading() {
        isReadingPaused = true
    }

    package func resumeReading() {
        isReadingPaused = false
        askForTurns()
    }

    package func closeAfterWriting() {
        guard !isClosed else { return }
        isClosing = true
        askForTurn()
    }

    package func close() {
        guard !isClosed else { return }
        isClosed = true
        currentHandler = nil
        outgoing = []
        sentCount = 0
        peer?.peerLeft()
        peer = nil
    }

    private var canReceive: Bool { currentHandler != nil && !isReadingPaused && !isClosing }

    private func askForTurns() {
        askForTurn()
        peer?.askForTurn()
    }

    private func askForTurn() {
        guard !isTurnAsked else { return }
        isTurnAsked = true
        loop.atNextTurn { [self] in
            isTurnAsked = false
            turn()
        }
    }

    private func peerLeft() {
        isPeerGone = true
        outgoing = []
        sentCount = 0
        askForTurn()
    }

    private func turn() {
        if isPeerGone {
            if canReceive || isClosing { finish(.endOfFile) }
            return
        }
        deliverOneChunk()
        if isClosing, pendingByteCount == 0 { return finish(.finished) }
        if wasAboveHigh, pendingByteCount <= waterMarks.low {
            wasAboveHigh = false
            currentHandler?.streamDrained()
        }
    }

    private func deliverOneChunk() {
        guard let peer, pendingByteCount > 0, peer.canReceive || peer.isClosing else { return }
        let end = min(outgoing.count, sentCount + max(1, chunkSize))
        let chunk = Array(outgoing[sentCount..<end])
        sentCount = end
        if sentCount == outgoing.count {
            outgoing = []
            sentCount = 0
        } else {
            askForTurn()
        }
        // A closing end drops what arrives, as a socket does.
        if !peer.isClosing { peer.currentHandler?.streamReceived(chunk.span) }
    }

    private func finish(_ reason: StreamCloseReason) {
        let handler = currentHandler
        close()
        handler?.streamClosed(reason)
    }
}
