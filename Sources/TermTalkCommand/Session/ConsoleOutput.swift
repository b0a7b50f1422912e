internal import EventLoop
import Glibc
internal import Room
internal import TerminalUI

/// stdout and stderr of a running room. Nothing here blocks the loop: what a slow reader does not take waits, up to a limit.
final class ConsoleOutput {
    /// Bytes that wait for a slow reader of stdout; past it events are dropped, and their number is told.
    static let byteLimit = 16 * 1_048_576

    /// How long a slow reader is waited for at the end, in milliseconds.
    private static let patience: Int32 = 1_000

    private static let retryInterval = Duration.milliseconds(20)

    private let loop: EventLoop
    private let isJSON: Bool
    private let renderer: LineRenderer
    private let out = TerminalOutput(STDOUT_FILENO)
    private let errors = TerminalOutput(STDERR_FILENO)
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
        guard out.pendingCount < Self.byteLimit else {
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
            var line: [UInt8] = []
            JSONEventEncoder.append(event, at: WallTime.milliseconds, to: &line)
            return out.append(line)
        }
        if overwritesProgress, case .starting(let phase, let progress) = event {
            if let openPhase { errors.append((openPhase == phase ? "\r" : "\n").utf8) }
            openPhase = phase
            errors.append(renderer.progressLine(phase, progress).utf8)
            // What is left of a longer line.
            errors.append("\u{1B}[K".utf8)
            return
        }
        endProgress()
        let lines = renderer.lines(for: event)
        for line in lines.stdout { out.append("\(line)\n".utf8) }
        for line in lines.stderr { errors.append("\(line)\n".utf8) }
    }

    /// Writes lines of the program's own to stderr as they are.
    func write(_ lines: [String]) {
        endProgress()
        for line in lines { errors.append("\(line)\n".utf8) }
        flush()
    }

    /// Nothing of what still waits is written.
    func forget() {
        out.forget()
        errors.forget()
    }

    /// What follows begins on a line of its own.
    private func endProgress() {
        guard openPhase != nil else { return }
        openPhase = nil
        errors.append("\n".utf8)
    }

    private func flush() {
        guard retry == nil else { return }
        let isDone = errors.flush()
        if !out.flush() || !isDone {
            retry = loop.schedule(after: Self.retryInterval) { [weak self] in
                self?.retry = nil
                self?.flush()
            }
        }
    }

    /// Writes what is left, and waits a little for a slow reader; for the end of the program.
    func finish() {
        endProgress()
        errors.flush(waiting: Self.patience)
        out.flush(waiting: Self.patience)
    }
}
