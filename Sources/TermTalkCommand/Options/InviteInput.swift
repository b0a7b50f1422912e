internal import Chat
import Glibc
internal import TermTalk

/// Where an invite comes from when it is not an argument, which others see in the list of processes.
enum InviteInput {
    static let variable = "TERMTALK_INVITE"

    /// The invite that the environment holds, as a text; no child of this process gets it.
    static var fromEnvironment: String? {
        guard let value = unsafe getenv(variable) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// The text of a file up to the end of the first invite in it; `-` is standard input, of which not a line more is taken.
    static func text(of path: String) throws(ChatEvent.Notice) -> String {
        var descriptor = STDIN_FILENO
        if path != "-" {
            descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
            guard descriptor >= 0 else { throw unreadable("the file cannot be opened") }
        }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        if isatty(descriptor) == 1 { StandardError.write("Invite: ") }
        var bytes: [UInt8] = []
        while bytes.count < InviteFinder.textLimit {
            var byte: UInt8 = 0
            let count = unsafe Glibc.read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable("it cannot be read") }
            guard count > 0 else { break }
            bytes.append(byte)
            guard byte == UInt8(ascii: "\n") else { continue }
            let text = String(decoding: bytes, as: UTF8.self)
            if InviteFinder.isMeant(text), !InviteFinder.isCut(text) { return text }
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard InviteFinder.isMeant(text) else {
            throw ChatEvent.Notice(
                .inviteInvalid, "\(path == "-" ? "standard input" : "the file") has no invite in it",
                hint: "an invite begins with \(Invite.scheme)")
        }
        return text
    }

    /// Lets the person type, when standard input brought the invite and is at its end.
    static func returnToTerminal() {
        guard isatty(STDIN_FILENO) == 0, isatty(STDOUT_FILENO) == 1 else { return }
        let terminal = unsafe open("/dev/tty", O_RDONLY | O_CLOEXEC)
        guard terminal >= 0 else { return }
        dup2(terminal, STDIN_FILENO)
        close(terminal)
    }

    private static func unreadable(_ reason: String) -> ChatEvent.Notice {
        .init(
            .inputInvalid, "--invite-file cannot be used: \(reason)", hint: "name a file, or - for standard input")
    }
}
