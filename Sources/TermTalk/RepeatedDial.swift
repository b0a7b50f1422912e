internal import EventLoop
internal import TorController

/// A dial through tor that is begun again, on other circuits, when it hangs: one circuit that gets stuck would else take
/// all the time there is, and a member that comes back would lose its place.
final class RepeatedDial: Cancellable {
    typealias Completion = (Result<any ByteStream, TorError>) -> Void

    private var attemptsLeft: Int
    private let start: (@escaping Completion) -> any Cancellable
    private var completion: Completion?
    private var current: (any Cancellable)?

    /// Calls `start` up to `attempts` times, until it ends in something other than a timeout.
    init(
        attempts: Int, start: @escaping (@escaping Completion) -> any Cancellable, completion: @escaping Completion
    ) {
        precondition(attempts > 0)
        attemptsLeft = attempts
        self.start = start
        self.completion = completion
        next()
    }

    func cancel() {
        completion = nil
        current?.cancel()
        current = nil
    }

    private func next() {
        attemptsLeft -= 1
        current = start { [self] result in
            guard completion != nil else { return }
            if case .failure(.connectionTimeout) = result, attemptsLeft > 0 {
                next()
            } else {
                let completion = self.completion
                self.completion = nil
                current = nil
                completion?(result)
            }
        }
    }
}
