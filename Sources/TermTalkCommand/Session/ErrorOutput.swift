import Glibc
internal import Locking
internal import TerminalUI

/// All that goes to stderr while a room runs: what the program says, and the log. Nothing here waits for a reader: what a
/// slow one does not take waits, up to a limit; past it whole lines are dropped, and their number is told.
final class ErrorOutput: Sendable {
    /// Bytes that wait for a slow reader of stderr: some thousand lines.
    static let byteLimit = 262_144

    static let shared = ErrorOutput()

    private struct State {
        var output = TerminalOutput(STDERR_FILENO)
        var isTerminal = isatty(STDERR_FILENO) == 1
        var dropped = 0

        /// The screen puts a pipe of its own in the place of a terminal, and takes it away again.
        mutating func followDescriptor() {
            guard (isatty(STDERR_FILENO) == 1) != isTerminal else { return }
            output.flush()
            output = TerminalOutput(STDERR_FILENO)
            isTerminal.toggle()
        }

        mutating func append(_ text: String) {
            followDescriptor()
            guard output.pendingCount + text.utf8.count <= ErrorOutput.byteLimit else {
                dropped += 1
                return
            }
            if dropped > 0 {
                output.append("termtalk: \(dropped) lines are missing here: nobody read them in time\n".utf8)
                dropped = 0
            }
            output.append(text.utf8)
        }
    }

    private let state = Locked(State())
    /// Can be read when something waits that ``log(_:)`` was given.
    let wakeup: Int32
    private let waker: Int32

    private init() {
        var ends: [Int32] = [-1, -1]
        precondition(unsafe pipe(&ends) == 0, "no descriptors at the beginning of the program")
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        (wakeup, waker) = (ends[0], ends[1])
    }

    /// Takes text, a whole line or the redrawing of one; ``flush(waiting:)`` writes it.
    func append(_ text: String) {
        state.withLock { $0.append(text) }
    }

    /// Takes a line of the log, and writes what can be written now.
    func log(_ line: String) {
        let isDone = state.withLock { state in
            state.append(line + "\n")
            return state.output.flush()
        }
        guard !isDone else { return }
        var byte: UInt8 = 0
        _ = unsafe write(waker, &byte, 1)
    }

    /// Writes what can be written now, or while the reader takes something every so many milliseconds; whether nothing
    /// waits any more.
    @discardableResult
    func flush(waiting milliseconds: Int32 = 0) -> Bool {
        state.withLock { $0.output.flush(waiting: milliseconds) }
    }

    func forget() {
        state.withLock { $0.output.forget() }
    }
}
