internal import Chat
import Glibc
internal import TerminalUI

/// Lines for people that are not part of the conversation, before there is an event loop, and at the very end.
enum StandardError {
    static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var written = 0
            while written < bytes.count {
                let count = unsafe Glibc.write(
                    STDERR_FILENO, bytes.baseAddress?.advanced(by: written), bytes.count - written)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return }
                written += count
            }
        }
    }

    /// An error for people or, as an event on stdout, for machines.
    static func report(_ notice: ChatEvent.Notice, json: Bool) {
        guard json else { return report(notice) }
        var line: [UInt8] = []
        JSONEventEncoder.append(.error(notice), at: WallTime.milliseconds, to: &line)
        StandardOutput.write(String(decoding: line, as: UTF8.self))
    }

    /// An error in the form that all of them have: what failed and why, then what to do.
    static func report(_ notice: ChatEvent.Notice) {
        for line in LineRenderer().lines(for: .error(notice)).stderr {
            write(line + "\n")
        }
    }
}
