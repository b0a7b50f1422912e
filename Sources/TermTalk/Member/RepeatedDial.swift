internal import EventLoop
internal import TorController

/// A dial through tor of which another one is begun, on other circuits, when it takes long: one circuit that gets stuck
/// would else take all the time there is.
///
/// The first that succeeds is taken, and the others are called off; few run at once, because tor builds few circuits at
/// once.
final class RepeatedDial: Cancellable {
    typealias Completion = (Result<any ByteStream, TorError>) -> Void

    private let loop: EventLoop
    private let stagger: Duration
    private let start: (@escaping Completion) -> any Cancellable
    private var attemptsLeft: Int
    private var completion: Completion?
    private var running: [Int: any Cancellable] = [:]
    private var over: Set<Int> = []
    private var timer: TimerHandle?

    /// Calls `start` up to `attempts` times: again when one ends in a timeout, or when none has ended `stagger` after the
    /// last was begun. Anything other than a timeout is final.
    init(
        loop: EventLoop, attempts: Int, stagger: Duration,
        start: @escaping (@escaping Completion) -> any Cancellable, completion: @escaping Completion
    ) {
        precondition(attempts > 0)
        self.loop = loop
        self.stagger = stagger
        self.start = start
        self.completion = completion
        attemptsLeft = attempts
        next()
    }

    func cancel() {
        completion = nil
        timer?.cancel()
        for dial in running.values { dial.cancel() }
        running = [:]
    }

    private func next() {
        attemptsLeft -= 1
        let number = attemptsLeft
        timer?.cancel()
        if attemptsLeft > 0 {
            timer = loop.schedule(after: stagger) { [self] in next() }
        }
        let dial = start { [self] result in ended(number, result) }
        if completion != nil, !over.contains(number) {
            running[number] = dial
        }
    }

    private func ended(_ number: Int, _ result: Result<any ByteStream, TorError>) {
        running[number] = nil
        over.insert(number)
        guard let completion else {
            if case .success(let stream) = result { stream.close() }
            return
        }
        if case .failure(.connectionTimeout) = result {
            if attemptsLeft > 0 { return next() }
            guard running.isEmpty else { return }
        }
        cancel()
        completion(result)
    }
}
