internal import EventLoop

/// Looks at the clocks of the machine now and then, and tells when it has slept.
final class SleepWatch {
    /// How soon after waking it is noticed, at the latest.
    static let interval = Duration.seconds(5)

    private let loop: EventLoop
    private let onWake: (Duration) -> Void
    private var detector = SleepDetector()
    private var timer: TimerHandle?

    /// - Parameter onWake: called with how long the machine slept.
    init(loop: EventLoop, onWake: @escaping (Duration) -> Void) {
        self.loop = loop
        self.onWake = onWake
        look()
    }

    func stop() {
        timer?.cancel()
        timer = nil
    }

    private func look() {
        let slept = detector.read(.now)
        timer = loop.schedule(after: Self.interval) { [weak self] in self?.look() }
        if let slept {
            onWake(slept)
        }
    }
}

extension SleepDetector.Reading {
    fileprivate static var now: Self {
        .init(
            awake: SystemClock.awake.now, elapsed: SystemClock.elapsed.now, wall: SystemClock.wall.now)
    }
}
