internal import EventLoop

/// A dial that is begun several times, at most once for each way: for the next one when one has failed, and beside those before when
/// none has answered for a while, because one circuit that gets stuck would else take all the time there is.
///
/// The first that succeeds is taken, and the others are called off.
final class StaggeredDial<Way, Failure: Error>: Cancellable {
    typealias Attempt = Result<any ByteStream, Failure>
    typealias Connection = (stream: any ByteStream, way: Way)

    private let loop: EventLoop
    private let stagger: Duration
    private let isFinal: (Failure) -> Bool
    private let start: (Way, @escaping (Attempt) -> Void) -> any Cancellable
    private var waiting: ArraySlice<Way>
    private var begun = 0
    private var running: [Int: any Cancellable] = [:]
    private var over: Set<Int> = []
    private var failure: Failure?
    private var timer: TimerHandle?
    private var completion: ((Result<Connection, Failure>) -> Void)?

    /// Calls `completion` once, unless cancelled: when all have failed, with what the first one said; when one says what `isFinal`, at
    /// once with that.
    ///
    /// - Precondition: there is a way.
    init(
        _ ways: [Way], stagger: Duration, loop: EventLoop, isFinal: @escaping (Failure) -> Bool = { _ in false },
        start: @escaping (Way, @escaping (Attempt) -> Void) -> any Cancellable,
        completion: @escaping (Result<Connection, Failure>) -> Void
    ) {
        precondition(!ways.isEmpty)
        self.loop = loop
        self.stagger = stagger
        self.isFinal = isFinal
        self.start = start
        self.completion = completion
        waiting = ways[...]
        next()
    }

    func cancel() {
        completion = nil
        timer?.cancel()
        for dial in running.values { dial.cancel() }
        running = [:]
    }

    private func next() {
        timer?.cancel()
        guard let way = waiting.popFirst() else { return }
        let number = begun
        begun += 1
        if !waiting.isEmpty { timer = loop.schedule(after: stagger) { [self] in next() } }
        let dial = start(way) { [self] result in ended(number, way, result) }
        if completion != nil, !over.contains(number) { running[number] = dial }
    }

    private func ended(_ number: Int, _ way: Way, _ result: Attempt) {
        running[number] = nil
        over.insert(number)
        guard let completion else {
            if case .success(let stream) = result { stream.close() }
            return
        }
        switch result {
        case .success(let stream):
            cancel()
            completion(.success((stream, way)))
        case .failure(let error):
            failure = failure ?? error
            if !isFinal(error) {
                if !waiting.isEmpty { return next() }
                guard running.isEmpty else { return }
            }
            cancel()
            completion(.failure(isFinal(error) ? error : failure ?? error))
        }
    }
}
