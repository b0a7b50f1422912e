internal import Chat
import Glibc
internal import SecureSession
internal import Sodium
internal import TermTalk

/// Reads a password, from a file or from a person, into locked memory and nowhere else.
enum PasswordInput {
    /// What it is for: a room, or the keys of a kept one.
    enum Kind: String {
        case password, passphrase

        /// The option that names a file with it.
        var fileOption: String { "--\(rawValue)-file" }
    }

    /// How often a person is asked, as ssh does.
    static let attemptLimit = 3

    static let limit = RoomPassword.byteCountRange.upperBound
    /// How often a prompt looks whether the process was told to end.
    private static let signalInterval: Int32 = 200

    // MARK: A file

    /// The first line of the file, without its end; `-` is standard input, of which no byte more is taken.
    static func firstLine(of path: String, as kind: Kind = .password) throws(ChatEvent.Notice) -> Password {
        try checked(firstLine(of: path, option: kind.fileOption), kind)
    }

    /// The same for what a store asks for.
    static func redisPassword(in path: String, _ option: String) throws(ChatEvent.Notice) -> RedisPassword {
        guard let password = RedisPassword(try firstLine(of: path, option: option)) else {
            throw ChatEvent.Notice(
                .inputInvalid, "\(option) cannot be used: the password in it is empty or too long",
                hint: "1 to \(RedisPassword.byteLimit) bytes, on one line")
        }
        return password
    }

    /// The same of whatever the option is for; empty when it is longer than ``limit``.
    static func firstLine(of path: String, option: String) throws(ChatEvent.Notice) -> SecretBytes {
        var descriptor = STDIN_FILENO
        if path != "-" {
            descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
            guard descriptor >= 0 else {
                throw ChatEvent.Notice(
                    .inputInvalid, "\(option) cannot be used: the file cannot be opened",
                    hint: "check its name and its permissions")
            }
        }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var line = LockedLine(limit: limit)
        while true {
            var byte: UInt8 = 0
            let count = unsafe Glibc.read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw ChatEvent.Notice(
                    .inputInvalid, "\(option) cannot be used: the file cannot be read",
                    hint: "name a file, or - for standard input")
            }
            guard count > 0, byte != UInt8(ascii: "\n") else { break }
            line.append(byte)
        }
        line.removeByteOrderMark()
        return line.finish() ?? SecretBytes(count: 0)
    }

    static func checked(
        _ bytes: consuming SecretBytes?, _ kind: Kind
    ) throws(ChatEvent.Notice) -> Password {
        guard let bytes, let password = Password(bytes) else {
            throw ChatEvent.Notice(
                .inputInvalid, "the \(kind.rawValue) cannot be used: it is empty or too long",
                hint: "1 to \(limit) bytes, on one line")
        }
        return password
    }

    // MARK: A person

    /// Asks at the terminal, whatever standard input is, and shows nothing of the answer; twice when it is new.
    static func ask(
        _ question: String, as kind: Kind = .password, isNew: Bool = false
    ) throws(ChatEvent.Notice) -> Password {
        guard isNew else { return try askOnce(question, kind) }
        for attempt in 0..<attemptLimit {
            let first = try askOnce(attempt == 0 ? question : "The two were not the same. \(question)", kind)
            if first.equals(try askOnce("Once more: ", kind)) { return first }
        }
        throw ChatEvent.Notice(
            .inputInvalid, "the \(kind.rawValue) cannot be used: the two were not the same", hint: "try again")
    }

    private static func askOnce(_ question: String, _ kind: Kind) throws(ChatEvent.Notice) -> Password {
        let terminal = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard terminal >= 0 else { throw withoutTerminal(kind) }
        defer { close(terminal) }
        var saved = termios()
        guard unsafe tcgetattr(terminal, &saved) == 0 else { throw withoutTerminal(kind) }
        // Signals wait until the terminal is as it was.
        var ending = sigset_t()
        var mask = sigset_t()
        unsafe sigemptyset(&ending)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP] { unsafe sigaddset(&ending, number) }
        unsafe pthread_sigmask(SIG_BLOCK, &ending, &mask)
        var silent = saved
        silent.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
        unsafe tcsetattr(terminal, TCSAFLUSH, &silent)
        write(question, to: terminal)
        let answer = readAnswer(from: terminal, until: ending)
        write("\n", to: terminal)
        unsafe tcsetattr(terminal, TCSAFLUSH, &saved)
        unsafe pthread_sigmask(SIG_SETMASK, &mask, nil)
        switch consume answer {
        case .line(let line): return try checked(line, kind)
        case .interrupted: throw interrupted(kind)
        }
    }

    static func withoutTerminal(_ kind: Kind) -> ChatEvent.Notice {
        .init(
            .inputInvalid, "the \(kind.rawValue) cannot be asked for: there is no terminal",
            hint: "use \(kind.fileOption) FILE, or - for standard input")
    }

    static func interrupted(_ kind: Kind) -> ChatEvent.Notice {
        .init(.interrupted, "interrupted while asking for the \(kind.rawValue)")
    }

    /// What a key does to the answer.
    enum Step {
        case goOn, done, interrupted
    }

    static func pressed(_ byte: UInt8, _ line: inout LockedLine) -> Step {
        switch byte {
        case UInt8(ascii: "\n"), UInt8(ascii: "\r"): return .done
        case 0x03, 0x1c: return .interrupted
        case 0x04: return line.isEmpty ? .interrupted : .done
        case 0x08, 0x7f: line.removeCharacter()
        case 0x15: line.removeAll()
        // Keys that are no text; a password from a file may have a tab.
        case 0..<0x20 where byte != UInt8(ascii: "\t"): break
        default: line.append(byte)
        }
        return .goOn
    }

    private enum Answer: ~Copyable {
        case line(SecretBytes?)
        case interrupted
    }

    private static func readAnswer(from terminal: Int32, until ending: sigset_t) -> Answer {
        var line = LockedLine(limit: limit)
        while true {
            var pending = sigset_t()
            unsafe sigpending(&pending)
            for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP] where unsafe sigismember(&pending, number) == 1 {
                return .interrupted
            }
            var waiting = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&waiting, 1, signalInterval) > 0 else { continue }
            var byte: UInt8 = 0
            guard unsafe Glibc.read(terminal, &byte, 1) == 1 else { return .interrupted }
            switch pressed(byte, &line) {
            case .goOn: break
            case .done: return .line(line.finish())
            case .interrupted: return .interrupted
            }
        }
    }

    static func write(_ text: String, to terminal: Int32) {
        let bytes = Array(text.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(terminal, $0.baseAddress, $0.count) }
    }
}
