internal import Chat
internal import EventLoop
import Glibc
internal import Sodium
internal import TermTalk

/// A question on the terminal whose answer is not shown, asked while the loop runs.
final class SecretQuestion {
    private let terminal: Int32
    private let kind: PasswordInput.Kind
    private var saved = termios()
    private var line = LockedLine(limit: PasswordInput.limit)
    private var watch: ReadableHandle?
    private var answered: ((Result<Password, ChatEvent.Notice>) -> Void)?

    /// Asks; `answered` is called once, unless ``cancel()`` is before.
    init(
        _ question: String, as kind: PasswordInput.Kind = .password, loop: EventLoop,
        answered: @escaping (Result<Password, ChatEvent.Notice>) -> Void
    ) throws(ChatEvent.Notice) {
        self.kind = kind
        terminal = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC | O_NONBLOCK)
        guard terminal >= 0, unsafe tcgetattr(terminal, &saved) == 0 else {
            throw PasswordInput.withoutTerminal(kind)
        }
        self.answered = answered
        var silent = saved
        silent.c_lflag &= ~tcflag_t(ECHO | ICANON)
        unsafe tcsetattr(terminal, TCSAFLUSH, &silent)
        PasswordInput.write(question, to: terminal)
        watch = loop.watchReadable(terminal) { [weak self] in self?.readKeys() }
    }

    deinit {
        if terminal >= 0 { close(terminal) }
    }

    /// Gives the terminal back without an answer.
    func cancel() {
        guard answered != nil else { return }
        answered = nil
        watch?.cancel()
        PasswordInput.write("\n", to: terminal)
        unsafe tcsetattr(terminal, TCSAFLUSH, &saved)
    }

    private func readKeys() {
        var byte: UInt8 = 0
        let count = unsafe Glibc.read(terminal, &byte, 1)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        let step = count == 1 ? PasswordInput.pressed(byte, &line) : .interrupted
        guard step != .goOn, let answered else { return }
        cancel()
        guard step == .done else { return answered(.failure(PasswordInput.interrupted(kind))) }
        var taken = LockedLine(limit: PasswordInput.limit)
        swap(&taken, &line)
        do throws(ChatEvent.Notice) {
            answered(.success(try PasswordInput.checked(taken.finish(), kind)))
        } catch {
            answered(.failure(error))
        }
    }
}
