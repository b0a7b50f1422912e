import EventLoop
import TestSupport

/// A connection in made-up time, with delays, that can stall in one direction, go silent, and break.
final class SimulatedLink {
    /// Bytes that the kernels and the network between the ends hold.
    static let capacity = 65_536

    fileprivate let loop: EventLoop
    fileprivate var random: SeededRandom
    private let delay: Duration
    fileprivate(set) var isOver = false
    private var stalledUntil: [Duration] = [.zero, .zero]
    private var isSilent = false
    private(set) var ends: [End] = []

    /// - Parameter delay: what a byte needs from one end to the other, up to twice as much at random.
    init(loop: EventLoop, delay: Duration, seed: UInt64) {
        self.loop = loop
        self.delay = delay
        random = SeededRandom(seed: seed)
        ends = [End(self, 0), End(self, 1)]
    }

    private var now: Duration { loop.now - MonotonicTime(nanoseconds: 0) }

    /// Nothing arrives from this end for a while, and everything afterwards.
    func stall(from end: Int, for time: Duration) {
        stalledUntil[end] = max(stalledUntil[end], now + time)
    }

    /// Nothing arrives any more, and nobody is told.
    func goSilent() {
        isSilent = true
    }

    /// No more stalls; and a link that is silent breaks, as it would in the end.
    func mend() {
        stalledUntil = [.zero, .zero]
        if isSilent { breakDown() }
        if isOver {
            for end in ends { loop.schedule(after: .milliseconds(random.below(300))) { end.fail() } }
        }
        for end in ends { end.pumpSoon() }
    }

    /// What is on its way is lost, and the ends are told; end `alone` only, when one is named.
    func breakDown(tellOnly alone: Int? = nil) {
        guard !isOver else { return }
        isOver = true
        for end in ends where alone == nil || alone == end.index {
            loop.schedule(after: .milliseconds(random.below(300))) { end.fail() }
        }
    }

    /// Its loop has ended: the ends are let go, which hold it.
    func dissolve() { ends = [] }

    /// When bytes that are sent now from `end` arrive.
    fileprivate func arrival(from end: Int) -> Duration {
        now + delay + delay * Double(random.below(1_000)) / 1_000
    }

    /// Until when nothing arrives from `end`; nil for ever.
    fileprivate func stall(from end: Int) -> Duration? {
        isSilent || isOver ? nil : stalledUntil[end]
    }

    /// One end of the link.
    final class End: ByteStream {
        private enum Item {
            case bytes([UInt8])
            case end
        }

        fileprivate let index: Int
        private let link: SimulatedLink
        private var currentHandler: (any ByteStreamHandler)?
        /// On its way to the other end, with the time of its arrival.
        private var sent: [(at: Duration, item: Item)] = []
        private var sentByteCount = 0
        private var isPaused = false
        private var isClosed = false
        private var wasAboveHigh = false
        private var pumping: (at: Duration, timer: TimerHandle)?

        fileprivate init(_ link: SimulatedLink, _ index: Int) {
            self.link = link
            self.index = index
        }

        private var other: End? { link.ends.isEmpty ? nil : link.ends[1 - index] }

        var handler: (any ByteStreamHandler)? {
            get { currentHandler }
            set {
                guard !isClosed else { return }
                currentHandler = newValue
                other?.pumpSoon()
            }
        }

        var pendingByteCount: Int { max(0, sentByteCount - SimulatedLink.capacity) }

        func write(_ bytes: Span<UInt8>) {
            guard !isClosed, !link.isOver else { return }
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + 1 + link.random.below(8_192))
                send(.bytes(bytes.extracting(start..<end).withUnsafeBufferPointer { Array($0) }))
                start = end
            }
            sentByteCount += bytes.count
            if pendingByteCount > WaterMarks.standard.high { wasAboveHigh = true }
        }

        private func send(_ item: Item) {
            let at = max(sent.last?.at ?? .zero, link.arrival(from: index))
            sent.append((at, item))
            pumpSoon()
        }

        func pauseReading() {
            isPaused = true
        }

        func resumeReading() {
            isPaused = false
            other?.pumpSoon()
        }

        func closeAfterWriting() {
            guard !isClosed else { return }
            let handler = currentHandler
            close()
            link.loop.atEndOfTurn { handler?.streamClosed(.finished) }
        }

        /// As a socket does it: what was written still arrives, and then the end.
        func close() {
            guard !isClosed else { return }
            isClosed = true
            currentHandler = nil
            send(.end)
        }

        fileprivate func fail() {
            sent = []
            finish(.failed(errno: 104))
        }

        private func finish(_ reason: StreamCloseReason) {
            guard !isClosed else { return }
            isClosed = true
            let handler = currentHandler
            currentHandler = nil
            handler?.streamClosed(reason)
        }

        /// Delivers at the next turn, or when the first item arrives.
        fileprivate func pumpSoon() {
            guard let first = sent.first, let stalledUntil = link.stall(from: index) else { return }
            let at = max(first.at, stalledUntil, link.now)
            if let pumping, pumping.at <= at { return }
            pumping?.timer.cancel()
            let timer = link.loop.schedule(after: at - link.now) { [self] in
                pumping = nil
                pump()
            }
            pumping = (at, timer)
        }

        private func pump() {
            while let first = sent.first, let stalledUntil = link.stall(from: index) {
                guard max(first.at, stalledUntil) <= link.now else { break }
                guard let other, other.currentHandler != nil || other.isClosed, !other.isPaused || other.isClosed else {
                    return
                }
                sent.removeFirst()
                switch first.item {
                case .bytes(let bytes):
                    sentByteCount -= bytes.count
                    other.currentHandler?.streamReceived(bytes.span)
                case .end:
                    other.finish(.endOfFile)
                }
                if wasAboveHigh, pendingByteCount <= WaterMarks.standard.low {
                    wasAboveHigh = false
                    currentHandler?.streamDrained()
                }
            }
            pumpSoon()
        }

        /// The process at this end is killed: its kernel tells the other end.
        func kill() {
            currentHandler = nil
            close()
        }
    }
}
