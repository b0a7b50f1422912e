internal import Chat
internal import EventLoop

/// Tells that a room ends soon, at each of ``times`` before; for whoever hosts it, and for all who are in it.
final class EndingNotes {
    /// Before the end; the largest first.
    static let times: [Duration] = [.seconds(300), .seconds(60), .seconds(10)]

    private let loop: EventLoop
    private let canExtend: Bool
    private let tell: (ChatEvent) -> Void
    private var timer: TimerHandle?

    /// - Parameter canExtend: whether the person may give the room more time.
    init(loop: EventLoop, canExtend: Bool, tell: @escaping (ChatEvent) -> Void) {
        self.loop = loop
        self.canExtend = canExtend
        self.tell = tell
    }

    /// The room ends then, as far as is known now; nil for never.
    func roomEnds(at end: Duration?) {
        timer?.cancel()
        timer = nil
        guard let end, let next = Self.times.first(where: { end - $0 > loop.time }) else { return }
        timer = loop.schedule(after: end - next - loop.time) { [weak self] in
            guard let self else { return }
            // Of a machine that has slept meanwhile only the last one is true.
            let left = end - self.loop.time
            if left > .zero, let time = Self.times.last(where: { left <= $0 }) {
                self.tell(.room(.ending(secondsLeft: time.components.seconds, canExtend: self.canExtend)))
            }
            self.roomEnds(at: end)
        }
    }

    func stop() { timer?.cancel() }
}
