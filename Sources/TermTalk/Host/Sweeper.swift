internal import EventLoop

/// One timer for all that time alone makes due at a host: however many sessions there are, they are looked at together.
final class Sweeper {
    /// How often, at most, sessions are looked at.
    static let interval = Duration.milliseconds(500)

    private let loop: EventLoop
    private var timer: TimerHandle?
    private(set) var dueAt: Duration?
    private var sweptAt = Duration.zero
    /// Called when something is due, with how much later than it was.
    var onDue: ((_ late: Duration) -> Void)?

    init(loop: EventLoop) {
        self.loop = loop
    }

    /// What is due at `time` is looked at then, or before.
    func schedule(at time: Duration) {
        // What is overdue was not slept through.
        let time = max(time, loop.time)
        if let dueAt, dueAt <= time { return }
        timer?.cancel()
        dueAt = time
        timer = loop.schedule(after: time - loop.time) { [weak self] in self?.sweep() }
    }

    /// The same for what a session wants, which is not looked at too often.
    func scheduleSession(at time: Duration) {
        schedule(at: max(time, sweptAt + Self.interval))
    }

    func stop() { timer?.cancel() }

    private func sweep() {
        let late = loop.time - (dueAt ?? loop.time)
        dueAt = nil
        sweptAt = loop.time
        onDue?(late)
    }
}
