internal import CLibevent
import Glibc
internal import Locking

/// The threads behind ``EventLoop/offload(_:then:)``: started when there is work, gone when there is none; in the background, a
/// second later.
package final class Offloader {
    /// How many pieces of work run at once: enough that a slow name look-up does not hold up a password hash, and no
    /// more, since both take a core or much memory.
    package static let maximumThreadCount = 2
    /// How long a thread in the background waits for more: a new one for each piece of work costs more than some of it.
    fileprivate static let backgroundIdleTime = Duration.seconds(1)
    /// A thread in the background gets a quarter of a processor beside a loop, of whatever program, that wants all of it.
    fileprivate static let backgroundNiceness: Int32 = 5

    private let shared: Shared
    private unowned let loop: EventLoop
    private var bodies: [UInt64: () -> Void] = [:]
    private var lastNumber: UInt64 = 0
    private var event: LibeventEvent?

    /// Nil when there are no descriptors left.
    init?(loop: EventLoop, isInBackground: Bool = false) {
        self.loop = loop
        shared = Shared(isInBackground: isInBackground)
        guard shared.wakeup >= 0 else { return nil }
        event = unsafe LibeventEvent(loop, descriptor: shared.wakeup, EV_READ | EV_PERSIST, owner: self) {
            _, _, context in
            unsafe owner(of: context, as: Offloader.self)?.deliver()
        }
        event?.add()
    }

    func run<T: Sendable>(
        within limit: Duration?, _ work: @escaping @Sendable () -> T, then: @escaping (T?) -> Void
    ) {
        let result = ResultBox<T>()
        lastNumber += 1
        let number = lastNumber
        let timer = limit.map { limit in
            loop.schedule(after: limit) { [weak self] in
                guard let self, let body = self.bodies.removeValue(forKey: number) else { return }
                self.shared.giveUp(number: number)
                body()
            }
        }
        bodies[number] = {
            timer?.cancel()
            then(result.take())
        }
        shared.submit(number: number) { result.set(work()) }
    }

    /// Forgets everything that has not been delivered.
    func stop() {
        shared.stop()
        event = nil
        bodies = [:]
    }

    private func deliver() {
        for number in shared.takeFinished() {
            if loop.hasStopped { return }
            bodies.removeValue(forKey: number)?()
        }
    }
}

/// A value on its way from one thread to another.
private final class ResultBox<T: Sendable>: Sendable {
    private let value = Locked<T?>(nil)

    func set(_ result: T) {
        value.withLock { $0 = result }
    }

    func take() -> T? {
        value.withLock { $0.take() }
    }
}

/// What the loop's thread and the others both touch. The threads keep it alive, also past the end of the loop.
private final class Shared: Sendable {
    struct Job {
        let number: UInt64
        let work: @Sendable () -> Void
    }

    struct State {
        var waiting: [Job] = []
        /// Work under way; what nobody waits for any more is not among it, and its thread does not count.
        var running: Set<UInt64> = []
        var finished: [UInt64] = []
        var threadCount = 0
        var isStopped = false
    }

    /// The event descriptor that wakes the loop.
    let wakeup = loop_wakeup_new()
    private let state = Monitor(State())
    private let isInBackground: Bool

    init(isInBackground: Bool) {
        self.isInBackground = isInBackground
    }

    deinit {
        if wakeup >= 0 { SystemCall.close(wakeup) }
    }

    func submit(number: UInt64, work: @escaping @Sendable () -> Void) {
        let needsThread = state.withLock { state in
            state.waiting.append(Job(number: number, work: work))
            guard state.waiting.count > state.threadCount - state.running.count,
                state.threadCount < Offloader.maximumThreadCount
            else { return false }
            state.threadCount += 1
            return true
        }
        if needsThread { startThread() }
    }

    /// Nobody waits for the work any more, and if it is under way, another thread takes the place of its own.
    func giveUp(number: UInt64) {
        let needsThread = state.withLock { state in
            if let index = state.waiting.firstIndex(where: { $0.number == number }) {
                state.waiting.remove(at: index)
                return false
            }
            guard state.running.remove(number) != nil else { return false }
            guard !state.waiting.isEmpty else {
                state.threadCount -= 1
                return false
            }
            return true
        }
        if needsThread { startThread() }
    }

    func takeFinished() -> [UInt64] {
        var count: UInt64 = 0
        _ = unsafe Glibc.read(wakeup, &count, MemoryLayout<UInt64>.size)
        return state.withLock { state in
            var finished: [UInt64] = []
            swap(&finished, &state.finished)
            return finished
        }
    }

    func stop() {
        state.withLock { state in
            state.isStopped = true
            state.waiting = []
            state.finished = []
        }
    }

    private func startThread() {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self)
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                let shared = unsafe Unmanaged<Shared>.fromOpaque(context).takeRetainedValue()
                // Signals are the loop's.
                var all = sigset_t()
                unsafe sigfillset(&all)
                unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
                // On Linux, of the thread alone.
                if shared.isInBackground { setpriority(Int32(PRIO_PROCESS.rawValue), 0, Offloader.backgroundNiceness) }
                shared.work(idleTime: shared.isInBackground ? Offloader.backgroundIdleTime : .zero)
                return nil
            }, unsafe context.toOpaque())
        if code == 0 {
            pthread_detach(thread)
        } else {
            // No thread to be had: late is better than never, and the loop must not hang.
            unsafe context.release()
            work(idleTime: .zero)
        }
    }

    private func work(idleTime: Duration) {
        while let job = nextJob(idleTime: idleTime) {
            job.work()
            let isGivenUp = state.withLock { state in
                guard state.running.remove(job.number) != nil else { return true }
                if !state.isStopped { state.finished.append(job.number) }
                return false
            }
            if isGivenUp { return }
            var one: UInt64 = 1
            _ = unsafe Glibc.write(wakeup, &one, MemoryLayout<UInt64>.size)
        }
    }

    private func nextJob(idleTime: Duration) -> Job? {
        if idleTime > .zero {
            _ = state.wait(atMost: idleTime) { $0.isStopped || !$0.waiting.isEmpty ? () : nil }
        }
        return state.withLock { state in
            if state.waiting.isEmpty {
                state.threadCount -= 1
                return nil
            }
            let job = state.waiting.removeFirst()
            state.running.insert(job.number)
            return job
        }
    }
}
