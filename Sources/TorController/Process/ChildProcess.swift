import EventLoop
import Glibc

/// A child process whose output is read and whose end is noticed.
final class ChildProcess {
    /// How long after SIGTERM a child may take before SIGKILL.
    static let terminationTimeout = Duration.seconds(5)
    /// How often a child that closed its output is asked for whether it has ended.
    private static let reapInterval = Duration.milliseconds(20)

    let processID: pid_t
    private let loop: EventLoop
    private let output: Int32
    private let onOutput: (Span<UInt8>) -> Void
    private var onExit: ((Int32) -> Void)?
    private var watch: ReadableHandle?
    private var timer: TimerHandle?
    private var killTimer: TimerHandle?
    private var isReaped = false

    /// Starts `program` (a path) with `arguments` and without our variables, in a process group of its own: a key that
    /// interrupts us does not end it. `onOutput` gets what it writes, `onExit` its wait status.
    init(
        program: String, arguments: [String], loop: EventLoop, onOutput: @escaping (Span<UInt8>) -> Void,
        onExit: @escaping (Int32) -> Void
    ) throws(TorError) {
        var pipe: [Int32] = [-1, -1]
        guard unsafe Glibc.pipe(&pipe) == 0 else { throw .unreachable(.childFailed(.spawn(errno: errno))) }
        defer { close(pipe[1]) }
        for descriptor in pipe { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        let (code, processID) = Spawn.start(program, [program] + arguments, output: pipe[1], errors: pipe[1])
        guard code == 0 else {
            close(pipe[0])
            throw .unreachable(code == ENOENT ? .noProgram(program) : .childFailed(.spawn(errno: code)))
        }
        self.loop = loop
        self.processID = processID
        self.onOutput = onOutput
        self.onExit = onExit
        output = pipe[0]
        _ = fcntl(output, F_SETFL, O_NONBLOCK)
        watch = loop.watchReadable(output) { [weak self] in self?.becameReadable() }
    }

    deinit {
        watch?.cancel()
        timer?.cancel()
        killTimer?.cancel()
        close(output)
        if !isReaped {
            kill(processID, SIGKILL)
            _ = waitpid(processID, nil, 0)
        }
    }

    /// Asks the child to end, and ends it when it does not, or at once in a hurry; `onExit` follows.
    func terminate(isHurried: Bool = false) {
        guard !isReaped, killTimer == nil || isHurried else { return }
        kill(processID, isHurried ? SIGKILL : SIGTERM)
        killTimer?.cancel()
        killTimer = loop.schedule(after: Self.terminationTimeout) { [weak self] in
            guard let self, !self.isReaped else { return }
            kill(self.processID, SIGKILL)
            self.reap()
        }
    }

    private func becameReadable() {
        // One read a turn: what is left is told again.
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe read(output, &buffer, buffer.count)
        if count > 0 {
            onOutput(buffer.span.extracting(first: count))
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            watch?.cancel()
            watch = nil
            reap()
        }
    }

    private func reap() {
        guard !isReaped else { return }
        var status: Int32 = 0
        guard unsafe waitpid(processID, &status, WNOHANG) != 0 else {
            timer?.cancel()
            timer = loop.schedule(after: Self.reapInterval) { [weak self] in self?.reap() }
            return
        }
        isReaped = true
        killTimer?.cancel()
        timer?.cancel()
        let onExit = self.onExit
        self.onExit = nil
        onExit?(status)
    }
}
