internal import Chat
internal import TerminalUI

/// Exit statuses as the numbers that ArgumentParser wants.
enum ExitStatusCode {
    static let usage = ExitStatus.usage.rawValue

    /// The status of a program whose stay in a room ended for `reason`, or could not begin because of `notice`.
    static func of(_ reason: ChatEvent.CloseReason, _ notice: ChatEvent.Notice?) -> ExitStatus {
        if let notice { return ExitStatus(notice.code) }
        return switch reason {
        case .ttl, .hostQuit, .moderatorEnded, .quit: .done
        case .kicked, .banned: .notPermitted
        case .lost: .unavailable
        }
    }
}
