internal import Chat
import Glibc
internal import Room
internal import TerminalUI

/// Lines of the commands that answer and end, on stdout: whole, or the program ends with an error.
enum StandardOutput {
    /// Gives descriptors that were closed when the program began something harmless: else the next file or connection would
    /// get their numbers, and what people say would be written there.
    static func reserveDescriptors() {
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
        where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest free number is this one.
            _ = unsafe open("/dev/null", mode)
        }
    }

    static func print(_ line: String) {
        write(line + "\n")
    }

    /// Writes text that ends with its line.
    static func write(_ text: String) {
        let output = TerminalOutput(STDOUT_FILENO)
        output.append(text.utf8)
        output.flush(waiting: TerminalOutput.forever)
        guard let failure = output.failure else { return }
        let fault = OutputFault(failure)
        // As other programs do whose reader has read enough.
        guard fault != .readerGone else { exit(ExitStatus.done.rawValue) }
        StandardError.report(fault.notice)
        exit(ExitStatus(fault.notice.code).rawValue)
    }
}
