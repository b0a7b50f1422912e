internal import CLibevent
import Glibc

/// A connected TCP or Unix socket on an event loop.
///
/// Dropping the last reference closes the socket. A stream that does nothing owns no buffer: bytes are read into the
/// loop's scratch buffer and written straight to the socket. A peer that has closed its sending side counts as gone.
package final class SocketStream: ByteStream, LoopKept {
    /// How many full reads a stream gets in one turn, so that a flooding peer does not starve the others.
    static let readsPerTurn = 2

    /// How many reads a stream gets at once when it cannot be written any more: more than the kernel has buffered, so that
    /// what the peer said before it went away is heard.
    static let lastReads = 128

    /// How long a stream that is closing after writing may make no progress, and how long after the last byte it waits
    /// for the peer to close. Without that wait a peer that was still sending would get a reset instead of our last
    /// bytes.
    static let closingTimeout = Duration.seconds(10)

    private enum Phase {
        case open
        /// `closeAfterWriting` was called; what arrives is dropped.
        case closing
        /// All was sent and reported; waits for the peer to close.
        case lingering
        case closed
    }

    /// When `streamDrained` is called.
    package var waterMarks = WaterMarks.standard

    private let loop: EventLoop
    private let descriptor: Int32
    private var phase = Phase.open
    private var isReadingPaused = false
    private var isReadWaiting = false
    private var isReadAtEnd = false
    private var wasAboveHigh = false
    private var failure: Int32 = 0
    private var currentHandler: (any ByteStreamHandler)?
    private var readEvent: LibeventEvent?
    private var writeEvent: LibeventEvent?
    private var output: OutputBuffer?
    private var closingTimer: TimerHandle?

    /// Takes over a connected stream socket, which becomes non-blocking and close-on-exec.
    package convenience init(adopting descriptor: Int32, loop: EventLoop) {
        SystemCall.setNonBlockingAndCloseOnExec(descriptor)
        self.init(connected: descriptor, loop: loop)
    }

    /// Takes over a socket that is non-blocking and close-on-exec already.
    init(connected descriptor: Int32, loop: EventLoop) {
        self.loop = loop
        self.descriptor = descriptor
        // Refused for a Unix socket, which has no delay either.
        SystemCall.setOption(descriptor, level: Int32(IPPROTO_TCP), TCP_NODELAY)
    }

    deinit {
        release()
    }

    /// The address of this end; nil once closed.
    package var localAddress: SocketAddress? {
        phase == .closed ? nil : RawSocketAddress(of: descriptor, peer: false)?.socketAddress
    }

    /// The address of the peer; nil once the connection is gone.
    package var remoteAddress: SocketAddress? {
        phase == .closed ? nil : RawSocketAddress(of: descriptor, peer: true)?.socketAddress
    }

    /// Whose process is at the other end. Over TCP it is known from the first byte of the peer on, who has accepted by then.
    package var peerOwner: SocketOwner {
        phase == .closed ? .unknown : SocketOwner(ofPeerOf: descriptor)
    }

    /// Has the kernel find out that a TCP peer is gone: it asks a peer that says nothing, and ends the connection once
    /// nothing was answered for `limit`, whole seconds.
    package func expectAnswers(within limit: Duration) {
        let seconds = Int32(clamping: limit.components.seconds)
        let tcp = Int32(IPPROTO_TCP)
        SystemCall.setOption(descriptor, level: SOL_SOCKET, SO_KEEPALIVE)
        SystemCall.setOption(descriptor, level: tcp, TCP_KEEPIDLE, to: max(1, seconds / 2))
        SystemCall.setOption(descriptor, level: tcp, TCP_KEEPINTVL, to: 1)
        SystemCall.setOption(
            descriptor, level: tcp, TCP_USER_TIMEOUT, to: Int32(clamping: Int64(limit / .milliseconds(1))))
    }

    package var handler: (any ByteStreamHandler)? {
        get { currentHandler }
        set {
            guard phase == .open || phase == .closing else { return }
            currentHandler = newValue
            if failure != 0, newValue != nil { reportFailureNextTurn() }
            updateReading()
        }
    }

    package var pendingByteCount: Int {
        switch output {
        case .some(let buffer): buffer.count
        case nil: 0
        }
    }

    package func write(_ bytes: Span<UInt8>) {
        guard phase == .open, failure == 0, !bytes.isEmpty else { return }
        unsafe bytes.withUnsafeBufferPointer { bytes in
            guard output == nil else { return unsafe keepForLater(bytes) }
            let count = unsafe SystemCall.send(descriptor, bytes)
            if count == bytes.count { return }
            if count < 0, count != -Int(EAGAIN) { return writingFailed(Int32(-count)) }
            unsafe keepForLater(UnsafeBufferPointer(rebasing: bytes.dropFirst(max(0, count))))
        }
    }

    package func pauseReading() {
        isReadingPaused = true
        updateReading()
    }

    package func resumeReading() {
        isReadingPaused = false
        updateReading()
    }

    package func closeAfterWriting() {
        guard phase == .open else { return }
        phase = .closing
        loop.keep(self)
        updateReading()
        armClosingTimer()
        if output == nil {
            loop.atNextTurn { [self] in
                guard phase == .closing else { return }
                if failure == 0 { finishWriting() } else { finish(.failed(errno: failure)) }
            }
        }
    }

    package func close() {
        currentHandler = nil
        release()
        loop.letGo(self)
    }

    func loopEnded() { close() }

    // MARK: Reading

    private func updateReading() {
        let isWanted =
            switch phase {
            case .open: currentHandler != nil && !isReadingPaused
            case .closing, .lingering: !isReadAtEnd
            case .closed: false
            }
        guard isWanted != isReadWaiting else { return }
        isReadWaiting = isWanted
        guard isWanted else {
            readEvent?.remove()
            return
        }
        if readEvent == nil {
            readEvent = unsafe LibeventEvent(loop, descriptor: descriptor, EV_READ | EV_PERSIST, owner: self) {
                _, _, context in
                unsafe owner(of: context, as: SocketStream.self)?.becameReadable(reads: SocketStream.readsPerTurn)
            }
        }
        readEvent?.add()
    }

    private func becameReadable(reads: Int) {
        for _ in 0..<reads where isReadWaiting {
            let count = unsafe SystemCall.read(descriptor, into: loop.scratch)
            if count > 0 {
                deliver(count)
                // Less than a full buffer was all there was; the next turn tells if more has come.
                if count < EventLoop.scratchByteCount, failure == 0 { return }
            } else if count == 0 {
                return readingEnded()
            } else if count == -Int(EAGAIN) {
                return
            } else {
                return finish(.failed(errno: failure != 0 ? failure : Int32(-count)))
            }
        }
    }

    private func deliver(_ count: Int) {
        guard phase == .open else { return }
        let bytes = unsafe UnsafeBufferPointer(rebasing: loop.scratch[..<count])
        unsafe currentHandler?.streamReceived(bytes.span)
    }

    private func readingEnded() {
        isReadAtEnd = true
        switch phase {
        case .open: finish(.endOfFile)
        // The peer may still want to read what is pending.
        case .closing: updateReading()
        case .lingering: close()
        case .closed: break
        }
    }

    // MARK: Writing

    private func keepForLater(_ bytes: UnsafeBufferPointer<UInt8>) {
        if output == nil {
            output = OutputBuffer()
            writeEvent = unsafe LibeventEvent(loop, descriptor: descriptor, EV_WRITE | EV_PERSIST, owner: self) {
                _, _, context in
                unsafe owner(of: context, as: SocketStream.self)?.becameWritable()
            }
            writeEvent?.add()
        }
        guard unsafe output?.append(bytes) == true else { return writingFailed(ENOMEM) }
        if pendingByteCount > waterMarks.high { wasAboveHigh = true }
    }

    private func becameWritable() {
        let code = output?.write(to: descriptor) ?? 0
        guard code == 0 else { return writingFailed(code) }
        let count = pendingByteCount
        if count == 0 { dropOutput() }
        if phase == .closing {
            if output == nil { finishWriting() }
        } else if wasAboveHigh, count <= waterMarks.low {
            wasAboveHigh = false
            currentHandler?.streamDrained()
        }
    }

    private func dropOutput() {
        output = nil
        writeEvent = nil
    }

    private func writingFailed(_ code: Int32) {
        failure = code
        dropOutput()
        if currentHandler != nil || phase == .closing { reportFailureNextTurn() }
    }

    private func reportFailureNextTurn() {
        loop.atNextTurn { [self] in
            guard phase == .open || phase == .closing else { return }
            becameReadable(reads: Self.lastReads)
            if phase != .closed { finish(.failed(errno: failure)) }
        }
    }

    // MARK: Closing

    private func finishWriting() {
        let handler = currentHandler
        currentHandler = nil
        phase = .lingering
        SystemCall.shutdownWriting(descriptor)
        if isReadAtEnd { close() } else { armClosingTimer() }
        handler?.streamClosed(.finished)
    }

    private func armClosingTimer() {
        closingTimer?.cancel()
        let pending = pendingByteCount
        closingTimer = loop.schedule(after: Self.closingTimeout) { [self] in
            if phase == .lingering {
                close()
            } else if pendingByteCount < pending {
                armClosingTimer()
            } else {
                finish(.failed(errno: ETIMEDOUT))
            }
        }
    }

    private func finish(_ reason: StreamCloseReason) {
        let handler = currentHandler
        close()
        handler?.streamClosed(reason)
    }

    private func release() {
        guard phase != .closed else { return }
        phase = .closed
        isReadWaiting = false
        readEvent = nil
        dropOutput()
        closingTimer?.cancel()
        closingTimer = nil
        SystemCall.close(descriptor)
    }
}
