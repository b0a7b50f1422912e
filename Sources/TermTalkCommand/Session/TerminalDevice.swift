internal import Chat
import Glibc
internal import TerminalUI

/// The terminal that the program's output goes to, apart from what a screen draws on it.
enum TerminalDevice {
    /// How long a terminal that stands still is waited for, in milliseconds.
    private static let patience: Int32 = 200

    static var type: String {
        guard let value = unsafe getenv("TERM") else { return "dumb" }
        return unsafe String(cString: value)
    }

    /// Terminals whose types many machines do not know yet, and that understand what xterm does.
    private static let relatives = [
        "alacritty", "contour", "foot", "ghostty", "kitty", "konsole", "rio", "wezterm", "xterm",
    ]

    /// The type before ``settleType()``.
    private static let typeAsGiven = type

    /// Takes the entry of xterm for a terminal of today whose own this machine does not have.
    static func settleType() {
        _ = typeAsGiven
        guard TerminalAbilities.colourCount(of: type) == nil, relatives.contains(where: type.contains),
            TerminalAbilities.colourCount(of: "xterm-256color") != nil
        else { return }
        unsafe setenv("TERM", "xterm-256color", 1)
    }

    /// Whether the type of the terminal has a title.
    static var hasTitle: Bool {
        relatives.contains(where: type.contains) || ["tmux", "screen", "rxvt"].contains { type.hasPrefix($0) }
    }

    /// How many colours the type of the terminal has.
    static var colourCount: Int { TerminalAbilities.colourCount(of: type) ?? 8 }

    /// Whether the type of the terminal may have a clipboard.
    static var hasClipboard: Bool { type != "dumb" && type != "linux" }

    /// Whether standard input is the null device, which brings nothing but its end.
    static var isInputNowhere: Bool {
        var (input, null) = (stat(), stat())
        guard unsafe fstat(STDIN_FILENO, &input) == 0, unsafe stat("/dev/null", &null) == 0 else { return false }
        return input.st_mode & S_IFMT == S_IFCHR && input.st_rdev == null.st_rdev
    }

    /// The notifications that the type of the terminal has: what most understand, where nothing is known.
    static var notificationForm: DesktopNotification.Form {
        if typeAsGiven.contains("kitty") { return .osc99 }
        return ["foot", "rxvt", "ghostty", "contour", "wezterm"].contains(where: typeAsGiven.contains) ? .osc777 : .osc9
    }

    static var isInTmux: Bool { unsafe getenv("TMUX") != nil }

    /// Writes to the terminal of stdout, or else of stderr; whether it has taken all.
    @discardableResult
    static func write(_ text: String) -> Bool {
        guard let descriptor = [STDOUT_FILENO, STDERR_FILENO].first(where: { isatty($0) == 1 }) else { return false }
        let output = TerminalOutput(descriptor)
        output.append(text.utf8)
        return output.flush(waiting: patience)
    }

    /// Clears the screen and, where the terminal honours it, what has scrolled out of it.
    static func wipe() {
        write("\u{1B}[H\u{1B}[2J\u{1B}[3J")
    }
}

extension ChatEvent {
    /// The invite that the event tells of, and how it is to be given to the person.
    var invite: (text: String, form: InviteForm)? {
        switch self {
        case .invite(let text, let form): (text, form)
        case .room(.inviteMade(let invite)): (invite.text, invite.form)
        default: nil
        }
    }
}
