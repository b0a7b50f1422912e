internal import Locking

/// What goes between the threads that use a store and the one that writes it.
final class StoreQueue: Sendable {
    /// What the writer has to do next.
    enum Step: Equatable {
        case write
        /// Nothing came in the time that it was ready to wait.
        case idle
        /// Writes what waits, and ends.
        case close
        /// Ends, and deletes all.
        case delete
    }

    private enum Phase {
        case open
        /// The writer can write nothing more.
        case failed
        case closing
        case deleting
        case ended(Result<Ending, StoreError>)
    }

    private enum Ending {
        case closed, deleted
    }

    private struct State {
        var phase = Phase.open
        var waiting = StoreBatch()
        /// Bytes of the inputs that the writer has taken and not written yet.
        var takenByteCount = 0
        /// The number of the input that comes next.
        var nextInput: UInt64
    }

    private let state: Monitor<State>

    init(nextInput: UInt64) {
        state = Monitor(State(nextInput: nextInput))
    }

    // MARK: Using threads

    var waitingByteCount: Int { state.read { $0.waiting.inputByteCount + $0.takenByteCount } }

    func append(_ inputs: [NumberedBytes], _ checkpoint: StoreCheckpoint? = nil) throws(StoreError) {
        guard inputs.allSatisfy({ $0.bytes.count <= StoreLimits.recordByteCount }) else { throw .tooLarge }
        if let checkpoint { try Self.check(checkpoint) }
        try state.withLock { state throws(StoreError) in
            guard case .open = state.phase else { throw .closed }
            let byteCount = state.waiting.inputByteCount + state.takenByteCount + StoreBatch.byteCount(inputs)
            guard byteCount <= StoreLimits.waitingByteCount else { throw .overloaded }
            var next = state.nextInput
            for input in inputs where input.number >= next {
                guard input.number == next, next <= StoreLimits.highestNumber else { throw .outOfOrder(input.number) }
                next += 1
            }
            guard checkpoint.map({ $0.input < next }) != false else { throw .outOfOrder(checkpoint?.input ?? 0) }
            state.nextInput = next
            state.waiting.append(inputs)
            if let checkpoint { state.waiting.append(checkpoint) }
        }
    }

    func note(received number: UInt64) {
        state.withLock { state in
            if case .open = state.phase { state.waiting.note(received: number) }
        }
    }

    private static func check(_ checkpoint: StoreCheckpoint) throws(StoreError) {
        guard checkpoint.snapshot.count <= StoreLimits.snapshotByteCount,
            checkpoint.entries.allSatisfy({ $0.bytes.count <= StoreLimits.recordByteCount })
        else { throw .tooLarge }
        let end = StoreLimits.highestNumber + 1
        var next = max(1, checkpoint.entries.first?.number ?? 1)
        for entry in checkpoint.entries {
            guard entry.number == next, entry.number < end else { throw .outOfOrder(entry.number) }
            next += 1
        }
        guard checkpoint.firstKeptEntry <= end else { throw .outOfOrder(checkpoint.firstKeptEntry) }
    }

    /// Tells the writer to end, and does not wait. Deleting can still be asked for while the rest is written.
    func end(deleting: Bool) {
        state.withLock { state in
            switch state.phase {
            case .open, .failed, .closing: state.phase = deleting ? .deleting : .closing
            case .deleting, .ended: break
            }
        }
    }

    /// - Throws: what the writer could not do; ``StoreError/timedOut`` when it has not ended in time; ``StoreError/closed`` when
    ///   it was closed before it was to be deleted.
    func waitForEnd(deleting: Bool, atMost duration: Duration) throws(StoreError) {
        let result = state.wait(atMost: duration) { state in
            if case .ended(let result) = state.phase { result } else { nil }
        }
        guard let result else { throw .timedOut }
        guard try result.get() == .deleted || !deleting else { throw .closed }
    }

    // MARK: The writer

    /// Waits for something to do, and adds what waits to `batch`.
    ///
    /// - Parameter needsCheckpoint: inputs alone are no reason to write: there is no space.
    func next(_ batch: inout StoreBatch, needsCheckpoint: Bool, atMost duration: Duration?) -> Step {
        state.wait(atMost: duration) { state -> Step? in
            let step: Step
            switch state.phase {
            case .deleting: return .delete
            case .closing: step = .close
            case .open where !state.waiting.isEmpty && (!needsCheckpoint || state.waiting.checkpoint != nil):
                step = .write
            case .open, .failed, .ended: return nil
            }
            batch.append(state.waiting)
            state.waiting = StoreBatch()
            state.takenByteCount = batch.inputByteCount
            return step
        } ?? .idle
    }

    func hasWritten() {
        state.withLock { $0.takenByteCount = 0 }
    }

    /// Takes nothing more.
    func hasFailed() {
        state.withLock { state in
            if case .open = state.phase { state.phase = .failed }
            state.waiting = StoreBatch()
        }
    }

    /// Waits until the writer is told to end: whether all is to be deleted.
    func waitToEnd() -> Bool {
        state.wait { state in
            switch state.phase {
            case .closing: false
            case .deleting: true
            case .open, .failed, .ended: nil
            }
        } ?? false
    }

    /// The writer has closed the store, and lets go of it; false when it is to be deleted by now.
    func hasClosed(_ error: StoreError?, then letGo: () -> Void) -> Bool {
        state.withLock { state in
            if case .deleting = state.phase { return false }
            letGo()
            state.phase = .ended(error.map { .failure($0) } ?? .success(.closed))
            return true
        }
    }

    func hasDeleted(_ error: StoreError?) {
        state.withLock { $0.phase = .ended(error.map { .failure($0) } ?? .success(.deleted)) }
    }
}
