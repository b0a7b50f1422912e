internal import Chat
internal import EventLoop
import Glibc
internal import TermTalk
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
    private let errors = ErrorOutput.shared
    private var dropped = 0
    private var retry: TimerHandle?
    private var watches: [ReadableHandle] = []
    private var hasToldFault = false
    private let style: Style
    private var pace = ProgressPace()
    /// What the line is about that is still open on a terminal: the next one about it is written over it.
    private var openProgress: String?
    /// Whether the person is in the middle of a line: what comes waits until it is sent.
    private var isHeld = false

    struct Style {
        /// Whether stderr is a terminal that a line can be written over on.
        var overwritesProgress: Bool
        /// Whether messages have the time of day before them.
        var showsTimes: Bool
    }

    /// Called once, when nothing more can be written to stdout.
    var onFault: ((OutputFault) -> Void)?
    /// Called when what waited has been taken, or some of it.
    var onProgress: (() -> Void)?

    init(loop: EventLoop, isJSON: Bool, renderer: LineRenderer, style: Style) {
        self.loop = loop
        self.style = style
        self.isJSON = isJSON
        self.renderer = renderer
        watches.append(
            loop.watchReadable(errors.wakeup) { [weak self] in
                guard let self else { return }
                var bytes = [UInt8](repeating: 0, count: 4_096)
                _ = unsafe read(self.errors.wakeup, &bytes, bytes.count)
                self.flush()
            })
        watchReader()
    }

    /// How far what was told has got, in bytes of stdout.
    var progress: OutputProgress { .init(told: out.progress.told, taken: out.progress.taken) }

    var fault: OutputFault? { out.failure.map { OutputFault($0) } }

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
        if isJSON, out.failure == nil {
            var line: [UInt8] = []
            JSONEventEncoder.append(event, at: WallTime.milliseconds, to: &line)
            return out.append(line)
        }
        if let progress = ProgressPace.Topic(event) {
            if style.overwritesProgress { return overwrite(event, progress) }
            guard pace.allows(progress, at: loop.now) else { return }
        }
        endProgress()
        let lines = renderer.lines(for: event)
        let time = style.showsTimes && !lines.stdout.isEmpty ? "\(Self.time(of: event)) " : ""
        for (index, line) in lines.stdout.enumerated() { out.append("\(index == 0 ? time : "")\(line)\n".utf8) }
        for line in lines.stderr { errors.append("\(line)\n") }
    }

    /// The time of day, with the date where that is another one than today's.
    private static func time(of event: ChatEvent) -> String {
        let (moment, now) = (WallTime.moment(of: event), WallTime.moment)
        return moment.date == now.date ? moment.time : "\(moment.date) \(moment.time)"
    }

    private func overwrite(_ event: ChatEvent, _ progress: ProgressPace.Topic) {
        if let openProgress { errors.append(openProgress == progress.name ? "\r" : "\n") }
        openProgress = progress.name
        let text =
            if case .starting(let phase, let percent) = event { renderer.progressLine(phase, percent) } else {
                renderer.lines(for: event).stderr.joined(separator: " ")
            }
        // What is left of a longer line is erased.
        errors.append("\(text)\u{1B}[K")
    }

    /// Writes lines of the program's own to stderr as they are.
    func write(_ lines: [String]) {
        endProgress()
        for line in lines { errors.append("\(line)\n") }
        flush()
    }

    /// Writes a question to stderr, whose answer follows on the same line.
    func prompt(_ text: String) {
        endProgress()
        errors.append(text)
        flush()
    }

    /// Nothing of what still waits is written.
    func forget() {
        out.forget()
        errors.forget()
    }

    /// What follows begins on a line of its own.
    private func endProgress() {
        guard openProgress != nil else { return }
        openProgress = nil
        errors.append("\n")
    }

    /// The person has begun a line, or ended it.
    func hold(_ isHeld: Bool) {
        guard isHeld != self.isHeld else { return }
        self.isHeld = isHeld
        flush()
        if !isHeld { onProgress?() }
    }

    /// Writes what the person types, which is not held back.
    func echo(_ text: String) {
        let output = TerminalOutput(STDERR_FILENO)
        output.append(text.utf8)
        output.flush()
    }

    private func flush() {
        guard retry == nil, !isHeld else { return }
        let isDone = errors.flush()
        if !out.flush() || !isDone {
            retry = loop.schedule(after: Self.retryInterval) { [weak self] in
                guard let self else { return }
                self.retry = nil
                let before = self.out.progress.taken
                self.flush()
                if self.out.progress.taken > before { self.onProgress?() }
            }
        }
        tellFault()
    }

    private func tellFault() {
        guard let fault, !hasToldFault else { return }
        hasToldFault = true
        loop.atEndOfTurn { [weak self] in self?.onFault?(fault) }
    }

    /// A pipe says that nobody reads it any more also while there is nothing to write.
    private func watchReader() {
        var status = stat()
        guard unsafe fstat(STDOUT_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return }
        watches.append(
            loop.watchReadable(STDOUT_FILENO) { [weak self] in
                guard let self else { return }
                for watch in self.watches.dropFirst() { watch.cancel() }
                var request = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
                guard unsafe poll(&request, 1, 0) == 1, request.revents & Int16(POLLERR) != 0 else { return }
                self.out.fail(EPIPE)
                self.tellFault()
            })
    }

    /// Writes what is left, and waits a little for a slow reader; for the end of the program.
    func finish() {
        if isHeld { echo("\n") }
        isHeld = false
        endProgress()
        errors.flush(waiting: Self.patience)
        out.flush(waiting: Self.patience)
    }

    /// Whether all that was told has been written.
    var isComplete: Bool { out.pendingCount == 0 && out.failure == nil && dropped == 0 }
}
