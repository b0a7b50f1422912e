internal import Chat
internal import EventLoop
import Glibc
internal import Room
internal import Sodium
internal import TermTalk
internal import TerminalUI

// The end that waits for nothing.

extension ChatSession {
    /// How long the end may take, whatever hangs.
    private static let panicDeadline = Duration.seconds(3)
    /// In seconds, for a loop that hangs itself.
    private static let panicAlarm: UInt32 = 5

    func isPanic(_ line: String) -> Bool {
        if case .panic? = parser.parse(line) { true } else { false }
    }

    /// Ends it all at once: nothing waits for delivery, nothing stays on the terminal.
    func panic() {
        guard !isPanicking else { return }
        isPanicking = true
        updateInput()
        signal(SIGALRM, SIG_DFL)
        alarm(Self.panicAlarm)
        _ = loop.schedule(after: Self.panicDeadline) {
            SecretMemory.wipe()
            _exit(ExitStatus.done.rawValue)
        }
        if !common.json {
            input.close()
            console.wipe()
            if isatty(STDOUT_FILENO) != 1 {
                warn(
                    .init(
                        .outputKept, "what was written to a file or a pipe stays there",
                        hint: "wipe it where it went"))
            }
        }
        for conversation in conversations { conversation.panic() }
    }
}

extension Conversation {
    fileprivate func panic() {
        guard !isOver else { return }
        // Between two tries there is nobody to say goodbye to.
        guard case .none = question, let participant else { return ended(.quit, nil) }
        participant.panic()
    }
}
