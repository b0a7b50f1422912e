internal import EventLoop

/// When a screen is painted: soon after something has changed, and not too often.
final class FramePace {
    /// Frames are not painted more often: nobody sees more, and a flood of messages costs no more than this.
    private static let interval = Duration.milliseconds(16)
    /// A terminal that takes nothing (a link that stands still) is tried again after this.
    private static let blockedInterval = Duration.milliseconds(50)

    private let loop: EventLoop
    private var timer: TimerHandle?
    private var last: MonotonicTime?
    private var isDue = false
    /// Paints.
    var onDue: () -> Void = {}

    init(loop: EventLoop) {
        self.loop = loop
    }

    /// Something has changed.
    func changed() {
        guard !isDue else { return }
        isDue = true
        guard let last, loop.now - last < Self.interval else {
            return loop.atEndOfTurn { [weak self] in self?.onDue() }
        }
        wait(Self.interval - (loop.now - last))
    }

    /// A frame is painted now.
    func painted() {
        isDue = false
        last = loop.now
    }

    /// The terminal takes nothing now.
    func blocked() {
        isDue = true
        wait(Self.blockedInterval)
    }

    func stop() { timer?.cancel() }

    private func wait(_ delay: Duration) {
        timer = loop.schedule(after: delay) { [weak self] in self?.onDue() }
    }
}
