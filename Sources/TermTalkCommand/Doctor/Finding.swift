internal import Chat
internal import TerminalUI

/// What the doctor found out about one thing.
struct Finding: Equatable, Sendable {
    enum Status: String, Sendable {
        case ok, warn, fail
    }

    /// Stable, for scripts: `tor-control`.
    var check: String
    var status: Status
    var message: String
    /// How to mend it.
    var hint: String?
    /// The code of the error that a room would have ended with.
    var code: NoticeCode?

    static func ok(_ check: String, _ message: String) -> Finding {
        Finding(check: check, status: .ok, message: message)
    }

    static func warn(_ check: String, _ message: String, hint: String? = nil) -> Finding {
        Finding(check: check, status: .warn, message: message, hint: hint)
    }

    static func fail(_ check: String, _ notice: ChatEvent.Notice) -> Finding {
        Finding(check: check, status: .fail, message: notice.message, hint: notice.hint, code: notice.code)
    }

    /// For people: a line, and one more with the hint.
    var lines: [String] {
        let label = status.rawValue + String(repeating: " ", count: 6 - status.rawValue.count)
        let name = check + String(repeating: " ", count: max(1, 15 - check.count))
        var lines = [label + name + Sanitizer.sanitize(message, as: .line)]
        if let hint { lines.append("      hint: \(Sanitizer.sanitize(hint, as: .line))") }
        return lines
    }

    /// For scripts.
    func json(time: String) -> String {
        JSONRecord.line([
            ("event", "check"), ("time", time), ("check", check), ("status", status.rawValue), ("code", code?.rawValue),
            ("message", Sanitizer.sanitize(message, as: .line)),
            ("hint", hint.map { Sanitizer.sanitize($0, as: .line) }),
        ])
    }
}
