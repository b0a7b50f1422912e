import ArgumentParser
internal import Room

/// A command line that cannot be used, told in the form of all errors.
struct UsageError {
    private let reason: String
    private let arguments = CommandLine.arguments.dropFirst()

    /// Nil when `error` is another one, or no error: help and version come this way, too.
    init?(_ error: any Error) {
        // What this program throws itself has been reported already, and has no message.
        let message = TermTalkCommand.message(for: error)
        guard TermTalkCommand.exitCode(for: error) == .validationFailure, !message.isEmpty else { return nil }
        let line = message.prefix { !$0.isNewline }
        reason = String(line.hasSuffix(".") ? line.dropLast() : line)
    }

    /// Writes it for people or, where the command line asks for that, for machines.
    func report() {
        let command = TermTalkCommand.configuration.subcommands
            .compactMap { $0.configuration.commandName }.first { arguments.first == $0 }
        let notice = ChatEvent.Notice(
            .usage, "the command line cannot be used: \(reason)",
            hint: "see termtalk help" + (command.map { " \($0)" } ?? ""))
        StandardError.report(notice, json: arguments.contains("--json"))
    }
}
