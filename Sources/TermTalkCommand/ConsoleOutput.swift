internal import EventLoop
import Glibc
internal import Room
internal import TerminalUI

/// stdout and stderr of a running room. Nothing here blocks the loop: what a slow reader does not take waits, up to a limit.
final class ConsoleOutput {
    /// Bytes that wait for a slow reader of stdout; past it events are dropped, and their number is told.
    static let byteLimit = 16 * 1_048_576

    /// A pipe that is writable takes this much without blocking (POSIX, PIPE_BUF).
    private static let atomicByteCount = 4_096

    private static let retryInterval = Duration.milliseconds(20)

    private let loop: EventLoop
    private let isJSON: Bool
    private let renderer: LineRenderer
    private var pending: [UInt8] = []
    private var pendingErrors: [UInt8] = []
    private var dropped = 0
    private var retry: TimerHandle?
    /// Whether stderr is a terminal that a line can be written over on.
    private let overwritesProgress: Bool
    /// The phase of starting whose line is still open; its progress is written over it.
    private var openPhase: ChatEvent.StartPhase?

    init(loop: EventLoop, isJSON: Bool, renderer: LineRenderer, overwritesProgress: Bool) {
        self.loop = loop
        self.overwritesProgress = overwritesProgress
        self.isJSON = isJSON
        self.renderer = renderer
    }

    func show(_ event: ChatEvent) {
        guard pending.count < Self.byteLimit else {
            dropped += 1
            return
        }
        if dropped > 0 {
            let notice = ChatEvent.Notice(
                .outputOverrun, "\(dropped) events were not shown: what reads the output is too slow")
            dropped = 0
            append(.warning(notice))
        }
        append(event)
        flush()
    }

    private func append(_ event: ChatEvent) {
        if isJSON {
            JSONEventEncoder.append(event, at: WallTime.milliseconds, to: &pending)
            return
        }
        if overwritesProgress, case .starting(let phase, let progress) = event {
            if let openPhase { pendingErrors.append(UInt8(ascii: openPhase == phase ? "\r" : "\n")) }
            openPhase = phase
            pendingErrors.append(contentsOf: renderer.progressLine(phase, progress).utf8)
            // What is left of a longer line.
            pendingErrors.append(contentsOf: "\u{1B}[K".utf8)
            return
        }
        endProgress()
        let lines = renderer.lines(for: event)
        for line in lines.stdout {
            pending.append(contentsOf: line.utf8)
            pending.append(UInt8(ascii: "\n"))
        }
        for line in lines.stderr {
            pendingErrors.append(contentsOf: line.utf8)
            pendingErrors.append(UInt8(ascii: "\n"))
        }
    }

    /// Writes lines of the program's own to stderr as they are.
    func write(_ lines: [String]) {
        endProgress()
        for line in lines { pendingErrors.append(contentsOf: "\(line)\n".utf8) }
        flush()
    }

    /// Nothing of what still waits is written.
    func forget() {
        pending = []
        pendingErrors = []
    }

    /// What follows begins on a line of its own.
    private func endProgress() {
        guard openPhase != nil else { return }
        openPhase = nil
        pendingErrors.append(UInt8(ascii: "\n"))
    }

    private func flush() {
        guard retry == nil else { return }
        write(&pendingErrors, to: STDERR_FILENO, waitingMilliseconds: 0)
        write(&pending, to: STDOUT_FILENO, waitingMilliseconds: 0)
        if !pending.isEmpty || !pendingErrors.isEmpty {
            retry = loop.schedule(after: Self.retryInterval) { [weak self] in
                self?.retry = nil
                self?.flush()
            }
        }
    }

    /// Writes what is left, and waits a little for a slow reader; for the end of the program.
    func finish() {
        endProgress()
        write(&pendingErrors, to: STDERR_FILENO, waitingMilliseconds: 1_000)
        write(&pending, to: STDOUT_FILENO, waitingMilliseconds: 1_000)
    }

    private func write(_ bytes: inout [UInt8], to descriptor: Int32, waitingMilliseconds: Int32) {
        var written = 0
        while written < bytes.count {
            var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard unsafe poll(&request, 1, waitingMilliseconds) > 0 else { break }
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(
                    descriptor, $0.baseAddress?.advanced(by: written), min($0.count - written, Self.atomicByteCount))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                // Nobody reads any more.
                written = bytes.count
                break
            }
            written += count
        }
        if written == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.count <= 65_536)
        } else {
            bytes.removeFirst(written)
        }
    }
}
